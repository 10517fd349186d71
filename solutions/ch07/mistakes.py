"""Wrong answers to assignment 7 with the points they deserve, and right ones written otherwise."""

from scripts.mistake import STUB, makers

HEADS = {
    "ch07-ex1-jacobians": "def far_jacobians(hs, W_hh):",
    "ch07-ex2-bounds": "def stretch_bounds(slopes, gamma, W_hh):",
    "ch07-ex3-starts": "def starts(A, gain):",
    "ch07-ex4-clip": "def clip_by_norm(grads, limit):",
}
NAN = "NaN or inf among the numbers"


(ex1, ex2, ex3, ex4), (v1, v2, v3, v4) = makers(HEADS)

# ---- exercise 1, the Jacobians: step 1, grad 1, hidden 1 ----


def far(factor="(1 - hs[t] ** 2)[:, None] * W_hh.T", product="Js[t + 1] @ J", result="Js"):
    """The body of the way back, with one part of it changed."""
    return f"""
T, H = hs.shape
Js = np.zeros((T + 1, H, H))
Js[T] = np.eye(H)
for t in reversed(range(T)):
    J = {factor}
    Js[t] = {product}
return {result}
"""


JACOBIANS = [
    ex1("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex1(
        "constant",
        0,
        "The identity is right at t = T alone.",
        "every Jacobian is the identity",
        "return np.stack([np.eye(len(W_hh))] * (len(hs) + 1))",
    ),
    ex1("nan", 0, "NaN agrees with nothing.", NAN, far(factor="np.nan * W_hh")),
    ex1(
        "closed form",
        1,
        "One step is right; matrices are sorted as if they were numbers.",
        "slopes and weights were sorted",
        """
        T, H = hs.shape
        slopes, Js = 1 - hs**2, []
        for t in range(T + 1):
            Js.append(np.diag(slopes[t:].prod(axis=0)) @ np.linalg.matrix_power(W_hh.T, T - t))
        return np.stack(Js)
        """,
    ),
    ex1(
        "new factor on the left",
        1,
        "One step is right; the product runs in the opposite order.",
        "the product is in the opposite order",
        far(product="J @ Js[t + 1]"),
    ),
    ex1(
        "entry by entry",
        0,
        "Already at one step the entries off the diagonal are lost.",
        "multiplied entry by entry, not as matrices",
        far(product="Js[t + 1] * J"),
    ),
    ex1(
        "W_hh not transposed",
        0,
        "Every factor is wrong, already at one step.",
        "W_hh is not transposed",
        far(factor="np.diag(1 - hs[t] ** 2) @ W_hh"),
    ),
    ex1(
        "slopes on the columns",
        0,
        "Every factor is wrong, already at one step.",
        "the slopes scale the columns, those of h_t",
        far(factor="W_hh.T * (1 - hs[t] ** 2)"),
    ),
    ex1(
        "rows and columns swapped",
        0,
        "Another convention than the one asked for, in every entry.",
        "rows and columns are swapped",
        far(result="Js.transpose(0, 2, 1)"),
    ),
    ex1(
        "slope one step early",
        1,
        "One step is right, where there is no other slope; with more, each factor has that of the wrong state.",
        "the slope belongs to the step before",
        far(factor="(1 - hs[t - 1] ** 2)[:, None] * W_hh.T"),
    ),
    ex1(
        "slope of the last state",
        1,
        "One step is right; the slopes do not change with the step.",
        "every step got the slope of the last state",
        far(factor="(1 - hs[-1] ** 2)[:, None] * W_hh.T"),
    ),
    ex1(
        "tanh passed by",
        0,
        "The weights alone: every factor is wrong.",
        "the slopes of tanh are left out",
        far(factor="W_hh.T"),
    ),
    ex1(
        "1 - h",
        0,
        "The slope is wrong in every factor.",
        "the slope of tanh is not 1 - h",
        far(factor="(1 - hs[t])[:, None] * W_hh.T"),
    ),
    ex1(
        "tanh of h",
        0,
        "The slope is wrong in every factor.",
        "h was taken for the pre-activation",
        far(factor="(1 - np.tanh(hs[t]) ** 2)[:, None] * W_hh.T"),
    ),
    ex1(
        "not multiplied out",
        1,
        "Each factor is right, and so is one step; there is no product.",
        "these are the factors one by one",
        far(product="J"),
    ),
    ex1(
        "without the identity",
        0,
        "T Jacobians: every index is off by one, or the one at t = T is lost.",
        "Js: expected float64 (2, 2, 2), got float64 (1, 2, 2)",
        far(result="Js[:-1]"),
    ),
    ex1(
        "lag first",
        0,
        "Each Jacobian stands in another's place.",
        "the order is that of the walk, t = T first",
        far(result="Js[::-1]"),
    ),
    ex1(
        "from the first state",
        0,
        "The way from the first state to every other is another question.",
        "this is dh_t/dh_0",
        """
        Js = [np.eye(len(W_hh))]
        for h in hs:
            Js.append(np.diag(1 - h * h) @ W_hh.T @ Js[-1])
        return np.stack(Js)
        """,
    ),
    ex1("list", 0, "What comes back is no array.", "got list", far(result="list(Js)")),
    ex1("float32", 0, "Half of the digits are lost.", "got float32", far(result="Js.astype(np.float32)")),
    ex1(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import jacobians\nreturn jacobians(hs, W_hh)",
    ),
]

