"""Wrong answers to assignment 6 with the points they deserve, and right ones written otherwise."""

from scripts.mistake import STUB, makers

HEADS = {
    "ch06-ex1-slopes": "def weight_slopes(hs, h_0, W_hh, V):",
    "ch06-ex2-check": "def worst_entry(loss, params, grads, eps=1e-5):",
    "ch06-ex3-backward": "def rnn_backward(dhs, xs, hs, h_0, W_xh, W_hh):",
    "ch06-ex4-truncated": "def truncated_shares(own, step_back, k1, k2):",
    "ch06-ex5-train": "def train_windows(xs, targets, h_0, w, k, rate):",
}


(ex1, ex2, ex3, ex4, ex5), (v1, v2, v3, v4, v5) = makers(HEADS)

# ---- exercise 1, total and immediate slopes: shape 1, value 1, hidden 1 ----


def slopes(
    start="h_0",
    alone="(1 - h * h) * (h_prev @ V)",
    d="alone + (1 - h * h) * (d @ W_hh)",
    result="np.stack(immediate), np.stack(total)",
    keep="h_prev = h",
):
    """The body of the walk forwards, with one part of it changed."""
    return f"""
h_prev, d, immediate, total = {start}, np.zeros_like(h_0), [], []
for t, h in enumerate(hs):
    alone = {alone}
    d = {d}
    immediate.append(alone)
    total.append(d)
    {keep}
return {result}
"""


SLOPES = [
    ex1("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex1(
        "constant",
        0,
        "Shapes alone are no answer.",
        "immediate is zero everywhere",
        "return np.zeros_like(hs), np.zeros_like(hs)",
    ),
    ex1("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", slopes(alone="h_prev * np.nan")),
    ex1(
        "one for the other",
        0,
        "The mix-up that the exercise is about: the total is missing.",
        "total is the immediate slope alone",
        slopes(d="alone"),
    ),
    ex1(
        "total twice",
        0,
        "The mix-up that the exercise is about: the immediate slope is missing.",
        "immediate holds the total slope as well",
        slopes(result="np.stack(total), np.stack(total)"),
    ),
    ex1(
        "no slope on the way through time",
        1,
        "Immediate and total are told apart; the motion of the state before passes by the tanh.",
        "total: the motion of h_{t-1} went round the tanh",
        slopes(d="alone + d @ W_hh"),
    ),
    ex1(
        "no slope at all",
        1,
        "Immediate and total are told apart; both lack the slope of the tanh.",
        "the tanh was passed by: these are slopes of the pre-activation",
        slopes(alone="h_prev @ V", d="alone + d @ W_hh"),
    ),
    ex1(
        "1 - h",
        1,
        "Immediate and total are told apart; the slope of the tanh is wrong.",
        "the slope of tanh is not 1 - h: a square is missing",
        slopes(alone="(1 - h) * (h_prev @ V)", d="alone + (1 - h) * (d @ W_hh)"),
    ),
    ex1(
        "W_hh transposed",
        1,
        "Immediate and total are told apart; forwards the matrix is not transposed.",
        "W_hh is transposed: that belongs to the way back",
        slopes(d="alone + (1 - h * h) * (d @ W_hh.T)"),
    ),
    ex1(
        "V transposed",
        1,
        "Immediate and total are told apart; the direction is the wrong way round.",
        "V came in transposed",
        slopes(alone="(1 - h * h) * (h_prev @ V.T)"),
    ),
    ex1(
        "V on the way through time",
        1,
        "Immediate and total are told apart; the state's motion passes through the direction, not the weight.",
        "the motion of h_{t-1} was multiplied by V: it passes through W_hh",
        slopes(d="alone + (1 - h * h) * (d @ V)"),
    ),
    ex1(
        "h_t for h_{t-1}",
        1,
        "Immediate and total are told apart; the weight multiplies the state before.",
        "h_t stands where h_{t-1} belongs",
        slopes(alone="(1 - h * h) * (h @ V)"),
    ),
    ex1(
        "starts from zeros",
        0,
        "The initial state is ignored, so that at the first step nothing moves.",
        "immediate is zero at the first step, though h_0 is not",
        slopes(start="np.zeros_like(h_0)"),
    ),
    ex1(
        "hs[t - 1] at t = 0",
        1,
        "Immediate and total are told apart; the first step starts from the last state.",
        "at t = 0, hs[t - 1] is the last state, not h_0",
        slopes(alone="(1 - h * h) * (hs[t - 1] @ V)"),
    ),
    ex1(
        "one step back alone",
        1,
        "Immediate and total are told apart; what moved two steps ago is forgotten.",
        "total goes back one step alone: the motion of h_{t-1} is its total slope",
        slopes(
            d="alone + (1 - h * h) * (d @ W_hh)",
            result="np.stack(immediate), np.stack(total)",
            keep="h_prev, d = h, alone",
        ),
    ),
    ex1(
        "running sum",
        1,
        "Immediate and total are told apart; the sum leaves out how a motion changes on its way.",
        "total is the running sum of the immediate slopes: on its way each passes through W_hh and tanh",
        slopes(d="alone + d"),
    ),
    ex1(
        "swapped",
        1,
        "Both are there, in each other's place.",
        "immediate and total were returned in the wrong order",
        slopes(result="np.stack(total), np.stack(immediate)"),
    ),
    ex1("list", 0, "What comes back are no arrays.", "got list", slopes(result="immediate, total")),
    ex1(
        "float32",
        0,
        "Half of the digits are lost.",
        "got float32",
        slopes(result="np.stack(immediate).astype(np.float32), np.stack(total).astype(np.float32)"),
    ),
    ex1(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import rtrl\n" + slopes(),
    ),
]

