"""Wrong answers to assignment 5 with the points they deserve, and right ones written otherwise.

Functions are judged by what they return. One that also changes its arguments gets its points: where answers run in a process
of their own, only values come back, and a mark must not depend on where an answer runs.
"""

from scripts.mistake import STUB, makers

HEADS = {
    "ch05-ex1-ceilings": "def ceilings(xs, ts):",
    "ch05-ex2-forward": "def jordan_forward(p, xs, ts, y_0, told):",
    "ch05-ex3-backward": "def jordan_backward(p, xs, prevs, hs, ys, told, dys):",
    "ch05-ex4-forced": "def forced_states(xs, ts, y_0, W_xh, W_yh, b_h):",
    "ch05-ex5-stack": "def stack_forward(xs, state, layers):",
}


(ex1, ex2, ex3, ex4, ex5), (v1, v2, v3, v4, v5) = makers(HEADS)

# ---- exercise 1, the best score: shape 1, value 1, hidden 1 ----


def grouped(
    prevs="np.concatenate([np.zeros((1, N)), ts[:-1]])",
    key="(xs[t, n], prevs[t, n])",
    share="sum(max(due.count(a) for a in due) for due in groups.values()) / N",
    result="shares",
):
    """The body of the model answer, with one part of it changed."""
    return f"""
T, N = xs.shape
prevs = {prevs}
shares = np.zeros(T)
for t in range(T):
    groups = {{}}
    for n in range(N):
        groups.setdefault({key}, []).append(ts[t, n])
    shares[t] = {share}
return {result}
"""


CEILINGS = [
    ex1("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex1(
        "constant",
        0,
        "A share that no table was made for.",
        "three different tasks got the same shares",
        "return np.full(len(xs), 0.5)",
    ),
    ex1("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", "return np.full(len(xs), np.nan)"),
    ex1(
        "answer of the same step",
        0,
        "Who is told the answer that is due is always right.",
        "the answer that is due is in the pair: whoever sees it is always right",
        grouped(prevs="ts"),
    ),
    ex1(
        "input alone",
        1,
        "A share of the right form, for a network that nothing is fed back to.",
        "the answer before plays no part: groups are pairs, not inputs",
        grouped(key="xs[t, n]"),
    ),
    ex1(
        "answer before alone",
        1,
        "A share of the right form, for a network without input.",
        "the present input plays no part: groups are pairs, not answers",
        grouped(key="prevs[t, n]"),
    ),
    ex1(
        "no groups",
        1,
        "A share of the right form, for one who sees nothing.",
        "there are no groups: this is the share of the most frequent answer, whatever is seen",
        "return np.array([max(list(row).count(a) for a in row) / len(row) for row in ts])",
    ),
    ex1(
        "product of the pair",
        0,
        "Pairs with the same product fall into one group, and the symbols' names begin to matter.",
        "pairs with the same product fall into one group",
        grouped(key="xs[t, n] * prevs[t, n]"),
    ),
    ex1(
        "groups count alike",
        1,
        "A share of the right form; a group of one counts as much as a group of ten.",
        "each group counts the same, large or small: add up right answers, then divide by N",
        grouped(share="np.mean([max(due.count(a) for a in due) / len(due) for due in groups.values()])"),
    ),
    ex1(
        "sign of the mean",
        0,
        "It takes answers for the numbers -1 and 1, where they are symbols.",
        "answers were taken for numbers, but they are symbols",
        grouped(share="sum((len(due) + abs(sum(due))) / 2 for due in groups.values()) / N"),
    ),
    ex1(
        "wraps round",
        1,
        "Right from the second step on; the first is told the last answer.",
        "the first step reads the last answer: put 0 for all",
        grouped(prevs="np.roll(ts, 1, axis=0)"),
    ),
    ex1(
        "shifted the wrong way",
        1,
        "A share of the right form, for a network that is told what comes next.",
        "the answer of the step after is read, not of the step before",
        grouped(prevs="np.concatenate([ts[1:], np.zeros((1, N))])"),
    ),
    ex1(
        "two steps back",
        1,
        "A share of the right form; what is fed back comes a step too late.",
        "the answer of two steps before is read",
        grouped(prevs="np.concatenate([np.zeros((2, N)), ts])[:T]"),
    ),
    ex1(
        "all inputs so far",
        0,
        "That is the ceiling of a network that hands on its hidden state.",
        "all inputs so far were used: the network sees the present one alone",
        grouped(key="tuple(xs[: t + 1, n])"),
    ),
    ex1(
        "input before as well",
        1,
        "A share of the right form; an input is remembered that nothing has handed on.",
        "the input of the step before is used too, which nothing hands on",
        grouped(key="(xs[t, n], prevs[t, n], xs[max(t - 1, 0), n])"),
    ),
    ex1(
        "one function for all steps",
        1,
        "A share of the right form; one function has to serve all steps, and the shares are their own.",
        "the same function serves every step: each step has groups of its own",
        """
        T, N = xs.shape
        prevs, groups, shares = np.concatenate([np.zeros((1, N)), ts[:-1]]), {}, np.zeros(T)
        for t, n in np.ndindex(T, N):
            groups.setdefault((xs[t, n], prevs[t, n]), []).append(ts[t, n])
        best = {pair: max(sorted(set(due)), key=due.count) for pair, due in groups.items()}
        for t, n in np.ndindex(T, N):
            shares[t] += (best[xs[t, n], prevs[t, n]] == ts[t, n]) / N
        return shares
        """,
    ),
    ex1(
        "counts",
        1,
        "The right answers are counted, and not divided by N.",
        "these are counts, not shares: divide by N",
        grouped(share="sum(max(due.count(a) for a in due) for due in groups.values())"),
    ),
    ex1("mean over the steps", 0, "One number for all steps.", "got float", grouped(result="float(shares.mean())")),
    ex1("list", 0, "What comes back is no array.", "got list", grouped(result="shares.tolist()")),
    ex1(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import JordanCell\nreturn JordanCell(1, 16, 1, np.random.default_rng(0)).step(xs, ts)[0]",
    ),
]