JACOBIANS_VARIANTS = [
    v1(
        "recursion over lists",
        """
        Js = [np.eye(hs.shape[1])]
        for h in hs[::-1]:
            Js.insert(0, Js[0] * (1 - h * h) @ W_hh.T)
        return np.array(Js)
        """,
    ),
    v1(
        "einsum, row by row",
        """
        H, found = hs.shape[1], []
        for t in range(len(hs) + 1):
            product = np.eye(H)
            for h in hs[t:]:
                product = np.einsum("i,ji,jk->ik", (1 - h) * (1 + h), W_hh, product)
            found.append(product)
        return np.stack(found)
        """,
    ),
    v1(
        "forward, all at once",
        """
        T, H = hs.shape
        Js = np.tile(np.eye(H), (T + 1, 1, 1))
        for t in range(T):
            Js[: t + 1] = np.diag(1 - hs[t] ** 2) @ W_hh.T @ Js[: t + 1]
        return Js
        """,
    ),
    v1(
        "overwrites hs",
        """
        T, H = hs.shape
        np.square(hs, out=hs)
        Js = [np.identity(H)]
        for slope in reversed(1 - hs):
            Js.append(np.dot(Js[-1], (W_hh * slope).T))
        return np.stack(Js[::-1])
        """,
    ),
]

# ---- exercise 2, the bounds: coarse 1, sharp 1, hidden 1 ----


def bounds(
    sigma="np.linalg.norm(W_hh, 2)",
    gammas="np.abs(slopes).max(axis=1)",
    coarse="(gamma * sigma) ** np.arange(T, -1, -1.0)",
    sharp="np.append(np.cumprod((gammas * sigma)[::-1])[::-1], 1.0)",
    result="coarse, sharp",
):
    """The body of both bounds, with one part of it changed."""
    return f"""
T, sigma = len(slopes), {sigma}
gammas = {gammas}
coarse = {coarse}
sharp = {sharp}
return {result}
"""