SLOPES_VARIANTS = [
    v1(
        "einsum",
        """
        befores = np.concatenate([h_0[None], hs[:-1]])
        immediate = np.einsum("tbj,tbi,ij->tbj", 1 - hs**2, befores, V)
        total = immediate.copy()
        for t in range(1, len(hs)):
            total[t] += np.einsum("bj,bi,ij->bj", 1 - hs[t] ** 2, total[t - 1], W_hh)
        return immediate, total
        """,
    ),
    v1(
        "explicit loops",
        """
        T, B, H = hs.shape
        immediate, total = np.zeros((T, B, H)), np.zeros((T, B, H))
        for t in range(T):
            for b in range(B):
                for j in range(H):
                    for i in range(H):
                        before = hs[t - 1, b, i] if t > 0 else h_0[b, i]
                        immediate[t, b, j] += before * V[i, j] * (1 + hs[t, b, j]) * (1 - hs[t, b, j])
                        if t > 0:
                            total[t, b, j] += total[t - 1, b, i] * W_hh[i, j] * (1 - hs[t, b, j] ** 2)
                    total[t, b, j] += immediate[t, b, j]
        return immediate, total
        """,
    ),
    v1(
        "through the pre-activation",
        """
        moved, state, both = 0 * h_0, h_0, []
        for h in hs:
            slope = np.cosh(np.arctanh(h)) ** -2
            both.append((slope * (state @ V), slope * (state @ V + moved @ W_hh)))
            moved, state = both[-1][1], h
        return tuple(np.array(both).swapaxes(0, 1))
        """,
    ),
    v1(
        "overwrites h_0",
        """
        d, out = np.zeros_like(h_0), np.zeros((2, *hs.shape))
        for t in range(len(hs)):
            slope = 1 - hs[t] ** 2
            out[0, t] = slope * np.dot(h_0, V)
            d = out[1, t] = out[0, t] + slope * np.dot(d, W_hh)
            h_0[...] = hs[t]
        return out[0], out[1]
        """,
    ),
]

# ---- exercise 2, the gradient check: find 1, nan 1, value 1, hidden 1 ----


def check(
    numeric="(found[0] - found[1]) / (2 * eps)",
    nudges="eps, -eps",
    error="abs(grads[name][index] - numeric) / (1 + abs(numeric))",
    put_back="p[index] = kept",
    nan="error = np.inf if np.isnan(error) else float(error)",
    over="params.items()",
    better="error > worst[2]",
    first="None, None, -1.0",
    result="worst",
):
    """The body of the check, with one part of it changed."""
    return f"""
worst = {first}
for name, p in {over}:
    for index in np.ndindex(p.shape):
        kept, found = p[index], []
        for nudge in ({nudges}):
            p[index] = kept + nudge
            found.append(loss(params))
        {put_back}
        numeric = {numeric}
        error = {error}
        {nan}
        if {better}:
            worst = name, index, error
return {result}
"""


