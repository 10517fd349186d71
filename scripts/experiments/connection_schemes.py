"""What is fed back, and when: Jordan and Elman networks on two tasks, and a clockwork network that writes a wave."""

import numpy as np

from rnncore import RNN, Adam, Dense, JordanCell, Module, Stack, Unrolled, clip_by_norm, mean_squared_error


def run(seeds, updates=600, passes=1200, T=320):
    """Both experiments with each seed."""
    runs = []
    for seed in seeds:
        right = {f"{task.__name__}, {net}": s for task in (last_two, so_far) for net, s in feedback(seed, task, updates)}
        print(f"seed {seed}, right answers: " + ", ".join(f"{name} {s:.0%}" for name, s in right.items()))
        wave = made_up_wave(T, np.random.default_rng(1000 + seed))
        written = {name: write_wave(seed, wave, passes, **how) for name, how in WRITERS.items()}
        print(f"seed {seed}, error: " + ", ".join(f"{name} {w['error']:.4f}" for name, w in written.items()))
        runs.append({"seed": seed, "right": right, "wave": wave[:, 0, 0].round(4).tolist(), "written": written})
    elman, jordan = ([r["right"][f"last_two, {net}"] for r in runs] for net in ("Elman", "Jordan, forced"))
    ratios = [r["written"]["clockwork"]["error"] / r["written"]["plain"]["error"] for r in runs]
    ahead = sum(ratio < 1 for ratio in ratios)
    task = "exclusive or of the two bits before the present one"
    return {
        "criterion": "right answers on 1,000 new sequences of 24 bits from the 4th on, trained on 12; "
        f"squared error over the variance of a wave of {T} steps, five made-up sines, written with no input",
        "model": f"16 hidden units, Adam, {updates} batches of 64; "
        f"36 clocked units in 9 groups against about as many parameters without clocks, Adam, {passes} passes, clip 1",
        "runs": runs,
        "claims": [
            {
                "claim": f"Output-to-hidden recurrence with teacher forcing cannot learn the {task}",
                "source": "derived: the present bit and the last right answer say nothing about the next answer",
                "criterion": "share right on new sequences, fed the right answers; reproduced if within .02 with every seed",
                "theirs": 0.5,
                "ours": jordan,
                "unit": "share right",
                "verdict": "reproduced" if max(abs(np.array(jordan) - 0.5)) < 0.02 else "not reproduced",
            },
            {
                "claim": f"Hidden-to-hidden recurrence learns the {task}",
                "source": "derived: two units can hold two bits",
                "criterion": "share right on new sequences, twice as long as in training; "
                "reproduced if above .99 with every seed",
                "theirs": 1.0,
                "ours": elman,
                "unit": "share right",
                "verdict": "reproduced" if min(elman) > 0.99 else "not reproduced",
            },
            {
                "claim": "A clockwork network writes a wave better than a basic one with as many parameters",
                "source": "Koutník, Greff, Gomez and Schmidhuber 2014",
                "criterion": f"squared error of the clockwork net over the basic one's, a wave of {T} steps with no input, "
                "another wave with each seed (theirs: music); reproduced if below 1 with every seed, in part if with most",
                "theirs": "below 1",
                "ours": ratios,
                "unit": "ratio of squared errors",
                "verdict": "reproduced" if ahead == len(runs) else "in part" if ahead > len(runs) / 2 else "not reproduced",
            },
        ],
    }


def last_two(xs):
    """The product (exclusive or) of the two bits before the present one; bits are -1 and 1, and 1 stands before the first."""
    padded = np.concatenate([np.ones((2, *xs.shape[1:])), xs])
    return padded[1:-1] * padded[:-2]


def so_far(xs):
    """The product (parity) of all bits so far."""
    return np.cumprod(xs, axis=0)


def before(ts):
    """What teacher forcing feeds back: the target of the step before, 0 at the first."""
    return np.concatenate([np.zeros_like(ts[:1]), ts[:-1]])


def feedback(seed, task, updates, H=16):
    """Train on random bits; yields the name of a network and its share of right answers."""
    new = np.random.default_rng(2000 + seed).choice([-1.0, 1.0], (24, 1000, 1))
    for name, K in {"Elman": 1, "Jordan, forced": 1, "Jordan, free": 1, "Jordan, free, 2 spare outputs": 3}.items():
        rng = np.random.default_rng(seed)
        elman = name == "Elman"
        net = Stack(RNN(1, H, rng), Dense(H, 1, rng)) if elman else Unrolled(JordanCell(1, H, K, rng, output="tanh"))
        forced, optimiser = name.endswith("forced"), Adam(1e-2)
        for _ in range(updates):
            xs = rng.choice([-1.0, 1.0], (12, 64, 1))
            ts = task(xs)
            ys, cache = answer(net, xs, ts, forced)
            _, dscored = mean_squared_error(ys[..., :1].copy(), ts)
            dys = np.concatenate([dscored, np.zeros_like(ys[..., 1:])], axis=-1)
            net.zero_grads()
            if forced:
                net.cell.step_backward(dys.reshape(-1, 1), cache)
            else:
                net.backward(dys, cache)
            clip_by_norm(net.grads, 1)
            optimiser.step(net.params, net.grads)
        ts = task(new)
        ys, _ = answer(net, new, ts, forced)
        yield name, float(np.mean((ys[..., :1] > 0) == (ts > 0), axis=(1, 2))[3:].mean())


