"""Where the weights start: initialisers, all called alike, `initialiser(rng, n_in, n_out, dtype)` -> (n_in, n_out).

Cells take one for their recurrent matrix, `RNN(D, H, rng, "relu", recurrent=identity)`; the input's matrix is Glorot's.
"""

import numpy as np

from .checks import check_generator, check_size


def glorot(rng, n_in, n_out, dtype=np.float64):
    """Weights (n_in, n_out), uniform in +-sqrt(6 / (n_in + n_out)): signals keep their size on the way through.

    Source: Glorot and Bengio 2010, equation 16.
    """
    n_in, n_out = check_request(rng, n_in, n_out, dtype)
    limit = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_in, n_out)).astype(dtype)


def orthogonal(rng, n_in, n_out, dtype=np.float64):
    """Q (n_in, n_out), drawn evenly from the matrices with Q^T Q = I (n_in >= n_out) or Q Q^T = I: no length is lost.

    Source: Saxe, McClelland and Ganguli 2014; the even draw: Mezzadri 2007, section 5.
    """
    n_in, n_out = check_request(rng, n_in, n_out, dtype)
    Q, R = np.linalg.qr(rng.normal(size=(max(n_in, n_out), min(n_in, n_out))))
    Q *= np.sign(np.diag(R))  # else the sign convention of the factorisation would favour some rotations
    return (Q if n_in >= n_out else Q.T).astype(dtype)


def identity(rng, n_in, n_out, dtype=np.float64):
    """I (n, n): with relu and no input the state stays as it is (IRNN). Draws nothing from rng.

    Source: Le, Jaitly and Hinton 2015.
    """
    n, _ = check_square(rng, n_in, n_out, dtype)
    return np.eye(n, dtype=dtype)


def spectral_radius(radius):
    """An initialiser: normal entries, scaled so that the largest |eigenvalue| of the (n, n) matrix is `radius`.

    Source: Jaeger 2001, section 3, for echo state networks.
    """
    if isinstance(radius, bool) or not isinstance(radius, (int, float)) or not 0 < radius < np.inf:
        raise ValueError(f"radius: expected a finite number above 0, got {radius!r}")

    def initialiser(rng, n_in, n_out, dtype=np.float64):
        n, _ = check_square(rng, n_in, n_out, dtype)
        W = rng.normal(size=(n, n))
        return (W * (radius / np.abs(np.linalg.eigvals(W)).max())).astype(dtype)

    return initialiser


def stacked(initialiser, rng, gates, n_in, n_out, dtype):
    """Weights (gates, n_in, n_out): one draw for each gate."""
    return np.stack([initialiser(rng, n_in, n_out, dtype) for _ in range(gates)])


def check_request(rng, n_in, n_out, dtype):
    """Return the two sizes, checked, or raise for what is no Generator, no size or no type of floats."""
    check_generator("rng", rng)
    if np.dtype(dtype).kind != "f":
        raise ValueError(f"dtype: expected a type of floats, got {np.dtype(dtype)}")
    return check_size("n_in", n_in), check_size("n_out", n_out)


def check_square(rng, n_in, n_out, dtype):
    """As check_request, for matrices that must be square."""
    n_in, n_out = check_request(rng, n_in, n_out, dtype)
    if n_in != n_out:
        raise ValueError(f"n_out: expected n_in = {n_in} (the matrix must be square), got {n_out}")
    return n_in, n_out