CHECK = [
    ex2("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex2(
        "constant",
        0,
        "Always the same place.",
        "not found",
        "name = next(iter(params))\nreturn name, (0,) * params[name].ndim, 0.0",
    ),
    ex2(
        "one-sided difference",
        2,
        "The worst entry is found; the slope is known to half as many digits as it could be.",
        "the difference is one-sided: its error is of order eps, not eps squared",
        check(nudges="eps, 0", numeric="(found[0] - found[1]) / eps"),
    ),
    ex2(
        "divided by eps",
        1,
        "NaN is found; all slopes are twice too large, so that a right gradient looks wrong.",
        "the two nudges are 2 eps apart, not eps",
        check(numeric="(found[0] - found[1]) / eps"),
    ),
    ex2(
        "second nudge from the first",
        1,
        "NaN is found; the second loss is that of the entry as it was, so that all slopes are half as large.",
        "the second nudge only takes back the first, so n is half as large",
        check(nudges="eps, 0"),
    ),
    ex2(
        "not divided",
        1,
        "NaN is found; the difference of two losses is no slope.",
        "the difference of the losses was not divided by 2 eps",
        check(numeric="found[0] - found[1]"),
    ),
    ex2(
        "not put back",
        2,
        "The worst entry is found; every later slope is measured at another point.",
        "a nudged entry was not put back",
        check(put_back="pass"),
    ),
    ex2(
        "absolute error",
        2,
        "NaN is found, and a single wrong entry; of several, large slopes look worse than they are.",
        "the error is not divided by 1 + |n|",
        check(error="abs(grads[name][index] - numeric)"),
    ),
    ex2(
        "divided by |n| alone",
        2,
        "A plain relative error: where the slope is small, rounding looks like a mistake.",
        "divided by |n|, where 1 + |n| belongs",
        check(error="abs(grads[name][index] - numeric) / abs(numeric)"),
    ),
    ex2(
        "divided by the claimed slope",
        2,
        "NaN is found, and a single wrong entry; of several, a wrong number's own size decides how wrong it is.",
        "the claimed gradient stands in the denominator, where the measured one belongs",
        check(error="abs(grads[name][index] - numeric) / (1 + abs(grads[name][index]))"),
    ),
    ex2(
        "no absolute value",
        1,
        "NaN is found; gradients that are too small never are.",
        "errors below zero were overlooked: the absolute value is missing",
        check(error="(grads[name][index] - numeric) / (1 + abs(numeric))", first="None, None, -np.inf"),
    ),
    ex2(
        "NaN overlooked",
        3,
        "Right but for NaN, which every comparison lets pass.",
        "not found",
        check(nan="error = float(error)"),
    ),
    ex2(
        "NaN as its own error",
        3,
        "NaN is found, and returned where infinity was asked for.",
        "NaN was found, but its error is not infinite",
        check(nan="if np.isnan(error):\n            return name, index, error"),
    ),
    ex2(
        "only the first parameter",
        0,
        "Most entries are never looked at.",
        "only the first parameter was looked at",
        check(over="list(params.items())[:1]"),
    ),
    ex2(
        "worst of the last parameter",
        0,
        "The comparison starts again for each parameter, so that only the last counts.",
        "the search starts anew at each parameter: it is the worst entry of the last one",
        check().replace("    for index in", "    worst = None, None, -1.0\n    for index in", 1),
    ),
    ex2(
        "a copy is nudged",
        1,
        "NaN is found; the loss never sees the nudge, so that all slopes are zero.",
        "the loss did not see the nudge: every measured slope is zero",
        check().replace("kept, found = p[index], []", "p = p.copy()\n        kept, found = p[index], []"),
    ),
    ex2(
        "all entries at once",
        1,
        "NaN is found; the nudge of a whole array measures the sum of its slopes.",
        "a whole array was nudged at once",
        check(put_back="p -= nudge").replace("p[index] = kept + nudge", "p += nudge - (found != []) * eps"),
    ),
    ex2(
        "flat index",
        0,
        "A place that cannot be read off.",
        "index: expected a tuple, got int",
        check(result="worst[0], int(np.ravel_multi_index(worst[1], params[worst[0]].shape)), worst[2]"),
    ),
    ex2(
        "error and place swapped",
        0,
        "The values are in the wrong order.",
        "name: expected a key of params, got float",
        check(result="worst[::-1]"),
    ),
    ex2(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import central_difference\n" + check(),
    ),
]