CEILINGS_VARIANTS = [
    v1("dict of lists", grouped()),
    v1(
        "counters",
        """
        from collections import Counter

        shares, prev = [], [0] * xs.shape[1]
        for x, due in zip(xs.tolist(), ts.tolist()):
            best = {}
            for (a, b, _), n in Counter(zip(x, prev, due)).items():
                best[a, b] = max(n, best.get((a, b), 0))
            shares.append(sum(best.values()) / len(x))
            prev = due
        return np.array(shares)
        """,
    ),
    v1(
        "masks",
        """
        T, N = ts.shape
        shares = np.empty(T)
        for t in range(T):
            prev, right = (ts[t - 1] if t > 0 else np.zeros(N)), 0
            for x in np.unique(xs[t]):
                for y in np.unique(prev):
                    here = ts[t][(xs[t] == x) & (prev == y)]
                    right += np.unique(here, return_counts=True)[1].max() if here.size else 0
            shares[t] = right / N
        return shares
        """,
    ),
    v1(
        "overwrites ts",
        """
        dues = ts.copy()
        ts[1:], ts[0] = dues[:-1], 0
        T, N = xs.shape
        shares = np.zeros(T)
        for t in range(T):
            for x, y in set(zip(xs[t], ts[t])):
                due = dues[t, (xs[t] == x) & (ts[t] == y)].tolist()
                shares[t] += max(map(due.count, due))
        return shares / N
        """,
    ),
]

# ---- exercise 2, forward: shape 1, value 1, ends 1, hidden 1 ----


def forward(
    first="y_0",
    start="t > 0",
    prev="np.where(told[t][:, None], ts[t - 1], ys[t - 1])",
    h='np.tanh(xs[t] @ p["W_xh"] + prev @ p["W_yh"] + p["b_h"])',
    y='np.tanh(hs[t] @ p["W_hy"] + p["b_y"])',
    result="np.stack(prevs), np.stack(hs), np.stack(ys)",
):
    """The body of the model answer, with one part of it changed."""
    return f"""
prev, prevs, hs, ys = {first}, [], [], []
for t in range(len(xs)):
    if {start}:
        prev = {prev}
    prevs.append(prev)
    hs.append({h})
    ys.append({y})
return {result}
"""