BOUNDS = [
    ex2("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex2(
        "constant",
        0,
        "1 is right at t = T alone.",
        "both bounds are 1 everywhere",
        "return np.ones(len(slopes) + 1), np.ones(len(slopes) + 1)",
    ),
    ex2("nan", 0, "NaN agrees with nothing.", NAN, bounds(sigma="np.nan")),
    ex2(
        "spectral radius",
        0,
        "No bound: a product can stretch more than its spectral radius says, and both parts use it.",
        "the spectral radius stands where the largest singular value belongs",
        bounds(sigma="np.abs(np.linalg.eigvals(W_hh)).max()"),
    ),
    ex2(
        "Frobenius norm",
        0,
        "A bound, but not (7.3), and it is in both parts.",
        "the root of the sum of all squares stands where the largest singular value belongs",
        bounds(sigma="np.linalg.norm(W_hh)"),
    ),
    ex2(
        "largest entry",
        0,
        "A matrix can stretch by more than its largest entry; it is in both parts.",
        "the largest entry stands where the largest singular value belongs",
        bounds(sigma="np.abs(W_hh).max()"),
    ),
    ex2(
        "smallest singular value",
        0,
        "The least stretch is no bound; it is in both parts.",
        "this is the smallest singular value",
        bounds(sigma="np.linalg.svd(W_hh)[1][-1]"),
    ),
    ex2(
        "largest row sum",
        0,
        "Another matrix norm, and it is in both parts.",
        "the largest row sum stands where the largest singular value belongs",
        bounds(sigma="np.linalg.norm(W_hh, np.inf)"),
    ),
    ex2(
        "sigma squared",
        0,
        "The root is missing in both parts.",
        "the square of the largest singular value",
        bounds(sigma="np.linalg.eigvalsh(W_hh @ W_hh.T).max()"),
    ),
    ex2(
        "lag first",
        0,
        "Both run in the wrong direction.",
        "lag 0 stands first",
        bounds(result="coarse[::-1], sharp[::-1]"),
    ),
    ex2(
        "one factor too many",
        0,
        "At t = T there is already a factor, in both parts.",
        "one factor too many",
        bounds(coarse="(gamma * sigma) ** np.arange(T + 1, 0, -1.0)", sharp="coarse"),
    ),
    ex2(
        "tanh assumed",
        1,
        "The sharper one is right; gamma is passed by.",
        "gamma plays no part",
        bounds(coarse="sigma ** np.arange(T, -1, -1.0)"),
    ),
    ex2(
        "sigma once",
        1,
        "The sharper one is right; in the coarse one sigma stands outside the power.",
        "sigma_max is a factor of every step, not once",
        bounds(coarse="gamma ** np.arange(T, -1, -1.0) * sigma"),
    ),
    ex2(
        "mean slope",
        1,
        "(7.3) is right; with the mean of the slopes the other is no bound.",
        "a step's mean slope, not its largest",
        bounds(gammas="np.abs(slopes).mean(axis=1)"),
    ),
    ex2(
        "sign kept",
        1,
        "(7.3) is right; a steep falling slope is missed.",
        "the steepest slope may be a negative one",
        bounds(gammas="slopes.max(axis=1)"),
    ),
    ex2(
        "length of the slopes",
        1,
        "(7.3) is right; the other holds, but is looser than asked.",
        "a diagonal matrix stretches by its largest entry, not by the length of its diagonal",
        bounds(gammas="np.linalg.norm(slopes, axis=1)"),
    ),
    ex2(
        "largest slope of all steps",
        1,
        "(7.3) is right; the other has one number for all steps.",
        "every step got the largest slope of the whole sequence",
        bounds(gammas="np.full(T, np.abs(slopes).max())"),
    ),
    ex2(
        "products from the first step",
        1,
        "(7.3) is right; the other collects the steps before t.",
        "the products start at the first step",
        bounds(sharp="np.append(np.cumprod(gammas * sigma), 1.0)"),
    ),
    ex2(
        "slopes of step t",
        1,
        "(7.3) is right; in the other the last step's slope is missing, and one too early is there.",
        "the slope at t - 1 stands where that at t + 1 belongs",
        bounds(sharp="np.append(np.cumprod((np.roll(gammas, 1) * sigma)[::-1])[::-1], 1.0)"),
    ),
    ex2(
        "without sigma",
        1,
        "(7.3) is right; in the other the weights play no part.",
        "the weights play no part",
        bounds(sharp="np.append(np.cumprod(gammas[::-1])[::-1], 1.0)"),
    ),
    ex2(
        "maximum over time",
        1,
        "(7.3) is right; the other has a factor for each unit, not for each step.",
        "sharp: expected float64 (4,), got float64 (3,)",
        bounds(gammas="np.abs(slopes).max(axis=0)"),
    ),
    ex2(
        "without t = T",
        0,
        "The last entry is missing, in both parts.",
        "coarse: expected float64 (4,), got float64 (3,)",
        bounds(result="coarse[:-1], sharp[:-1]"),
    ),
    ex2(
        "whole numbers",
        0,
        "Rounded: no bound.",
        "got int64",
        bounds(result="coarse.astype(int), sharp.astype(int)"),
    ),
    ex2(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "import rnncore\nreturn rnncore.bounds(slopes, gamma, W_hh)",
    ),
]