CHECK_VARIANTS = [
    v2(
        "all errors first",
        """
        errors = {}
        for name in params:
            numeric = np.empty_like(params[name])
            for index, kept in np.ndenumerate(params[name].copy()):
                params[name][index] = kept + eps
                above = loss(params)
                params[name][index] = kept - eps
                numeric[index] = (above - loss(params)) / (2 * eps)
                params[name][index] = kept
            e = np.abs(grads[name] - numeric) / (1 + np.abs(numeric))
            errors[name] = np.where(np.isnan(e), np.inf, e)
        name = max(errors, key=lambda n: errors[n].max())
        index = np.unravel_index(errors[name].argmax(), errors[name].shape)
        return name, tuple(int(i) for i in index), float(errors[name].max())
        """,
    ),
    v2(
        "copies",
        """
        def slope(name, index):
            losses = []
            for sign in (1, -1):
                moved = {n: p.copy() for n, p in params.items()}
                moved[name][index] += sign * eps
                losses.append(loss(moved))
            return (losses[0] - losses[1]) / eps / 2

        found = []
        for name, g in grads.items():
            for index in np.ndindex(g.shape):
                n = slope(name, index)
                error = abs(g[index] - n) / (1 + abs(n))
                found.append((float("inf") if error != error else error, name, index))
        error, name, index = max(found, key=lambda f: f[0])
        return name, index, error
        """,
    ),
    v2(
        "sorted, NumPy's integers",
        """
        rows = []
        for name, p in params.items():
            flat = p.reshape(-1)
            for j in range(flat.size):
                kept = flat[j]
                flat[j] = kept - eps
                below = loss(params)
                flat[j] = kept + eps
                n = (loss(params) - below) / (2 * eps)
                flat[j] = kept
                e = np.nan_to_num(np.abs(grads[name].ravel()[j] - n) / (1 + np.abs(n)), nan=np.inf)
                rows.append((e, name, np.unravel_index(j, p.shape)))
        rows.sort(key=lambda row: row[0])
        return rows[-1][1], rows[-1][2], rows[-1][0]
        """,
    ),
    v2(
        "overwrites grads",
        """
        best = ("", (), -1.0)
        for name, g in grads.items():
            for index in np.ndindex(*g.shape):
                p = params[name]
                p[index] += eps
                above = loss(params)
                p[index] -= 2 * eps
                below = loss(params)
                p[index] += eps
                n = (above - below) / (2 * eps)
                g[index] = np.inf if np.isnan(g[index]) else abs(n - g[index]) / (1 + abs(n))
                if g[index] > best[2]:
                    best = (name, index, g[index])
        return best
        """,
    ),
]

# ---- exercise 3, the full backward pass: shape 1, value 1, grad 1, hidden 1, hidden-grad 1 ----


def backward(
    start="np.zeros_like(h_0)",
    steps="reversed(range(len(hs)))",
    dh="dhs[t] + later",
    slope="(1 - hs[t] ** 2)",
    on="later = das[t] @ W_hh.T",
    befores="np.concatenate([h_0[None], hs[:-1]])",
    W_xh='np.einsum("tbd,tbh->dh", xs, das)',
    W_hh='np.einsum("tbg,tbh->gh", befores, das)',
    b_h="das.sum(axis=(0, 1))",
    dxs="das @ W_xh.T",
    dh_0="later",
):
    """The body of the backward pass, with one part of it changed."""
    return f"""
das, later = np.zeros_like(hs), {start}
for t in {steps}:
    dh = {dh}
    das[t] = dh * {slope}
    {on}
befores = {befores}
grads = {{"W_xh": {W_xh}, "W_hh": {W_hh}, "b_h": {b_h}}}
return {dxs}, {dh_0}, grads
"""