FORWARD = [
    ex2("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex2(
        "constant",
        0,
        "Shapes alone are no answer.",
        "every number of ys is the same",
        'return np.zeros_like(ts), np.zeros((*told.shape, len(p["b_h"]))), np.zeros_like(ts)',
    ),
    ex2(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        'return ts * np.nan, np.full((*told.shape, len(p["b_h"])), np.nan), ts * np.nan',
    ),
    ex2(
        "nothing fed back",
        1,
        "Shapes and rows are right; every step reads y_0.",
        "what is fed back plays no part in hs: they are made of the inputs alone",
        forward(start="False").replace("prev @", "0 * prev @"),
    ),
    ex2(
        "y_0 at every step",
        1,
        "Shapes and rows are right; neither outputs nor targets are fed back.",
        "every step reads y_0: nothing is fed back",
        forward(start="False"),
    ),
    ex2(
        "never told",
        1,
        "A free run, whatever told says.",
        "the outputs are fed back throughout: told plays no part",
        forward(prev="ys[t - 1]"),
    ),
    ex2(
        "always told",
        1,
        "Teacher forcing, whatever told says.",
        "the targets are fed back throughout: told plays no part",
        forward(prev="ts[t - 1]"),
    ),
    ex2(
        "told the wrong way round",
        1,
        "Outputs where targets belong, and targets where outputs do.",
        "told is read the wrong way round",
        forward(prev="np.where(told[t][:, None], ys[t - 1], ts[t - 1])"),
    ),
    ex2(
        "target of the same step",
        1,
        "The network is told the answer that it has to give.",
        "the target of the same step is fed, not that of the step before",
        forward(prev="np.where(told[t][:, None], ts[t], ys[t - 1])"),
    ),
    ex2(
        "told a step late",
        2,
        "Free run and teacher forcing are right; in between, the mask of the step before decides.",
        "told[t - 1] decides about step t, where told[t] should",
        forward(prev="np.where(told[t - 1][:, None], ts[t - 1], ys[t - 1])"),
    ),
    ex2(
        "told at the first step",
        1,
        "At t = 0 the index t - 1 is -1, the last target.",
        "the first step reads ts[-1] where told: it should read y_0",
        forward(prev="np.where(told[t][:, None], ts[t - 1], ys[-1] if ys else y_0)", start="True"),
    ),
    ex2(
        "starts from zeros",
        1,
        "The loop is right; the y_0 that it was given is ignored.",
        "the first step reads zeros, not y_0",
        forward(first="np.zeros_like(y_0)"),
    ),
    ex2(
        "told for all if for one",
        1,
        "Free run and teacher forcing are right; in between, the mask of one example decides about the others.",
        "one example that is told decides for all the others",
        forward(prev="ts[t - 1] if told[t].any() else ys[t - 1]"),
    ),
    ex2(
        "told without an axis",
        1,
        "Free run and teacher forcing are right where B = K; otherwise it does not even run.",
        "an axis for the K outputs",
        forward(prev="np.where(told[t], ts[t - 1], ys[t - 1])"),
    ),
    ex2(
        "output without tanh",
        2,
        "What is fed back and when is right; the outputs are not.",
        "the output's tanh is missing: g is not the identity here",
        forward(y='hs[t] @ p["W_hy"] + p["b_y"]'),
    ),
    ex2(
        "no b_y",
        2,
        "What is fed back and when is right; the outputs lack their bias.",
        "b_y is left out",
        forward(y='np.tanh(hs[t] @ p["W_hy"])'),
    ),
    ex2(
        "hidden without tanh",
        2,
        "What is fed back and when is right; the hidden units are not.",
        "the tanh of the hidden units is missing",
        forward(h='xs[t] @ p["W_xh"] + prev @ p["W_yh"] + p["b_h"]'),
    ),
    ex2(
        "W_xh and W_yh swapped",
        0,
        "The input goes through the output's weights; this runs only where D = K.",
        "W_xh and W_yh are swapped",
        forward(h='np.tanh(xs[t] @ p["W_yh"] + prev @ p["W_xh"] + p["b_h"])'),
    ),
    ex2(
        "prevs one step late",
        2,
        "hs and ys are right; prevs holds the outputs, not what was read.",
        "prevs holds the outputs that came out, not what each step read",
        forward(result="np.stack(ys), np.stack(hs), np.stack(ys)"),
    ),
    ex2(
        "states and outputs swapped",
        1,
        "What is fed back is right; two of three results stand in each other's place.",
        "hs: expected float64 (4, 3, 5), got float64 (4, 3, 1)",
        forward(result="np.stack(prevs), np.stack(ys), np.stack(hs)"),
    ),
    ex2(
        "no prevs",
        0,
        "The backward pass cannot do without what was read.",
        "expected 3 values (prevs, hs, ys), got 2 values",
        forward(result="np.stack(hs), np.stack(ys)"),
    ),
    ex2(
        "lists",
        1,
        "The numbers are right; what comes back are no arrays.",
        "prevs: expected float64 (4, 3, 1), got list",
        forward(result="prevs, hs, ys"),
    ),
    ex2(
        "float32",
        1,
        "The numbers are right to six decimals; half of their digits are lost.",
        "got float32",
        forward(result="tuple(np.stack(a).astype(np.float32) for a in (prevs, hs, ys))"),
    ),
    ex2(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import JordanCell, Unrolled\nreturn Unrolled(JordanCell(2, 4, 2, None)).forward(xs, (y_0,))",
    ),
]

FORWARD_VARIANTS = [
    v2("smallest loop", forward()),
    v2(
        "room made first, mask as a number",
        """
        T, B, K = ts.shape
        m = told.astype(float)[..., None]
        prevs, ys = np.zeros((T, B, K)), np.zeros((T, B, K))
        hs = np.zeros((T, B, p["W_yh"].shape[1]))
        prevs[0] = y_0
        for t in range(T):
            hs[t] = np.tanh(np.einsum("bd,dh->bh", xs[t], p["W_xh"]) + np.einsum("bk,kh->bh", prevs[t], p["W_yh"]) + p["b_h"])
            ys[t] = np.tanh(np.einsum("bh,hk->bk", hs[t], p["W_hy"]) + p["b_y"])
            if t + 1 < T:
                prevs[t + 1] = m[t + 1] * ts[t] + (1 - m[t + 1]) * ys[t]
        return prevs, hs, ys
        """,
    ),
    v2(
        "one example at a time",
        """
        results = []
        for b in range(xs.shape[1]):
            read, rows = y_0[b], []
            for t in range(len(xs)):
                if t and told[t, b]:
                    read = ts[t - 1, b]
                h = np.tanh(np.concatenate([xs[t, b], read, [1]]) @ np.vstack([p["W_xh"], p["W_yh"], p["b_h"]]))
                y = np.tanh(p["W_hy"].T @ h + p["b_y"])
                rows.append((read, h, y))
                read = y
            results.append([np.array(column) for column in zip(*rows)])
        return tuple(np.stack(column, axis=1) for column in zip(*results))
        """,
    ),
    v2(
        "overwrites ts",
        """
        hs, ys, prevs = [], [], [y_0]
        for t, x in enumerate(xs):
            hs.append(np.tanh(p["b_h"] + prevs[t] @ p["W_yh"] + x @ p["W_xh"]))
            ys.append(np.tanh(p["b_y"] + hs[t] @ p["W_hy"]))
            if t + 1 < len(xs):
                ts[t][~told[t + 1]] = ys[t][~told[t + 1]]
                prevs.append(ts[t])
        return np.array(prevs), np.array(hs), np.array(ys)
        """,
    ),
]