BOUNDS_VARIANTS = [
    v2("cumulative products", bounds(sigma="np.linalg.svd(W_hh)[1][0]")),
    v2(
        "eigenvalues of the square",
        """
        T, sigma = slopes.shape[0], np.sqrt(max(np.linalg.eigvalsh(W_hh.T @ W_hh)))
        coarse = [(sigma * gamma) ** (T - t) for t in range(T + 1)]
        sharp = [np.prod([max(map(abs, row)) * sigma for row in slopes[t:]]) for t in range(T + 1)]
        return np.array(coarse), np.array(sharp)
        """,
    ),
    v2(
        "norms of diagonal matrices",
        """
        coarse, sharp = [1.0], [1.0]
        for row in slopes[::-1]:
            coarse.insert(0, coarse[0] * np.linalg.norm(gamma * W_hh, ord=2))
            sharp.insert(0, sharp[0] * np.linalg.norm(np.diag(row), 2) * np.linalg.norm(W_hh.T, 2))
        return np.asarray(coarse), np.asarray(sharp)
        """,
    ),
    v2(
        "logarithms, overwrites slopes",
        """
        T = len(slopes)
        slopes[...] = np.abs(slopes)
        steps = np.log(slopes.max(axis=1)) + np.log(np.linalg.norm(W_hh, 2))
        sums = np.concatenate([np.cumsum(steps[::-1])[::-1], [0.0]])
        return np.power(gamma * np.linalg.norm(W_hh, 2), T - np.arange(T + 1)), np.exp(sums)
        """,
    ),
]

# ---- exercise 3, the starts: radius 1, norm 1, orthogonal 1, hidden 1 ----


def three(
    radius="A * gain / np.abs(np.linalg.eigvals(A)).max()",
    norm="A * gain / S.max()",
    orthogonal="gain * U @ Vt",
    result='{"radius": radius, "norm": norm, "orthogonal": orthogonal}',
):
    """The body of the three starts, with one part of it changed."""
    return f"""
U, S, Vt = np.linalg.svd(A)
radius = {radius}
norm = {norm}
orthogonal = {orthogonal}
return {result}
"""