def answer(net, xs, ts, forced):
    """The outputs (T, B, K) and the cache; forced, all steps are one batch and the right answers are fed back."""
    if forced:
        ys, cache = net.cell.step(xs.reshape(-1, 1), before(ts).reshape(-1, 1))
        return ys.reshape(ts.shape), cache
    ys, _, cache = net.forward(xs)
    return ys, cache


class Clockwork(Module):
    """h = tanh(x W_xh + h_prev W_hh + b_h) for the units whose period divides t, h_prev for the others; y = h W_hy + b_y.

    A unit hears units of its own period and of longer ones. Periods of 1 make it a basic network, D = 0 one without input.
    """

    def __init__(self, D, periods, rng):
        H = len(periods)
        self.periods, self.hears = periods, (periods[:, None] >= periods).astype(float)
        super().__init__(
            W_hh=rng.normal(size=(H, H)) * self.hears / np.sqrt(self.hears.sum(axis=0)),
            b_h=0.1 * rng.normal(size=H),
            h_0=0.5 * rng.normal(size=H),
            W_hy=rng.normal(size=(H, 1)) / np.sqrt(H),
            b_y=np.zeros(1),
            **({"W_xh": rng.normal(size=(D, H)) / np.sqrt(D)} if D else {}),
        )

    @property
    def parameter_count(self):
        """How many numbers are learned: without the connections from shorter periods to longer ones."""
        return super().parameter_count - int((1 - self.hears).sum())

    def forward(self, xs):
        p, T = self.params, len(xs)
        moves = np.arange(T)[:, None, None] % self.periods == 0
        a = p["b_h"] + (xs @ p["W_xh"] if "W_xh" in p else np.zeros((T, 1, 1)))
        hs = np.empty((T + 1, 1, len(self.periods)))
        hs[0] = p["h_0"]
        for t in range(T):
            hs[t + 1] = np.where(moves[t], np.tanh(hs[t] @ p["W_hh"] + a[t]), hs[t])
        return hs[1:] @ p["W_hy"] + p["b_y"], (xs, hs, moves)

    def backward(self, dys, cache):
        xs, hs, moves = cache
        slopes, dhs, dh = np.where(moves, 1 - hs[1:] ** 2, 0), dys @ self.params["W_hy"].T, 0
        das, back = np.empty_like(dhs), np.ascontiguousarray(self.params["W_hh"].T)
        for t in reversed(range(len(xs))):
            dh = dh + dhs[t]
            das[t] = dh * slopes[t]
            dh = np.where(moves[t], 0, dh) + das[t] @ back
        g, rows = self.grads, lambda a: a.reshape(len(xs), a.shape[-1])
        if "W_xh" in g:
            g["W_xh"] += rows(xs).T @ rows(das)
        g["W_hh"] += self.hears * (rows(hs[:-1]).T @ rows(das))
        g["b_h"] += rows(das).sum(axis=0)
        g["h_0"] += dh[0]
        g["W_hy"] += rows(hs[1:]).T @ rows(dys)
        g["b_y"] += rows(dys).sum(axis=0)


PERIODS = 2 ** np.repeat(np.arange(9), 4)  # four units each with period 1, 2, 4, ... 256
WRITERS = {
    "clockwork": {"periods": PERIODS},
    "plain": {"periods": np.ones(27, int)},
    "plain, told the time": {"periods": np.ones(23, int), "told": True},
}


def made_up_wave(T, rng):
    """Five sines of random phase and size, the largest value 1: (T, 1, 1)."""
    t = np.arange(T) / 320
    wave = sum(rng.uniform(0.3, 1) * np.sin(2 * np.pi * (f * t + rng.random())) for f in (1.5, 4, 9, 17, 31))
    return (wave / np.abs(wave).max())[:, None, None]


def write_wave(seed, wave, passes, periods, told=False):
    """Train on one wave. `told` gives the network the nine binary digits of t as its input; otherwise it has none."""
    T, D = len(wave), 9 if told else 0
    xs = 2.0 * (np.arange(T)[:, None] >> np.arange(D) & 1)[:, None] - 1
    net, optimiser = Clockwork(D, periods, np.random.default_rng(seed)), Adam(1e-2)
    for k in range(passes):
        ys, cache = net.forward(xs)
        _, dys = mean_squared_error(ys, wave)
        net.zero_grads()
        net.backward(dys, cache)
        clip_by_norm(net.grads, 1)
        optimiser.lr = 1e-2 * (1 - k / passes)
        optimiser.step(net.params, net.grads)
    ys, _ = net.forward(xs)
    error = float(np.mean((ys - wave) ** 2) / wave.var())
    return {"parameters": net.parameter_count, "error": error, "ys": ys[:, 0, 0].round(4).tolist()}