# ---- exercise 3, backward: shape 1, value 1, reach 1, hidden 1, hidden-grad 1 ----


def backward(
    steps="reversed(range(len(xs)))",
    dy="dys[t] + later",
    slope_y="(1 - ys[t] ** 2)",
    slope_h="(1 - hs[t] ** 2)",
    W_hy="+= hs[t].T @ da_y",
    b_y="+= da_y.sum(axis=0)",
    W_xh="+= xs[t].T @ da",
    W_yh="+= prevs[t].T @ da",
    b_h="+= da.sum(axis=0)",
    later="later = np.where(told[t][:, None], 0, dprev)",
    result="dxs, dprev, grads",
):
    """The body of the model answer, with one part of it changed."""
    return f"""
grads = {{name: np.zeros_like(w) for name, w in p.items()}}
dxs, later = np.zeros_like(xs), np.zeros_like(dys[0])
for t in {steps}:
    da_y = ({dy}) * {slope_y}
    da = (da_y @ p["W_hy"].T) * {slope_h}
    grads["W_hy"] {W_hy}
    grads["b_y"] {b_y}
    grads["W_xh"] {W_xh}
    grads["W_yh"] {W_yh}
    grads["b_h"] {b_h}
    dxs[t] = da @ p["W_xh"].T
    dprev = da @ p["W_yh"].T
    {later}
return {result}
"""