STARTS = [
    ex3("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex3(
        "constant",
        0,
        "The identity has the gain asked for, but nothing of A.",
        "A plays no part",
        'return {name: gain * np.eye(len(A)) for name in ("radius", "norm", "orthogonal")}',
    ),
    ex3("nan", 0, "NaN agrees with nothing.", NAN, "return {k: A * np.nan for k in ('radius', 'norm', 'orthogonal')}"),
    ex3(
        "radius and norm swapped",
        1,
        "The orthogonal start alone is right.",
        "spectral radius and largest singular value are swapped",
        three(result='{"radius": norm, "norm": radius, "orthogonal": orthogonal}'),
    ),
    ex3(
        "largest real part",
        2,
        "Norm and orthogonal start are right; negative and complex eigenvalues are passed by.",
        "the size of an eigenvalue, not its real part",
        three(radius="A * gain / np.linalg.eigvals(A).real.max()"),
    ),
    ex3(
        "size of the real part",
        2,
        "Norm and orthogonal start are right; the imaginary parts are passed by.",
        "the imaginary part of an eigenvalue belongs to its size",
        three(radius="A * gain / np.abs(np.linalg.eigvals(A).real).max()"),
    ),
    ex3(
        "maximum without a size",
        2,
        "Norm and orthogonal start are right; the radius is complex where the eigenvalues are.",
        "got complex128",
        three(radius="A * gain / np.linalg.eigvals(A).max()"),
    ),
    ex3(
        "eigenvalues of a symmetric matrix",
        2,
        "Norm and orthogonal start are right; eigvalsh reads one half of A alone.",
        "eigenvalues as if A were symmetric",
        three(radius="A * gain / np.abs(np.linalg.eigvalsh(A)).max()"),
    ),
    ex3(
        "smallest eigenvalue",
        2,
        "Norm and orthogonal start are right; another eigenvalue than the largest has the size g.",
        "the smallest eigenvalue was brought to the gain",
        three(radius="A * gain / np.abs(np.linalg.eigvals(A)).min()"),
    ),
    ex3(
        "Frobenius norm",
        2,
        "Radius and orthogonal start are right; the norm of all entries is not the largest singular value.",
        "the root of the sum of all squares, not the largest singular value",
        three(norm="A * gain / np.linalg.norm(A)"),
    ),
    ex3(
        "root of the radius of the square",
        2,
        "Radius and orthogonal start are right; A A is not A transposed times A.",
        "the spectral radius once more, from the square of A",
        three(norm="A * gain / np.sqrt(np.abs(np.linalg.eigvals(A @ A)).max())"),
    ),
    ex3(
        "sigma squared",
        2,
        "Radius and orthogonal start are right; the root is missing in the norm.",
        "divided by the square of the largest singular value",
        three(norm="A * gain / np.linalg.eigvalsh(A.T @ A).max()"),
    ),
    ex3(
        "not divided",
        1,
        "The orthogonal start is right; the other two have A's own size times g.",
        "A's own size was not divided out",
        three(radius="gain * A", norm="gain * A"),
    ),
    ex3(
        "gain forgotten",
        0,
        "All three have gain 1 whatever is asked for.",
        "the gain plays no part",
        three(
            radius="A / np.abs(np.linalg.eigvals(A)).max()",
            norm="A / S.max()",
            orthogonal="U @ Vt",
        ),
    ),
    ex3(
        "Q of QR",
        2,
        "The other two are right; Q is orthogonal, but not the nearest to A.",
        "Q of a QR decomposition is orthogonal, but not the nearest to A",
        three(orthogonal="gain * np.linalg.qr(A)[0]"),
    ),
    ex3(
        "V transposed again",
        2,
        "The other two are right; U V is orthogonal, but not the nearest to A.",
        "V came in untransposed: what the decomposition returns is V transposed already",
        three(orthogonal="gain * U @ Vt.T"),
    ),
    ex3(
        "U alone",
        2,
        "The other two are right; U is orthogonal, but not the nearest to A.",
        "V transposed is left out: U alone does not turn as A does",
        three(orthogonal="gain * U"),
    ),
    ex3(
        "V transposed times U",
        2,
        "The other two are right; the factors stand in the wrong order.",
        "U and V transposed are multiplied in the wrong order",
        three(orthogonal="gain * Vt @ U"),
    ),
    ex3(
        "columns of length 1",
        2,
        "The other two are right; columns of length 1 are not yet at right angles.",
        "columns of length 1 need not be at right angles",
        three(orthogonal="gain * A / np.linalg.norm(A, axis=0)"),
    ),
    ex3(
        "inverse taken",
        2,
        "The other two are right; the orthogonal one turns the wrong way.",
        "it turns the other way round",
        three(orthogonal="gain * (U @ Vt).T"),
    ),
    ex3(
        "tuple",
        0,
        "Whoever calls this finds no keys.",
        "expected 1 values (starts), got 3 values",
        three(result="radius, norm, orthogonal"),
    ),
    ex3(
        "one key missing",
        2,
        "Two of three are there and right.",
        "expected a dict with the key orthogonal, got radius, norm",
        three(result='{"radius": radius, "norm": norm}'),
    ),
    ex3(
        "float32",
        0,
        "Half of the digits are lost.",
        "got float32",
        three(result='{k: W.astype("f") for k, W in (("radius", radius), ("norm", norm), ("orthogonal", orthogonal))}'),
    ),
    ex3(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import spectral_radius\nreturn spectral_radius(gain)(np.random.default_rng(), *A.shape)",
    ),
]