BACKWARD = [
    ex3("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex3(
        "constant",
        0,
        "Shapes alone are no answer.",
        "how did the gradient get lost",
        backward(slope="0"),
    ),
    ex3("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", backward(slope="np.nan")),
    ex3(
        "nothing from later steps",
        0,
        "Each step gets its own loss alone: nothing flows through time.",
        "each step has its own loss alone: nothing comes back from later steps",
        backward(dh="dhs[t]"),
    ),
    ex3(
        "the last loss alone",
        0,
        "The losses of all earlier steps are ignored.",
        "the last step's loss alone goes back: those of the other steps are left out",
        backward(start="dhs[-1]", dh="later"),
    ),
    ex3(
        "forwards in time",
        0,
        "Gradients flow from later steps to earlier ones.",
        "the walk goes forwards in time",
        backward(steps="range(len(hs))"),
    ),
    ex3(
        "later ones pile up",
        1,
        "Shapes and direction are right; what was handed on once is handed on again.",
        "what came from later steps piles up: each step hands on what it got, and no more",
        backward(on="later = later + das[t] @ W_hh.T"),
    ),
    ex3(
        "dh handed on",
        1,
        "Shapes and direction are right; what goes to the step before passes by the tanh.",
        "dh was handed on where da belongs: the tanh was passed by on the way to h_{t-1}",
        backward(on="later = dh @ W_hh.T"),
    ),
    ex3(
        "W_hh not transposed",
        1,
        "Shapes and direction are right; the square matrix hides that it is the wrong way round.",
        "W_hh is the wrong way round on the way back",
        backward(on="later = das[t] @ W_hh"),
    ),
    ex3(
        "tanh passed by",
        1,
        "Shapes and direction are right; the slope of the tanh is missing throughout.",
        "the tanh was passed by: da is dh times its slope",
        backward(slope="1"),
    ),
    ex3(
        "1 - h",
        1,
        "Shapes and direction are right; the slope of the tanh is wrong throughout.",
        "the slope of tanh is not 1 - h: a square is missing",
        backward(slope="(1 - hs[t])"),
    ),
    ex3(
        "slope of the step before",
        1,
        "Shapes and direction are right; each step is taken back with its neighbour's slope.",
        "the slope is that of h_{t-1}, where h_t belongs",
        backward(slope="(1 - hs[t - 1] ** 2)"),
    ),
    ex3(
        "h_t for h_{t-1}",
        2,
        "dxs and dh_0 are right; dW_hh pairs each da_t with the state that it made.",
        "dW_hh: h_t stands where h_{t-1} belongs",
        backward(befores="hs"),
    ),
    ex3(
        "hs[-1] at the first step",
        2,
        "dxs and dh_0 are right; in dW_hh the first step starts from the last state.",
        "dW_hh: at t = 0, hs[t - 1] is the last state, where h_0 belongs",
        backward(befores="np.roll(hs, 1, axis=0)"),
    ),
    ex3(
        "h_0 taken as zeros",
        2,
        "dxs and dh_0 are right; the first step's share of dW_hh is missing.",
        "dW_hh: the first step's share is missing, h_0 was taken as zeros",
        backward(befores="np.concatenate([0 * h_0[None], hs[:-1]])"),
    ),
    ex3(
        "dW_hh transposed",
        2,
        "dxs and dh_0 are right; the square matrix hides that it is the wrong way round.",
        "dW_hh is transposed",
        backward(W_hh='np.einsum("tbg,tbh->hg", befores, das)'),
    ),
    ex3(
        "= for +=",
        2,
        "dxs and dh_0 are right; of each sum over t only the step that came last is left.",
        "of each sum over t only the first step's term is left: the others were overwritten",
        backward(W_xh="xs[0].T @ das[0]", W_hh="h_0.T @ das[0]", b_h="das[0].sum(axis=0)"),
    ),
    ex3(
        "mean over the steps",
        2,
        "dxs and dh_0 are right; the parameters' gradients are T times too small.",
        "the mean over the steps, not the sum",
        backward(
            W_xh='np.einsum("tbd,tbh->dh", xs, das) / len(xs)',
            W_hh='np.einsum("tbg,tbh->gh", befores, das) / len(xs)',
            b_h="das.mean(axis=0).sum(axis=0)",
        ),
    ),
    ex3(
        "dh for da in the weights",
        2,
        "dxs and dh_0 are right; the parameters' gradients pass by the tanh.",
        "the parameters' gradients take dh_t where da_t belongs",
        backward(
            W_xh='np.einsum("tbd,tbh->dh", xs, das / (1 - hs**2))',
            W_hh='np.einsum("tbg,tbh->gh", befores, das / (1 - hs**2))',
            b_h="(das / (1 - hs**2)).sum(axis=(0, 1))",
        ),
    ),
    ex3(
        "bias not summed over the batch",
        1,
        "dxs and dh_0 are right; the bias has a gradient for each example.",
        "b_h: expected float64 (5,), got float64 (3, 5)",
        backward(b_h="das.sum(axis=0)"),
    ),
    ex3(
        "dh_1 for dh_0",
        3,
        "dxs and the parameters' gradients are right; the walk stops before the first step.",
        "dh_0 is dh_1: the way through the first step is missing",
        backward(dh_0="dh"),
    ),
    ex3(
        "da_1 for dh_0",
        3,
        "dxs and the parameters' gradients are right; the walk stops before the first weight.",
        "dh_0 is da_1: the way through W_hh is missing",
        backward(dh_0="das[0]"),
    ),
    ex3(
        "dxs turned round",
        2,
        "dh_0 and the parameters' gradients are right; dxs runs backwards.",
        "dxs is in the order of the walk, last step first",
        backward(dxs="(das @ W_xh.T)[::-1]"),
    ),
    ex3(
        "float32",
        0,
        "Half of the digits are lost on the way.",
        "got float32",
        "dhs, xs, hs, h_0, W_xh, W_hh = (a.astype(np.float32) for a in (dhs, xs, hs, h_0, W_xh, W_hh))" + backward(),
    ),
    ex3(
        "list",
        2,
        "dh_0 and the parameters' gradients are right; dxs is no array.",
        "dxs: expected float64 (4, 3, 2), got list",
        backward(dxs="list(das @ W_xh.T)"),
    ),
    ex3(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import RNN\n" + backward(),
    ),
]