BACKWARD = [
    ex3("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex3(
        "constant",
        0,
        "Shapes alone are no answer.",
        "dxs is 0 throughout",
        "return np.zeros_like(xs), np.zeros_like(dys[0]), {name: np.zeros_like(w) for name, w in p.items()}",
    ),
    ex3(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        "return xs * np.nan, dys[0] * np.nan, {name: w * np.nan for name, w in p.items()}",
    ),
    ex3(
        "never cut",
        1,
        "Shapes are right; the gradient runs on through targets.",
        "nothing is cut: the gradient runs on through targets, which want none",
        backward(later="later = dprev"),
    ),
    ex3(
        "always cut",
        1,
        "Shapes are right; nothing goes back through the outputs that were fed back.",
        "nothing goes back through the outputs that were fed back: the later step's part is missing",
        backward(dy="dys[t]"),
    ),
    ex3(
        "cut the wrong way round",
        1,
        "Shapes are right; the gradient goes on where a target was read, and stops where an output was.",
        "told cuts the wrong way round: the way back is open where an output was read",
        backward(later="later = np.where(told[t][:, None], dprev, 0)"),
    ),
    ex3(
        "cut a step late",
        1,
        "Shapes are right; the mask of the wrong step decides.",
        "told[t - 1] decides what step t sends back, where told[t] should",
        backward(later="later = np.where(told[t - 1][:, None], 0, dprev)"),
    ),
    ex3(
        "cut a step early",
        1,
        "Shapes are right; the mask of the wrong step decides.",
        "told[t + 1] decides what step t sends back, where told[t] should",
        backward(later="later = np.where(told[min(t + 1, len(xs) - 1)][:, None], 0, dprev)"),
    ),
    ex3(
        "cut for all if for one",
        1,
        "Shapes are right; the mask of one example cuts the others off.",
        "one told example cuts the way back of all others",
        backward(later="later = 0 * dprev if told[t].any() else dprev"),
    ),
    ex3(
        "told without an axis",
        0,
        "It runs only where B = 1, or B = K, and cuts the wrong numbers there.",
        "an axis for the K outputs",
        backward(later="later = np.where(told[t], 0, dprev)"),
    ),
    ex3(
        "dy_0 cut by told[0]",
        2,
        "dxs and the parameters' gradients are right; y_0 is read whatever told says.",
        "dy_0 is cut where told[0] is True: the first step reads y_0 all the same",
        backward(result="dxs, later, grads"),
    ),
    ex3(
        "dy_0 forgotten",
        1,
        "The parameters' gradients are right; y_0 gets nothing.",
        "dy_0 is 0 throughout",
        backward(result="dxs, 0 * dprev, grads"),
    ),
    ex3(
        "da_1 for dy_0",
        3,
        "The rest is right; dy_0 is the gradient of the first output, not of what the first step read.",
        "dy_0 is the gradient of the first output, not of what the first step read",
        backward(result="dxs, da_y, grads"),
    ),
    ex3(
        "output's slope missing",
        2,
        "Shapes and reach are right; the numbers are not.",
        "the slope of the output's tanh is missing",
        backward(slope_y="1"),
    ),
    ex3(
        "hidden slope missing",
        2,
        "Shapes and reach are right; the numbers are not.",
        "the slope of the hidden units' tanh is missing",
        backward(slope_h="1"),
    ),
    ex3(
        "slope on the loss's part alone",
        2,
        "Shapes and reach are right; what comes from the later step passes the tanh by.",
        "what the later step sends passes the output's tanh by",
        backward(dy="dys[t] * (1 - ys[t] ** 2) + later", slope_y="1"),
    ),
    ex3(
        "outputs for what was read",
        3,
        "dxs, dy_0 and the reach are right; W_yh collects outputs where targets were read.",
        "dW_yh is taken with the outputs, also where a target was read",
        backward(W_yh="+= (ys[t - 1] if t else prevs[0]).T @ da"),
    ),
    ex3(
        "the present output for what was read",
        3,
        "dxs, dy_0 and the reach are right; W_yh collects the output of the same step.",
        "dW_yh is taken with the output of the same step, not with what that step read",
        backward(W_yh="+= ys[t].T @ da"),
    ),
    ex3(
        "W_yh learns nothing when told",
        3,
        "dxs, dy_0 and the reach are right; a target that was read is an input of W_yh like any other.",
        "dW_yh leaves out the steps that read a target: the weights were used there too",
        backward(W_yh="+= np.where(told[t][:, None], 0, prevs[t]).T @ da"),
    ),
    ex3(
        "dy for da_y in dW_hy",
        3,
        "dxs, dy_0 and the reach are right; dW_hy passes the tanh by.",
        "dW_hy is taken with dy: the output's tanh was passed by",
        backward(W_hy="+= hs[t].T @ (dys[t] + later)"),
    ),
    ex3(
        "= for += in dW_yh",
        3,
        "dxs, dy_0 and the reach are right; of the sum only the first step is left.",
        "dW_yh holds the first step's term alone: add up over t",
        backward(W_yh="= prevs[t].T @ da"),
    ),
    ex3(
        "= for += throughout",
        3,
        "dxs, dy_0 and the reach are right; of all five sums only the first step is left.",
        "all sums hold the first step's term alone: add up over t",
        backward(
            W_hy="= hs[t].T @ da_y",
            b_y="= da_y.sum(axis=0)",
            W_xh="= xs[t].T @ da",
            W_yh="= prevs[t].T @ da",
            b_h="= da.sum(axis=0)",
        ),
    ),
    ex3(
        "bias: mean over the batch",
        3,
        "dxs, dy_0 and the reach are right; the biases' gradients are B times too small.",
        "the biases' gradients are means over the batch, not sums",
        backward(b_y="+= da_y.mean(axis=0)", b_h="+= da.mean(axis=0)"),
    ),
    ex3(
        "no b_y",
        2,
        "dxs, dy_0 and the reach are right; a parameter without a gradient never learns.",
        "expected dxs, dy_0, W_xh, W_yh, b_h, W_hy, b_y, got dxs, dy_0, W_xh, W_yh, b_h, W_hy",
        backward(result='dxs, dprev, {k: grads[k] for k in ("W_xh", "W_yh", "b_h", "W_hy")}'),
    ),
    ex3(
        "forwards in time",
        1,
        "Shapes are right; gradients flow from earlier steps to later ones.",
        "the walk goes forwards in time",
        backward(steps="range(len(xs))"),
    ),
    ex3(
        "what came in goes on",
        1,
        "Shapes are right; what a step has taken in is handed on once more.",
        "what a step has got from the next one is handed on a second time",
        backward(later="later = later + np.where(told[t][:, None], 0, dprev)"),
    ),
    ex3(
        "dxs turned round",
        2,
        "The parameters' gradients and all shapes are right; dxs runs backwards.",
        "dxs is in the order of the walk, last step first",
        backward(result="dxs[::-1], dprev, grads"),
    ),
    ex3(
        "float32",
        1,
        "The numbers are right to six decimals, and the reach; half of the digits are lost.",
        "got float32",
        backward(
            result="dxs.astype(np.float32), dprev.astype(np.float32), {k: g.astype(np.float32) for k, g in grads.items()}"
        ),
    ),
    ex3(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import JordanCell\nreturn JordanCell(2, 4, 2, None).step_backward(dys[-1], None)",
    ),
]