STARTS_VARIANTS = [
    v3(
        "root of A transposed times A",
        """
        squares, V = np.linalg.eigh(A.T @ A)
        factor = gain / np.sqrt(squares[-1])
        roots = np.linalg.eigvals(A)
        rho = np.max(np.sqrt(roots.real**2 + roots.imag**2))
        return {"orthogonal": gain * A @ V / np.sqrt(squares) @ V.T, "norm": factor * A, "radius": gain * (A / rho)}
        """,
    ),
    v3(
        "iteration",
        """
        Q = A
        for _ in range(60):
            Q = (Q + np.linalg.inv(Q).T) / 2
        rho, sigma = max(abs(np.linalg.eigvals(A.T))), np.linalg.norm(A, 2)
        return dict(radius=np.multiply(A, gain / rho), norm=np.multiply(A, gain / sigma), orthogonal=gain * Q)
        """,
    ),
    v3(
        "sum of outer products",
        """
        U, S, Vt = np.linalg.svd(A, full_matrices=False)
        turned = sum(np.outer(u, v) for u, v in zip(U.T, Vt, strict=True))
        return {"norm": A / S[0] * gain, "radius": A / np.abs(np.linalg.eig(A)[0]).max() * gain, "orthogonal": turned * gain}
        """,
    ),
    v3(
        "overwrites A",
        """
        U, S, Vt = np.linalg.svd(A)
        A *= gain
        rho = np.abs(np.linalg.eigvals(A)).max() / gain
        return {"radius": A / rho, "norm": A / S[0], "orthogonal": U @ np.diag(np.full(len(S), gain)) @ Vt}
        """,
    ),
]

# ---- exercise 4, the bug: norm 1, below 1, value 1, hidden 1 ----


def clip(
    norm="np.sqrt(sum(np.sum(g**2) for g in grads.values()))",
    factor="limit / norm if norm > limit else 1.0",
    clipped="{name: g * factor for name, g in grads.items()}",
    result="clipped, norm",
):
    """The body of the mended function, with one part of it changed."""
    return f"norm = {norm}\nfactor = {factor}\nclipped = {clipped}\nreturn {result}"