BACKWARD_VARIANTS = [
    v3("smallest", backward()),
    v3(
        "sums in the walk",
        """
        grads = {"W_xh": np.zeros_like(W_xh), "W_hh": np.zeros_like(W_hh), "b_h": np.zeros(len(W_hh))}
        dxs, dh_next = [], 0
        for t in range(len(xs) - 1, -1, -1):
            h_prev = hs[t - 1] if t > 0 else h_0
            da = (dhs[t] + dh_next) * (1 - hs[t] * hs[t])
            grads["W_xh"] += xs[t].T @ da
            grads["W_hh"] += h_prev.T @ da
            grads["b_h"] += da.sum(axis=0)
            dxs.insert(0, da @ W_xh.T)
            dh_next = da @ W_hh.T
        return np.stack(dxs), dh_next, grads
        """,
    ),
    v3(
        "loss by loss",
        """
        T, B, H = dhs.shape
        das, dh_0 = np.zeros((T, B, H)), np.zeros((B, H))
        for k in range(T):
            d = dhs[k]
            for t in range(k, -1, -1):
                da = d * (1 + hs[t]) * (1 - hs[t])
                das[t] += da
                d = np.einsum("bh,gh->bg", da, W_hh)
            dh_0 += d
        data = np.concatenate([xs, np.concatenate([h_0[None], hs])[:T], np.ones((T, B, 1))], axis=2)
        all_of_them = np.tensordot(data, das, axes=((0, 1), (0, 1)))
        D = xs.shape[2]
        grads = dict(b_h=all_of_them[-1], W_hh=all_of_them[D:-1], W_xh=all_of_them[:D])
        return np.einsum("tbh,dh->tbd", das, W_xh), dh_0, grads
        """,
    ),
    v3(
        "overwrites dhs",
        """
        for t in range(len(dhs))[::-1]:
            dhs[t] *= 1 - hs[t] ** 2
            if t:
                dhs[t - 1] += dhs[t] @ W_hh.T
        flat = dhs.reshape(-1, dhs.shape[-1])
        befores = np.vstack([h_0, hs[:-1].reshape(-1, hs.shape[-1])])
        grads = {"W_xh": xs.reshape(len(flat), -1).T @ flat, "W_hh": befores.T @ flat, "b_h": flat.sum(0)}
        return dhs @ W_xh.T, dhs[0] @ W_hh.T, grads
        """,
    ),
]

# ---- exercise 4, truncation: value 1, full 1, reach 1, hidden 1 ----


def truncated(
    ends="range(k1, len(own) + 1, k1)",
    before="",
    start="np.zeros_like(own[0])",
    low="max(end - k2, 0)",
    order="reversed",
    when="t >= end - k1",
    into="dh + own[t]",
    share="shares[t] + share",
    result="np.stack(shares)",
):
    """The body of the truncated walk, with one part of it changed."""
    return f"""
shares = [0.0 * step_back(own[t], t)[1] for t in range(len(own))]
{before}
for end in {ends}:
    dh = {start}
    for t in {order}(range({low}, end)):
        if {when}:
            dh = {into}
        dh, share = step_back(dh, t)
        shares[t] = {share}
return {result}
"""