BACKWARD_VARIANTS = [
    v3("same loop", backward()),
    v3(
        "einsum over all steps at the end",
        """
        T, B, K = dys.shape
        da_ys, das, arriving = np.empty((T, B, K)), np.empty(hs.shape), np.zeros((B, K))
        for t in range(T)[::-1]:
            da_ys[t] = (1 + ys[t]) * (1 - ys[t]) * (dys[t] + arriving)
            das[t] = np.einsum("bk,hk->bh", da_ys[t], p["W_hy"]) * (1 - hs[t] * hs[t])
            dread = np.einsum("bh,kh->bk", das[t], p["W_yh"])
            arriving = dread * (1 - told[t].astype(float)[:, None])
        sums = {name: np.einsum("tbi,tbj->ij", a, b) for name, a, b in
                (("W_hy", hs, da_ys), ("W_xh", xs, das), ("W_yh", prevs, das))}
        sums |= {"b_y": da_ys.sum((0, 1)), "b_h": das.reshape(T * B, -1).sum(0)}
        return np.einsum("tbh,dh->tbd", das, p["W_xh"]), dread, sums
        """,
    ),
    v3(
        "one example at a time",
        """
        T, B, D = xs.shape
        grads = {name: np.zeros(w.shape) for name, w in p.items()}
        dxs, dy_0 = np.zeros((T, B, D)), np.zeros(dys.shape[1:])
        for b in range(B):
            more = np.zeros(dys.shape[2])
            for t in range(T - 1, -1, -1):
                d_out = (dys[t, b] + more) / np.cosh(np.arctanh(ys[t, b])) ** 2
                d_hid = (p["W_hy"] @ d_out) / np.cosh(np.arctanh(hs[t, b])) ** 2
                for name, source, d in (("W_hy", hs, d_out), ("W_xh", xs, d_hid), ("W_yh", prevs, d_hid)):
                    grads[name] = grads[name] + np.outer(source[t, b], d)
                grads["b_y"], grads["b_h"] = grads["b_y"] + d_out, grads["b_h"] + d_hid
                dxs[t, b], dread = p["W_xh"] @ d_hid, p["W_yh"] @ d_hid
                more = np.zeros(dys.shape[2]) if told[t, b] else dread
            dy_0[b] = dread
        return dxs, dy_0, grads
        """,
    ),
    v3(
        "overwrites dys",
        """
        dxs = np.empty_like(xs)
        grads = {name: 0 for name in p}
        for t in range(len(xs) - 1, -1, -1):
            dys[t] *= 1 - ys[t] ** 2
            da = (dys[t] @ p["W_hy"].T) * (1 - hs[t] ** 2)
            dxs[t], dread = da @ p["W_xh"].T, da @ p["W_yh"].T
            if t:
                dys[t - 1] += dread * ~told[t][:, None]
            terms = {"W_xh": xs[t].T @ da, "W_yh": prevs[t].T @ da, "b_h": da.sum(0)}
            terms |= {"W_hy": hs[t].T @ dys[t], "b_y": dys[t].sum(0)}
            grads = {name: grads[name] + terms[name] for name in grads}
        return dxs, dread, grads
        """,
    ),
]

# ---- exercise 4, the bug: order 1, value 1, hidden 1 ----


def forced(
    prevs="np.concatenate([y_0[None], ts[:-1]])",
    rows="np.concatenate([xs, prevs], axis=2).reshape(T * B, -1)",
    weights="np.concatenate([W_xh, W_yh])",
    bias=" + b_h",
    result="states.reshape(T, B, -1)",
):
    """The body of the mended function, with one part of it changed."""
    return f"""
T, B, D = xs.shape
prevs = {prevs}
rows = {rows}
states = np.tanh(rows @ {weights}{bias})
return {result}
"""


FORCED = [
    ex4("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex4(
        "constant",
        0,
        "The shape alone is no answer.",
        "y_0 is to be read at the first step, and at no other",
        "return np.zeros((*xs.shape[:2], len(b_h)))",
    ),
    ex4(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        "return np.full((*xs.shape[:2], len(b_h)), np.nan)",
    ),
    ex4(
        "handed in as found",
        0,
        "The bug is still there.",
        "the bug is still there: step t reads the target of step t",
        forced(prevs="np.concatenate([y_0[None], ts[1:]])"),
    ),
    ex4(
        "all targets, unshifted",
        0,
        "The same leak, and y_0 is lost as well.",
        "step t reads the target of step t, and nobody reads y_0",
        forced(prevs="ts"),
    ),
    ex4(
        "shifted the wrong way",
        0,
        "The network is told what comes next.",
        "each step reads the target of the step after it",
        forced(prevs="np.concatenate([ts[1:], y_0[None]])"),
    ),
    ex4(
        "rolled",
        0,
        "The leak is gone from all steps but the first, which reads the last target in the place of y_0.",
        "the first step reads the last target, not y_0",
        forced(prevs="np.roll(ts, 1, axis=0)"),
    ),
    ex4(
        "rolled without an axis",
        0,
        "Entries have moved from one sequence to its neighbour.",
        "np.roll without an axis has moved numbers from one sequence to the next",
        forced(prevs="np.concatenate([y_0[None], np.roll(ts, 1)[1:]])"),
    ),
    ex4(
        "shifted twice",
        0,
        "What is read comes a step too late.",
        "the targets are shifted by two steps",
        forced(prevs="np.concatenate([y_0[None], y_0[None], ts])[:T]"),
    ),
    ex4(
        "first step from zeros",
        0,
        "The leak is gone; so is y_0.",
        "the first step reads zeros, not y_0",
        forced(prevs="np.concatenate([0 * y_0[None], ts[:-1]])"),
    ),
    ex4(
        "no teacher",
        0,
        "The leak is gone, and the targets with it.",
        "every step reads y_0: the targets play no part",
        forced(prevs="np.repeat(y_0[None], T, axis=0)"),
    ),
    ex4(
        "weights in the wrong order",
        1,
        "The bug is mended, and each step reads what it should; inputs meet the targets' weights.",
        "W_yh stands before W_xh, but xs before prevs",
        forced(weights="np.concatenate([W_yh, W_xh])"),
    ),
    ex4(
        "no bias",
        1,
        "The bug is mended, and each step reads what it should; the bias got lost in copying.",
        "the bias is left out",
        forced(bias=""),
    ),
    ex4(
        "batch first",
        0,
        "Rows of time and batch have been mixed up on the way back.",
        "the rows go back into the wrong places",
        forced(result="states.reshape(B, T, -1).swapaxes(0, 1)"),
    ),
    ex4(
        "time and batch run together",
        0,
        "One axis is lost.",
        "hs: expected float64 (4, 3, 5), got float64 (12, 5)",
        forced(result="states"),
    ),
    ex4(
        "first step left out",
        0,
        "The step that no target comes before is missing.",
        "hs: expected float64 (4, 3, 5), got float64 (3, 3, 5)",
        "return np.tanh(xs[1:] @ W_xh + ts[:-1] @ W_yh + b_h)",
    ),
    ex4(
        "float32",
        0,
        "Half of the digits are lost.",
        "got float32",
        forced(result="states.reshape(T, B, -1).astype(np.float32)"),
    ),
    ex4("list", 0, "What comes back is no array.", "got list", forced(result="states.reshape(T, B, -1).tolist()")),
    ex4(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import JordanCell\nreturn JordanCell(2, 4, 2, None).step(xs, ts)[0]",
    ),
]