CLIP = [
    ex4("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex4(
        "constant",
        0,
        "Shapes and a float are no answer.",
        "every gradient was set to zero",
        "return {name: np.zeros_like(g) for name, g in grads.items()}, 1.0",
    ),
    ex4("nan", 0, "NaN agrees with nothing.", NAN, clip(norm="float('nan')", factor="norm")),
    ex4(
        "handed in as found",
        0,
        "The bug is still there.",
        "the lengths of the arrays were added",
        clip(norm="sum(np.linalg.norm(g) for g in grads.values())"),
    ),
    ex4(
        "root missing",
        0,
        "Squares are added, and their sum is taken for the norm.",
        "this is the square of the norm",
        clip(norm="sum(np.linalg.norm(g) ** 2 for g in grads.values())"),
    ),
    ex4(
        "root of the sum of norms",
        0,
        "The root is there, the squares are not.",
        "the root was taken of norms that were not squared",
        clip(norm="np.sqrt(sum(np.linalg.norm(g) for g in grads.values()))"),
    ),
    ex4(
        "longest array",
        1,
        "A short gradient is left alone; a long one is cut too little.",
        "the norm of the longest array alone",
        clip(norm="max(np.linalg.norm(g) for g in grads.values())"),
    ),
    ex4(
        "last array",
        1,
        "A short gradient is left alone; of the sum the last array is left.",
        "only the last array is left of the sum",
        clip(norm="[np.linalg.norm(g) for g in grads.values()][-1]"),
    ),
    ex4(
        "largest entry",
        1,
        "A short gradient is left alone; a long one is cut too little.",
        "the largest entry is not the norm",
        clip(norm="max(np.abs(g).max() for g in grads.values())"),
    ),
    ex4(
        "root of the mean",
        1,
        "A short gradient is left alone; the norm shrinks with the number of entries.",
        "the squares were averaged, not added",
        clip(norm="np.sqrt(np.mean(np.concatenate([np.ravel(g) for g in grads.values()]) ** 2))"),
    ),
    ex4(
        "sum of sizes",
        0,
        "Another norm: short gradients are cut too.",
        "the sizes of all entries were added",
        clip(norm="sum(np.abs(g).sum() for g in grads.values())"),
    ),
    ex4(
        "each array by its own norm",
        2,
        "The norm is right, and short gradients are left alone; long ones change their direction.",
        "each array was clipped by its own norm",
        clip(clipped="{name: g * min(1, limit / max(np.linalg.norm(g), 1e-300)) for name, g in grads.items()}"),
    ),
    ex4(
        "by value",
        2,
        "The norm is right, and short gradients are left alone; this is the other way of clipping.",
        "each entry was cut by itself",
        clip(clipped="{name: np.clip(g, -limit, limit) for name, g in grads.items()}"),
    ),
    ex4(
        "always scaled",
        2,
        "The norm and long gradients are right; short ones are stretched, and zeros become NaN.",
        "not longer than the limit, and has to stay",
        clip(
            factor="limit / norm if norm > 0 else 1.0",
            clipped="{name: g * factor for name, g in grads.items()}",
        ),
    ),
    ex4(
        "scaled where short",
        1,
        "The norm is right; the condition is the wrong way round.",
        "nothing was clipped",
        clip(factor="1.0 if norm > limit else limit / max(norm, 1e-300)"),
    ),
    ex4(
        "upside down",
        2,
        "The norm is right, and short gradients are left alone; long ones grow.",
        "the factor is upside down",
        clip(factor="norm / limit if norm > limit else 1.0"),
    ),
    ex4(
        "to length 1",
        2,
        "The norm is right, and short gradients are left alone; long ones get length 1 whatever the limit.",
        "scaled to length 1, not to the limit",
        clip(factor="1 / norm if norm > limit else 1.0"),
    ),
    ex4(
        "not clipped",
        2,
        "The norm is right, and short gradients are left alone; so are the long ones.",
        "nothing was clipped",
        clip(factor="1.0"),
    ),
    ex4(
        "norm after clipping",
        1,
        "Short gradients are left alone; the norm that comes back is never above the limit.",
        "the norm after clipping came back",
        clip(result="clipped, min(norm, limit)"),
    ),
    ex4(
        "no norm",
        0,
        "Whoever calls this cannot tell how often it cuts.",
        "expected 2 values (clipped, norm), got dict",
        clip(result="clipped"),
    ),
    ex4(
        "norm first",
        0,
        "Whoever unpacks the two gets a number for the gradients and the gradients for a number.",
        "expected a dict and the norm, got clipped, a, b",
        clip(result="norm, clipped"),
    ),
    ex4(
        "list of arrays",
        1,
        "The norm is right; the gradients have lost their names.",
        "expected a, b, c, got clipped",
        clip(clipped="[g * factor for g in grads.values()]"),
    ),
    ex4(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import clip_by_norm as ready\nreturn grads, ready(grads, limit)",
    ),
]

CLIP_VARIANTS = [
    v4(
        "one long vector",
        """
        norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads.values()]))
        return {name: g * min(1.0, limit / norm) if norm else g for name, g in grads.items()}, norm
        """,
    ),
    v4(
        "hypot",
        """
        norm = 0.0
        for g in grads.values():
            norm = np.hypot(norm, np.sqrt(np.vdot(g, g)))
        return {name: g / max(1, norm / limit) for name, g in grads.items()}, float(norm)
        """,
    ),
    v4(
        "entry by entry",
        """
        norm = sum(float(v) ** 2 for g in grads.values() for v in g.flat) ** 0.5
        if norm <= limit:
            return grads, norm
        return {name: np.array(g) / norm * limit for name, g in grads.items()}, norm
        """,
    ),
    v4(
        "in place",
        """
        norm = np.linalg.norm([np.linalg.norm(g) for g in grads.values()])
        for g in grads.values():
            g *= limit / norm if norm > limit else 1
        return grads, norm
        """,
    ),
]

MISTAKES = JACOBIANS + BOUNDS + STARTS + CLIP
VARIANTS = JACOBIANS_VARIANTS + BOUNDS_VARIANTS + STARTS_VARIANTS + CLIP_VARIANTS
EQUIVALENT = {
    "ch07-ex1-jacobians": {
        "transpose: Js[t] = Js[t + 1] @ np.diag(1 - hs[t] ** 2) @ W_hh.T"
        " -> Js[t] = Js[t + 1] @ np.diag(1 - hs[t] ** 2).mT @ W_hh.T": "A diagonal matrix is its own transpose.",
    },
}