TRUNCATED = [
    ex4("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex4("constant", 0, "Shapes alone are no answer.", "shares is off", truncated(into="dh * 0.0")),
    ex4("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", truncated(into="dh * np.nan")),
    ex4(
        "losses counted twice",
        1,
        "Reach is right; a loss that stands in several windows counts in each of them.",
        "a group took up losses that an earlier group had counted",
        truncated(when="True"),
    ),
    ex4(
        "cut after k1",
        0,
        "The window is forgotten: every group goes back over its own steps alone.",
        "each group went back k1 steps, where k2 belong",
        truncated(low="end - k1"),
    ),
    ex4(
        "nothing is cut",
        1,
        "The full gradient, which is right where nothing is to be cut.",
        "nothing was cut: every group went back to the first step",
        truncated(low="0"),
    ),
    ex4(
        "window before the group",
        1,
        "Full backpropagation is right; the window lies before the group, so that k1 + k2 steps are visited.",
        "the window of k2 steps was counted from the start of the group, not from its end",
        truncated(low="max(end - k1 - k2, 0)"),
    ),
    ex4(
        "each loss its own window",
        1,
        "Full backpropagation is right; a window belongs to a group, not to a loss.",
        "every loss went back k2 steps of its own, but a window belongs to a group",
        truncated(ends="range(1, len(own) + 1)", when="t == end - 1"),
    ),
    ex4(
        "last loss of the group alone",
        0,
        "k1 - 1 of k1 losses never count.",
        "only the last loss of each group came in",
        truncated(when="t == end - 1"),
    ),
    ex4(
        "gradient carried on",
        0,
        "What an earlier group handed back to its past goes into a later group's end.",
        "dh went on from one group to the next, but each group starts at zero",
        truncated(before="dh = np.zeros_like(own[0])", start="dh"),
    ),
    ex4(
        "= for +=",
        0,
        "A later group's visit overwrites the earlier ones.",
        "of several visits to a step only the last one counts",
        truncated(share="share"),
    ),
    ex4(
        "one step short",
        0,
        "The windows have k2 - 1 steps.",
        "the window is one step short",
        truncated(low="max(end - k2 + 1, 0)"),
    ),
    ex4(
        "one step too many",
        1,
        "Full backpropagation is right; the windows have k2 + 1 steps.",
        "the window is one step too long",
        truncated(low="max(end - k2 - 1, 0)"),
    ),
    ex4(
        "below zero",
        0,
        "Where the window is longer than the past, steps are taken from the end of the sequence.",
        "the window runs below t = 0: a negative index counts from the end",
        truncated(low="end - k2"),
    ),
    ex4(
        "forwards in a window",
        0,
        "Gradients flow from later steps to earlier ones.",
        "the walk through a window goes forwards in time",
        truncated(order="list"),
    ),
    ex4(
        "last group forgotten",
        0,
        "The losses of the last k1 steps never count.",
        "the last group is missing",
        truncated(ends="range(k1, len(own), k1)"),
    ),
    ex4(
        "own loss alone",
        0,
        "A new dh at each step of the group: nothing flows inside it.",
        "own[t] took the place of dh, to which it has to be added",
        truncated(into="own[t]"),
    ),
    ex4(
        "the sum of the shares",
        0,
        "The gradient, not the share of each step: an axis is lost.",
        "expected float64 (6, 2, 2), got float64 (2, 2)",
        truncated(result="sum(shares)"),
    ),
    ex4("list", 0, "What comes back is no array.", "got list", truncated(result="shares")),
    ex4(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import truncated_bptt\n" + truncated(),
    ),
]

TRUNCATED_VARIANTS = [
    v4("shares first", truncated()),
    v4(
        "loss by loss",
        """
        shares = None
        for k, dh in enumerate(own):
            end = (k // k1 + 1) * k1
            for t in range(k, max(end - k2, 0) - 1, -1):
                dh, share = step_back(dh, t)
                if shares is None:
                    shares = np.zeros((len(own), *np.shape(share)))
                shares[t] += share
        return shares
        """,
    ),
    v4(
        "masked losses",
        """
        T, total = len(own), 0
        group = np.arange(T) // k1
        for g in range(T // k1):
            mine, dh, row = own * (group == g)[:, None, None], 0, [None] * T
            for t in range(T)[::-1]:
                inside = (g + 1) * k1 - k2 <= t < (g + 1) * k1
                back, row[t] = step_back((mine[t] + dh) * inside, t)
                dh = back
            total = total + np.array(row)
        return total
        """,
    ),
    v4(
        "overwrites own",
        """
        T, shares = len(own), {}
        for end in range(T, 0, -k1):
            dh, t = None, end - 1
            while t >= 0 and t >= end - k2:
                if t >= end - k1:
                    dh = own[t] if dh is None else own[t] + dh
                    own[t] = dh
                dh, share = step_back(dh, t)
                shares.setdefault(t, []).append(share)
                t -= 1
        return np.array([np.sum(shares[t], axis=0) for t in range(T)])
        """,
    ),
]

# ---- exercise 5, the bug: value 1, grad 1, resume 1, hidden 1 ----


def train(
    before="pass",
    starts="range(0, len(xs), k)",
    state="h",
    dhs="hs - target",
    after="pass",
    update="w = w - rate * dw",
    on="h = hs[-1]",
    result="np.array(weights), h",
):
    """The body of the mended loop, with one part of it changed."""
    return f"""
h, dh, weights = h_0, np.zeros_like(h_0), []
{before}
for start in {starts}:
    x, target = xs[start : start + k], targets[start : start + k]
    hs = neuron_forward(x, {state}, w)
    dhs = {dhs}
    {after}
    dh, dw = neuron_backward(dhs, x, hs, w)
    {update}
    weights.append(w)
    {on}
return {result}
"""


TRAIN = [
    ex5("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex5(
        "constant",
        0,
        "Shapes alone are no answer.",
        "the first window changed nothing",
        "return np.full(-(-len(xs) // k), w), np.zeros_like(h_0)",
    ),
    ex5(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        train(update="w = w + 0 * dw", result="np.array(weights) * np.nan, h"),
    ),
    ex5(
        "handed in as found",
        0,
        "The bug is still there.",
        "the bug is still there: the gradient of a window's first state went into the next window",
        train(after="dhs[-1] += dh"),
    ),
    ex5(
        "added at the first step",
        0,
        "The gradient still goes from an earlier window to a later one, to another step of it.",
        "the bug moved to the first step: no gradient of an earlier window belongs into a later one",
        train(after="dhs[0] += dh"),
    ),
    ex5(
        "subtracted",
        0,
        "The gradient still goes from an earlier window to a later one, with the other sign.",
        "the bug has another sign: no gradient of an earlier window belongs into a later one",
        train(after="dhs[-1] -= dh"),
    ),
    ex5(
        "a reset as well",
        0,
        "The bug is gone, and with it the state: every window starts from zeros. Another model.",
        "every window starts from zeros: the state goes on, only the gradient is cut",
        train(state="np.zeros_like(h_0)"),
    ),
    ex5(
        "back to h_0",
        0,
        "The bug is gone, and with it the state: every window starts from h_0. Another model.",
        "every window starts from h_0: the state goes on, only the gradient is cut",
        train(state="h_0"),
    ),
    ex5(
        "first state carried on",
        0,
        "The bug is gone; the state that goes on is that of the window's first step.",
        "the state after the window's first step went on, not that after its last",
        train(on="h = hs[0]"),
    ),
    ex5(
        "state made anew",
        1,
        "The bug is gone; the state goes on as if the new w had made it.",
        "the state was computed again with the new w: it goes on as it was",
        train(on="h = neuron_forward(x, h, w)[-1]"),
    ),
    ex5(
        "the gradient goes on in place of the state",
        0,
        "The bug is gone; a gradient takes the place of the state.",
        "dh went on where the state belongs",
        train(on="h = dh"),
    ),
    ex5(
        "gradients pile up",
        0,
        "The bug is gone; each update has the gradients of all windows before in it.",
        "the gradients of earlier windows were added to the update",
        train(before="total = 0", update="total = total + dw; w = w - rate * total"),
    ),
    ex5(
        "always from the first w",
        0,
        "The bug is gone; each update forgets the one before.",
        "the next window does not get the updated w",
        train(before="now = w", update="now = w - rate * dw").replace("weights.append(w)", "weights.append(now)"),
    ),
    ex5(
        "mean over the window",
        1,
        "The bug is gone, and state and weight go on as they should; the loss is a sum.",
        "the mean over the window's steps, not the sum",
        train(dhs="(hs - target) / len(x)"),
    ),
    ex5(
        "uphill",
        1,
        "The bug is gone, and state and weight go on as they should; the update goes the wrong way.",
        "the update goes uphill",
        train(update="w = w + rate * dw"),
    ),
    ex5(
        "initial weight in front",
        0,
        "The bug is gone; what is asked for is w after each update.",
        "weights: expected float64 (3,), got float64 (4,)",
        train(before="weights.append(w)"),
    ),
    ex5(
        "weights before their update",
        0,
        "The bug is gone; every weight stands one window too late, and the last is lost.",
        "w was kept before its update",
        train(update="weights.append(w); w = w - rate * dw").replace("    weights.append(w)\n    h =", "    h ="),
    ),
    ex5(
        "shorter window left out",
        1,
        "The bug is gone, and whole windows are right; the end of the stream is thrown away where it fills no window.",
        "weights: expected float64 (3,), got float64 (2,)",
        train(starts="range(0, len(xs) - k + 1, k)"),
    ),
    ex5(
        "not cut",
        0,
        "The bug is gone, and so are the windows: one update for the whole stream.",
        "weights: expected float64 (3,), got float64 (1,)",
        "k = len(xs)" + train(),
    ),
    ex5(
        "last loss of a window alone",
        1,
        "The bug is gone, and state and weight go on as they should; a window has a loss at each of its steps.",
        "only the loss at the end of each window came in",
        train(after="dhs[:-1] = 0"),
    ),
    ex5(
        "list",
        0,
        "What comes back is no array.",
        "got list",
        train(result="weights, h"),
    ),
    ex5(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import truncated_bptt\n" + train(),
    ),
]

TRAIN_VARIANTS = [
    v5("smallest change", train()),
    v5("gradient set to zero", train(after="dhs[-1] += 0 * dh")),
    v5(
        "forwards, one step at a time",
        """
        h, slope, dw, weights = h_0.copy(), np.zeros_like(h_0), 0.0, []
        for t in range(len(xs)):
            slope = h + w * slope
            h = w * h + xs[t]
            dw += np.dot(h - targets[t], slope)
            if t % k == k - 1 or t == len(xs) - 1:
                w -= rate * dw
                slope, dw = np.zeros_like(h_0), 0.0
                weights.append(w)
        return np.array(weights), h
        """,
    ),
    v5(
        "recursion, overwrites xs",
        """
        hs = neuron_forward(xs[:k], h_0, w)
        dw = neuron_backward(hs - targets[:k], xs[:k], hs, w)[1]
        new = w - rate * dw
        xs[:k] = 0
        if len(xs) <= k:
            return np.array([new]), hs[-1]
        rest, h = train_windows(xs[k:], targets[k:], hs[-1], new, k, rate)
        return np.concatenate([[new], rest]), h
        """,
    ),
]

MISTAKES = SLOPES + CHECK + BACKWARD + TRUNCATED + TRAIN
VARIANTS = SLOPES_VARIANTS + CHECK_VARIANTS + BACKWARD_VARIANTS + TRUNCATED_VARIANTS + TRAIN_VARIANTS
EQUIVALENT = {}