FORCED_VARIANTS = [
    v4("smallest change", forced()),
    v4(
        "broadcast products",
        """
        prevs = np.roll(ts, 1, axis=0)
        prevs[0] = y_0
        return np.tanh(xs @ W_xh + prevs @ W_yh + b_h)
        """,
    ),
    v4(
        "one step after the other",
        """
        hs, prev = [], y_0
        for x, target in zip(xs, ts):
            hs.append(np.tanh(np.einsum("bd,dh->bh", x, W_xh) + np.einsum("bk,kh->bh", prev, W_yh) + b_h))
            prev = target
        return np.array(hs)
        """,
    ),
    v4(
        "overwrites ts",
        """
        for t in range(len(ts) - 1, 0, -1):
            ts[t] = ts[t - 1]
        ts[0] = y_0
        return np.tanh(b_h + np.tensordot(xs, W_xh, 1) + np.tensordot(ts, W_yh, 1))
        """,
    ),
]

# ---- exercise 5, the stack: shape 1, value 1, pieces 1, hidden 1 ----


def stack(
    start="list(state)",
    params="p",
    below="x",
    recurrent='last[l] @ p["W_hh"]',
    keep="last[l] = x",
    top="x",
    result="np.stack(hs), np.stack(last)",
):
    """The body of the model answer, with one part of it changed."""
    return f"""
hs, last = [], {start}
for x in xs:
    old = [h.copy() for h in last]
    for l, p in enumerate(layers):
        p = {params}
        x = np.tanh({below} @ p["W_xh"] + {recurrent} + p["b_h"])
        {keep}
    hs.append({top})
return {result}
"""


STACK = [
    ex5("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex5(
        "constant",
        0,
        "Shapes alone are no answer.",
        "every number of hs is the same",
        "return np.zeros((len(xs), *state.shape[1:])), np.zeros_like(state)",
    ),
    ex5(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        "return np.full((len(xs), *state.shape[1:]), np.nan), state * np.nan",
    ),
    ex5(
        "layer below a step late",
        1,
        "Shapes are right; what a layer hands up arrives a step too late.",
        "each layer reads the layer below at the step before, not at the same step",
        stack(below="(x if l == 0 else old[l - 1])"),
    ),
    ex5(
        "one state for all layers",
        1,
        "Shapes are right; a layer remembers the state of the layer below, not its own.",
        "one state goes round for all layers: each has to keep its own",
        """
        h, hs = state[0], []
        for x in xs:
            last = []
            for p in layers:
                h = x = np.tanh(x @ p["W_xh"] + h @ p["W_hh"] + p["b_h"])
                last.append(h)
            hs.append(h)
        return np.stack(hs), np.stack(last)
        """,
    ),
    ex5(
        "state of the layer below",
        1,
        "Shapes are right; the recurrent term reads the new state of the layer below.",
        "the recurrent term reads the layer below, not the layer's own state",
        stack(recurrent='last[max(l - 1, 0)] @ p["W_hh"]'),
    ),
    ex5(
        "starts from zeros",
        1,
        "Shapes are right; the state that it was given is ignored.",
        "every layer starts from zeros, not from the state that it is given",
        stack(start="[np.zeros_like(h) for h in state]"),
    ),
    ex5(
        "starts every layer from the first state",
        1,
        "Shapes are right; one layer's state is given to all.",
        "all layers start from the first layer's state",
        stack(start="[state[0] for _ in layers]"),
    ),
    ex5(
        "recurrence left out",
        1,
        "Shapes are right; no layer remembers anything.",
        "no layer remembers: the recurrent term is missing",
        stack(recurrent="0"),
    ),
    ex5(
        "states never replaced",
        1,
        "Shapes are right; each step starts from the state at the beginning.",
        "each step starts from the state at the beginning",
        """
        hs = []
        for x in xs:
            last = []
            for h, p in zip(state, layers):
                x = np.tanh(x @ p["W_xh"] + h @ p["W_hh"] + p["b_h"])
                last.append(x)
            hs.append(x)
        return np.stack(hs), np.stack(last)
        """,
    ),
    ex5(
        "linear below the top",
        2,
        "Shapes are right and states are carried; what goes up is not squashed.",
        "what goes up to the next layer has not passed the tanh",
        """
        hs, last = [], list(state)
        for x in xs:
            for l, p in enumerate(layers):
                x = x @ p["W_xh"] + last[l] @ p["W_hh"] + p["b_h"]
                last[l] = np.tanh(x)
            hs.append(last[-1])
        return np.stack(hs), np.stack(last)
        """,
    ),
    ex5(
        "no bias",
        2,
        "Shapes are right and states are carried; the biases are missing.",
        "the biases are left out",
        stack().replace(' + p["b_h"]', ""),
    ),
    ex5(
        "shortcuts",
        2,
        "Shapes are right and states are carried; the sum of state and input goes up.",
        "what a layer reads is added to what it hands up: equation (5.6) has no shortcut",
        """
        hs, last = [], list(state)
        for x in xs:
            for l, p in enumerate(layers):
                last[l] = np.tanh(x @ p["W_xh"] + last[l] @ p["W_hh"] + p["b_h"])
                x = last[l] + x if l else last[l]
            hs.append(last[-1])
        return np.stack(hs), np.stack(last)
        """,
    ),
    ex5(
        "one set of weights above",
        2,
        "Shapes are right and states are carried; all layers above the first have the top one's weights.",
        "all layers above the first use the weights of the top layer",
        stack(params="p if l == 0 else layers[-1]"),
    ),
    ex5(
        "bottom layer returned",
        0,
        "The states of the bottom layer, not of the top.",
        "hs holds the first layer's states: the top layer's are asked for",
        stack(top="last[0]"),
    ),
    ex5(
        "last as it came",
        0,
        "hs is right; the state that comes back is the one that went in.",
        "last is the state that came in, not the one after the last step",
        stack(result="np.stack(hs), state.copy()"),
    ),
    ex5(
        "one layer's last state",
        0,
        "hs is right; L - 1 states are lost.",
        "last: expected float64 (3, 2, 5), got float64 (2, 5)",
        stack(result="np.stack(hs), last[-1]"),
    ),
    ex5(
        "top state for all layers",
        1,
        "hs is right; the top layer's state stands in every layer's place.",
        "last holds the top layer's state in every layer's place",
        stack(result="np.stack(hs), np.stack([last[-1]] * len(last))"),
    ),
    ex5(
        "last upside down",
        0,
        "hs is right; the states of the layers are in the wrong order.",
        "last begins with the top layer: it should begin with the first",
        stack(result="np.stack(hs), np.stack(last[::-1])"),
    ),
    ex5(
        "a list of states",
        1,
        "Every number is right; what comes back second is no array.",
        "last: expected float64 (3, 2, 5), got list",
        stack(result="np.stack(hs), last"),
    ),
    ex5(
        "batch first",
        0,
        "Time and batch have changed places.",
        "hs: expected float64 (4, 2, 5), got float64 (2, 4, 5)",
        stack(result="np.stack(hs, axis=1), np.stack(last)"),
    ),
    ex5(
        "float32",
        1,
        "States are carried; half of the digits are lost.",
        "got float32",
        stack(result="np.stack(hs).astype(np.float32), np.stack(last).astype(np.float32)"),
    ),
    ex5(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import RNN, Stack\nreturn Stack(*(RNN(3, 3, None) for _ in layers)).forward(xs, state)[:2]",
    ),
]

STACK_VARIANTS = [
    v5("column by column", stack()),
    v5(
        "row by row",
        """
        rows, last = xs, []
        for p, h in zip(layers, state):
            states = []
            for x in rows:
                h = np.tanh(np.einsum("bd,dh->bh", x, p["W_xh"]) + np.einsum("bg,gh->bh", h, p["W_hh"]) + p["b_h"])
                states.append(h)
            rows = np.array(states)
            last.append(h)
        return rows, np.array(last)
        """,
    ),
    v5(
        "recursion over the layers",
        """
        p, h, states = layers[0], state[0], np.empty((len(xs), *state.shape[1:]))
        W = np.concatenate([p["W_hh"], p["W_xh"], p["b_h"][None]])
        for t, x in enumerate(xs):
            states[t] = h = np.tanh(np.hstack([h, x, np.ones((len(x), 1))]) @ W)
        if len(layers) == 1:
            return states, h[None]
        top, above = stack_forward(states, state[1:], layers[1:])
        return top, np.concatenate([h[None], above])
        """,
    ),
    v5(
        "overwrites state",
        """
        hs = np.empty((len(xs), *state.shape[1:]))
        for t in range(len(xs)):
            for l in range(len(layers)):
                x = xs[t] if l == 0 else state[l - 1]
                state[l] = np.tanh(x @ layers[l]["W_xh"] + state[l] @ layers[l]["W_hh"] + layers[l]["b_h"])
            hs[t] = state[-1]
        return hs, state
        """,
    ),
]

MISTAKES = CEILINGS + FORWARD + BACKWARD + FORCED + STACK
VARIANTS = CEILINGS_VARIANTS + FORWARD_VARIANTS + BACKWARD_VARIANTS + FORCED_VARIANTS + STACK_VARIANTS
EQUIVALENT = {}
