"""Wrong answers to assignment 8 with the points they deserve, and right ones written otherwise."""

from scripts.mistake import STUB, makers

HEADS = {
    "ch08-ex1-road": "def cell_road(fs):",
    "ch08-ex2-peephole": "def peephole_step(x, h_prev, c_prev, W_x, W_h, b, p):",
    "ch08-ex3-backward": "def peephole_step_backward(dh, dc, cache, W_x, W_h, p):",
    "ch08-ex4-sequence": "def sequence_backward(dhs, dh_T, dc_T, caches, step_backward):",
}


(ex1, ex2, ex3, ex4), (v1, v2, v3, v4) = makers(HEADS)

# ---- exercise 1, the road along the cell: value 1, shut 1, hidden 1 ----


def road(gates="fs[::-1]", result="kept"):
    """The body of the product, with one part of it changed."""
    return f"kept = np.concatenate([np.ones_like(fs[:1]), np.cumprod({gates}, axis=0)])\nreturn {result}"


ROAD = [
    ex1("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex1("constant", 0, "The shape alone is no answer.", "kept is off", road(result="0 * kept + 1")),
    ex1("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", road(result="kept * np.nan")),
    ex1(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import LSTM\nreturn LSTM(1, 1, np.random.default_rng(0)).forward(fs)[0]",
    ),
    ex1(
        "from the first step",
        0,
        "Right at lags 0 and T alone: the gates come in at the wrong end.",
        "the product starts at the first gate, and the error leaves by the last",
        road(gates="fs"),
    ),
    ex1(
        "in the order of time",
        0,
        "All shares are there, each at another's lag.",
        "kept runs in the order of time; lag 0 comes first",
        road(result="kept[::-1]"),
    ),
    ex1(
        "products of all gates before",
        0,
        "The shares that the error would have kept on another stretch, from the first step to t.",
        "each lag has the gates from step 1 to step T - k: those that the error has yet to pass",
        "T = len(fs)\nreturn np.stack([np.prod(fs[: T - k], axis=0) for k in range(T + 1)])",
    ),
    ex1(
        "without lag 0",
        0,
        "Every lag has one gate too many, and one entry is missing.",
        "expected float64 (5, 2, 3), got float64 (4, 2, 3)",
        "return np.cumprod(fs[::-1], axis=0)",
    ),
    ex1(
        "one gate short",
        0,
        "From lag 1 on, each share lacks a gate.",
        "each share is one gate short: at lag 1 the last gate has come in",
        road(gates="np.concatenate([np.ones_like(fs[:1]), fs[:0:-1]])"),
    ),
    ex1(
        "last gate left out",
        0,
        "The gate that the error leaves by is missing from every product.",
        "the gate of step T is missing, the first that the error passes",
        road(gates="np.concatenate([fs[-2::-1], np.ones_like(fs[:1])])"),
    ),
    ex1(
        "sum of the gates",
        0,
        "Shares of shares are multiplied.",
        "the gates are added up, not multiplied",
        "return np.concatenate([np.ones_like(fs[:1]), np.cumsum(fs[::-1], axis=0)])",
    ),
    ex1(
        "one gate alone",
        0,
        "Nothing is carried from lag to lag.",
        "each lag has one gate alone, not the product of all on the way",
        road(result="np.concatenate([kept[:1], fs[::-1]])"),
    ),
    ex1(
        "mean gate to the power k",
        0,
        "Right only where all steps have one gate.",
        "the mean gate to the power of the lag: every step has its own gate",
        "return np.stack([fs.mean(axis=0) ** k for k in range(len(fs) + 1)])",
    ),
    ex1(
        "last gate to the power k",
        0,
        "Right only where all steps have one gate.",
        "the last gate to the power of the lag: every step has its own gate",
        "return np.stack([fs[-1] ** k for k in range(len(fs) + 1)])",
    ),
    ex1(
        "1 - f",
        0,
        "At 1 the gate keeps; this takes it by its name.",
        "1 - f stands where f belongs: at 1 a forget gate keeps",
        road(gates="1 - fs[::-1]"),
    ),
    ex1(
        "sigmoid once more",
        0,
        "The gates were taken for pre-activations.",
        "a sigmoid of the gates: they have been through it",
        road(gates="sigmoid(fs[::-1])"),
    ),
    ex1(
        "slope of the gate",
        0,
        "The way to the gate's pre-activation was taken for the way along the cell.",
        "f (1 - f) is the way into the gate, not the way along the cell",
        road(gates="fs[::-1] * (1 - fs[::-1])"),
    ),
    ex1(
        "cells mixed",
        1,
        "Each cell has its own gate; only where all are alike is this right.",
        "one share for all cells: each cell has its own gate",
        road(gates="np.repeat(fs.mean(axis=2, keepdims=True), fs.shape[2], axis=2)[::-1]"),
    ),
    ex1(
        "divides by the gates",
        2,
        "Right unless a gate is 0: then 0 / 0.",
        "NaN or inf among the numbers",
        """
        upto = np.concatenate([np.ones_like(fs[:1]), np.cumprod(fs, axis=0)])
        return (upto[-1] / upto)[::-1]
        """,
    ),
    ex1(
        "list",
        1,
        "The numbers are right and one test takes them as they are, but no array comes back.",
        "got list",
        road(result="list(kept)"),
    ),
    ex1(
        "float32",
        1,
        "Half of the digits are lost, none of them where all gates are 0 or 1.",
        "got float32",
        road(result="kept.astype(np.float32)"),
    ),
]

ROAD_VARIANTS = [
    v1("cumprod", road()),
    v1("every product anew", "return np.stack([np.prod(fs[len(fs) - k :], axis=0) for k in range(len(fs) + 1)])"),
    v1(
        "logarithms",
        """
        with np.errstate(all="ignore"):
            logs = np.log(fs)
        return np.exp(np.stack([logs[len(fs) - k :].sum(axis=0) for k in range(len(fs) + 1)]))
        """,
    ),
    v1(
        "overwrites fs",
        """
        for t in range(len(fs) - 2, -1, -1):
            fs[t] *= fs[t + 1]
        return np.append(fs, np.ones_like(fs[:1]), axis=0)[::-1]
        """,
    ),
    v1(
        "entry by entry",
        """
        T, B, H = fs.shape
        kept = np.zeros((T + 1, B, H))
        for b in range(B):
            for n in range(H):
                left = 1.0
                for k in range(T):
                    kept[k, b, n] = left
                    left = left * float(fs[T - 1 - k, b, n])
                kept[T, b, n] = left
        return kept
        """,
    ),
]

# ---- exercise 2, the step with peepholes: shape 1, value 1, clock 1, hidden 1 ----


def step(
    bias="b[:, None]",
    W_h="W_h",
    order="a_i, a_f, a_o, a_c",
    i="sigmoid(a_i + p[0] * c_prev)",
    f="sigmoid(a_f + p[1] * c_prev)",
    candidate="np.tanh(a_c)",
    c="f * c_prev + i * candidate",
    o="sigmoid(a_o + p[2] * c)",
    h="o * np.tanh(c)",
    result="h, c",
):
    """The body of the step, with one part of it changed."""
    return f"""
{order} = x @ W_x + h_prev @ {W_h} + {bias}
i = {i}
f = {f}
candidate = {candidate}
c = {c}
o = {o}
h = {h}
return {result}
"""


PEEPHOLE = [
    ex2("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex2("constant", 0, "Shapes alone are no answer.", "two examples got the same row", step(result="0 * h, 0 * c")),
    ex2("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", step(result="h * np.nan, c * np.nan")),
    ex2(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import LSTMCell\nreturn LSTMCell(1, 1, np.random.default_rng(0)).step(x, h_prev, c_prev)[:2]",
    ),
    ex2(
        "no peepholes",
        1,
        "The plain cell: p plays no part.",
        "p plays no part: this is the cell without peepholes",
        step(i="sigmoid(a_i)", f="sigmoid(a_f)", o="sigmoid(a_o)"),
    ),
    ex2(
        "o sees c_prev",
        1,
        "All three gates see the old cell, so the output gate is a step late.",
        "the output gate sees c_prev; it should see the new c",
        step(o="sigmoid(a_o + p[2] * c_prev)"),
    ),
    ex2(
        "peephole of o left out",
        1,
        "Two gates see the cell, the third does not.",
        "the output gate has no peephole",
        step(o="sigmoid(a_o)"),
    ),
    ex2(
        "peephole of f left out",
        1,
        "Two gates see the cell, the third does not.",
        "the forget gate has no peephole",
        step(f="sigmoid(a_f)"),
    ),
    ex2(
        "i and f see h_prev",
        1,
        "h_prev is what the output gate let out; the peephole is there to see behind it.",
        "the peepholes of i and f see h_prev, not c_prev",
        step(i="sigmoid(a_i + p[0] * h_prev)", f="sigmoid(a_f + p[1] * h_prev)"),
    ),
    ex2(
        "o sees tanh c",
        1,
        "The clock waits for a sum of 9.5, which a tanh never reaches.",
        "the peephole of o sees tanh(c), not c",
        step(o="sigmoid(a_o + p[2] * np.tanh(c))"),
    ),
    ex2(
        "peephole behind the sigmoid",
        1,
        "What is added there is no part of the pre-activation, and the gate leaves (0, 1).",
        "the peepholes came in after the sigmoid",
        step(
            i="sigmoid(a_i) + p[0] * c_prev",
            f="sigmoid(a_f) + p[1] * c_prev",
            o="sigmoid(a_o) + p[2] * c",
        ),
    ),
    ex2(
        "PyTorch's order",
        1,
        "The blocks were read as i, f, candidate, o; nothing complains.",
        "the blocks were read as i, f, candidate, o; the order is i, f, o, candidate",
        step(order="a_i, a_f, a_c, a_o"),
    ),
    ex2(
        "i and f swapped",
        1,
        "What should keep writes, and the other way round.",
        "i and f have changed places",
        step(c="i * c_prev + f * candidate"),
    ),
    ex2(
        "h_prev for c_prev",
        1,
        "The forget gate keeps the old output, not the old cell.",
        "the forget gate keeps h_prev; it should keep c_prev",
        step(c="f * h_prev + i * candidate"),
    ),
    ex2(
        "no input gate",
        2,
        "All of the candidate is written; the clock does not notice, since its input gate is open.",
        "the candidate is written without the input gate",
        step(c="f * c_prev + candidate"),
    ),
    ex2(
        "sigmoid for the candidate",
        2,
        "A cell that can only grow; the clock does not notice, since it only counts up.",
        "the candidate went through a sigmoid; it needs a tanh for its sign",
        step(candidate="sigmoid(a_c)"),
    ),
    ex2(
        "no tanh in h",
        2,
        "The cell is right, and so are the strokes; h is not bounded.",
        "the tanh of c is missing in h",
        step(h="o * c"),
    ),
    ex2(
        "W_h transposed",
        2,
        "The square matrix hides it; the clock has none.",
        "W_h came in transposed",
        step(W_h="W_h.transpose(0, 2, 1)"),
    ),
    ex2(
        "no bias",
        1,
        "Without the biases nothing is set.",
        "the biases are left out",
        step(bias="0"),
    ),
    ex2(
        "bias without an axis",
        0,
        "Its four rows are laid over the examples, not over the gates.",
        "the biases came in without an axis for the examples",
        step(bias="b"),
    ),
    ex2(
        "biases behind the examples",
        0,
        "The axis stands in front: the four rows are laid over the examples all the same.",
        "the biases came in without an axis for the examples",
        step(bias="b[None]"),
    ),
    ex2(
        "c and h swapped",
        1,
        "Both are there, in each other's place.",
        "h and c were returned in the wrong order",
        step(result="c, h"),
    ),
    ex2(
        "h alone",
        0,
        "The state is a pair.",
        "expected 2 values (h, c), got float64 (1, 5)",
        step(result="h"),
    ),
    ex2(
        "float32",
        1,
        "Half of the digits are lost; the clock still strikes.",
        "got float32",
        step(result="h.astype(np.float32), c.astype(np.float32)"),
    ),
    ex2(
        "list",
        1,
        "The numbers are right, but a list is no tuple; the clock takes it apart all the same.",
        "expected 2 values (h, c), got list",
        step(result="[h, c]"),
    ),
]

PEEPHOLE_VARIANTS = [
    v2("line by line", step()),
    v2(
        "einsum",
        """
        a = np.einsum("bd,gdh->gbh", x, W_x) + np.einsum("bk,gkh->gbh", h_prev, W_h) + np.expand_dims(b, 1)
        squash = lambda z: 1 / (1 + np.exp(-z))
        gates = squash(a[:2] + np.einsum("gh,bh->gbh", p[:2], c_prev))
        c = np.sum(gates * np.stack([np.tanh(a[3]), c_prev]), axis=0)
        return np.tanh(c) * squash(a[2] + c * p[2]), c
        """,
    ),
    v2(
        "one example at a time",
        """
        H = h_prev.shape[1]
        h, c = np.zeros((len(x), H)), np.zeros((len(x), H))
        for n in range(len(x)):
            for k in range(H):
                a = [x[n] @ W_x[g, :, k] + h_prev[n] @ W_h[g, :, k] + b[g, k] for g in range(4)]
                keep, write = sigmoid(a[1] + p[1, k] * c_prev[n, k]), sigmoid(a[0] + p[0, k] * c_prev[n, k])
                c[n, k] = keep * c_prev[n, k] + write * np.tanh(a[3])
                h[n, k] = sigmoid(a[2] + p[2, k] * c[n, k]) * np.tanh(c[n, k])
        return h, c
        """,
    ),
    v2(
        "one matrix, changed in place",
        """
        weights = np.concatenate([W_x, W_h, b[:, None]], axis=1)
        a = np.concatenate([x, h_prev, np.ones((len(x), 1))], axis=1) @ weights
        a[:2] += p[:2, None] * c_prev
        c_prev *= sigmoid(a[1])
        c_prev += sigmoid(a[0]) * np.tanh(a[3])
        a[2] += p[2] * c_prev
        return sigmoid(a[2]) * np.tanh(c_prev), c_prev
        """,
    ),
]

# ---- exercise 3, the step backwards: shape 1, value 1, empty 1, hidden 1, hidden-grad 1 ----


def back(
    do="dh * tanh_c",
    through="dh * o * (1 - tanh_c**2)",
    dc="dc + through + p[2] * da_o",
    di="dc * candidate",
    df="dc * c_prev",
    dcandidate="dc * i",
    i="i * (1 - i)",
    f="f * (1 - f)",
    o="o * (1 - o)",
    slope="(1 - candidate**2)",
    da="da_i, da_f, da_o, da_c",
    dc_prev="dc * f + p[0] * da_i + p[1] * da_f",
    W_x="x.T @ da",
    W_h="h_prev.T @ da",
    b="da.sum(axis=1)",
    p="np.stack([(da_i * c_prev).sum(axis=0), (da_f * c_prev).sum(axis=0), (da_o * c).sum(axis=0)])",
    dx="(da @ W_x.transpose(0, 2, 1)).sum(axis=0)",
    dh_prev="(da @ W_h.transpose(0, 2, 1)).sum(axis=0)",
    result="dx, dh_prev, dc_prev, grads",
):
    """The body of the backward step, with one part of it changed."""
    return f"""
x, h_prev, c_prev, i, f, o, candidate, c = cache
tanh_c, arrived = np.tanh(c), dc
da_o = {do} * {o}
through = {through}
dc = {dc}
da_i, da_f, da_c = {di} * {i}, {df} * {f}, {dcandidate} * {slope}
da = np.stack([{da}])
dc_prev = {dc_prev}
grads = {{"W_x": {W_x}, "W_h": {W_h}, "b": {b}, "p": {p}}}
dx, dh_prev = {dx}, {dh_prev}
return {result}
"""


BACKWARD = [
    ex3("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex3(
        "constant",
        0,
        "Shapes alone are no answer.",
        "zero everywhere",
        back(result="0 * dx, 0 * dh_prev, 0 * dc_prev, {name: 0 * g for name, g in grads.items()}"),
    ),
    ex3("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", back(dc="dc * np.nan")),
    ex3(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import LSTMVariantCell\nreturn LSTMVariantCell",
    ),
    ex3(
        "plain cell",
        2,
        "The chapter's lines copied: shapes and the empty cell are right, the ways through the peepholes are missing.",
        "the peepholes are left out of dc and dc_prev",
        back(dc="dc + through", dc_prev="dc * f"),
    ),
    ex3(
        "o's peephole not in dc",
        2,
        "One way from c_t to the loss is missing, and with it a part of all that hangs on dc.",
        "dc lacks what comes back through the output gate that looks at c_t",
        back(dc="dc + through"),
    ),
    ex3(
        "o's peephole added too late",
        2,
        "dc was completed after the gates had used it; dc_prev alone is right in that term.",
        "what comes back through the peephole of o is in dc_prev, but came too late for i, f and candidate",
        back(dc="dc + through", dc_prev="(dc + p[2] * da_o) * f + p[0] * da_i + p[1] * da_f"),
    ),
    ex3(
        "i's and f's peepholes not in dc_prev",
        3,
        "One gradient of seven is wrong: dc_prev lacks the gates that saw the old cell.",
        "dc_prev lacks what comes back through the gates i and f that look at c_prev",
        back(dc_prev="dc * f"),
    ),
    ex3(
        "i's peephole not in dc_prev",
        3,
        "One gradient of seven is wrong: dc_prev lacks one of its three terms.",
        "dc_prev lacks what comes back through the peephole of the input gate",
        back(dc_prev="dc * f + p[1] * da_f"),
    ),
    ex3(
        "f's peephole not in dc_prev",
        3,
        "One gradient of seven is wrong: dc_prev lacks one of its three terms.",
        "dc_prev lacks what comes back through the peephole of the forget gate",
        back(dc_prev="dc * f + p[0] * da_i"),
    ),
    ex3(
        "do for da_o",
        2,
        "The peephole goes into the pre-activation; dc skips the slope of the gate.",
        "the peephole's term in dc has do, the gradient of the gate; it goes through the pre-activation",
        back(dc="dc + through + p[2] * dh * tanh_c"),
    ),
    ex3(
        "di and df for da_i and da_f",
        2,
        "One gradient of seven is wrong, and in the empty cell too, where the slope of the shut gate is skipped.",
        "the peepholes' terms in dc_prev have di and df, the gradients of the gates; they go through the pre-activations",
        back(dc_prev="dc * f + p[0] * dc * candidate + p[1] * dc * c_prev"),
    ),
    ex3(
        "dp_o with c_prev",
        3,
        "One row of one gradient is wrong: the output gate has seen the new cell.",
        "the third row of dp uses c_prev; the output gate saw c",
        back(p="(da[:3] * c_prev).sum(axis=1)"),
    ),
    ex3(
        "dc without f",
        2,
        "The parameters' gradients, dx and dh_prev are right; what goes back along the cell is not.",
        "dc_prev lacks the factor f",
        back(dc_prev="dc + p[0] * da_i + p[1] * da_f"),
    ),
    ex3(
        "dh not in dc",
        1,
        "The gradient from h never comes to the cell.",
        "dc has nothing from dh",
        back(dc="dc + p[2] * da_o"),
    ),
    ex3(
        "dc as it arrived",
        2,
        "The gates are right; dc_prev passes on only what came along the cell.",
        "dc_prev holds only the dc that arrived, without what came from dh",
        back(dc_prev="arrived * f + p[0] * da_i + p[1] * da_f"),
    ),
    ex3(
        "arriving dc ignored",
        1,
        "The cell of step t + 1 is cut off: the long-term road ends here.",
        "dc_prev lacks what arrives as dc",
        back(dc="through + p[2] * da_o"),
    ),
    ex3(
        "tanh passed by",
        2,
        "The empty cell does not notice, where the slope is 1; everything below the tanh is wrong.",
        "on the way from dh to dc the slope of the tanh is missing",
        back(through="dh * o"),
    ),
    ex3(
        "1 - c squared",
        2,
        "c is what goes into the tanh, not what comes out; at c = 0 it is the same.",
        "the slope of the tanh is 1 - tanh(c)^2, not 1 - c^2",
        back(through="dh * o * (1 - c**2)"),
    ),
    ex3(
        "do with c",
        2,
        "The output gate multiplies tanh(c); in the empty cell both are 0.",
        "do has c where tanh(c) belongs",
        back(do="dh * c"),
    ),
    ex3(
        "df with h_prev",
        1,
        "The forget gate multiplied the old cell, not the old output.",
        "df has h_prev where c_prev belongs",
        back(df="dc * h_prev"),
    ),
    ex3(
        "slopes of the pre-activation",
        1,
        "sigmoid' was taken of the gates as if they had not been through the sigmoid.",
        "the slope of the sigmoid at the gate's value: the gate is its output already",
        back(
            i="sigmoid(i) * (1 - sigmoid(i))",
            f="sigmoid(f) * (1 - sigmoid(f))",
            o="sigmoid(o) * (1 - sigmoid(o))",
        ),
    ),
    ex3(
        "candidate as a gate",
        2,
        "The candidate went through a tanh; this is the slope of a sigmoid.",
        "the candidate has the slope of a sigmoid",
        back(slope="candidate * (1 - candidate)"),
    ),
    ex3(
        "PyTorch's order",
        2,
        "dc_prev is right; output gate and candidate have changed places in everything else.",
        "the blocks stand as i, f, candidate, o",
        back(da="da_i, da_f, da_c, da_o"),
    ),
    ex3(
        "W_h not transposed",
        3,
        "One gradient of seven is wrong, dh_prev; the square matrix hides it.",
        "dh_prev: W_h is the wrong way round",
        back(dh_prev="(da @ W_h).sum(axis=0)"),
    ),
    ex3(
        "mean over the examples",
        3,
        "The three gradients of the states and inputs are right; those of the parameters are B times too small.",
        "the mean over the examples, not the sum",
        back(
            W_x="x.T @ da / len(x)",
            W_h="h_prev.T @ da / len(x)",
            b="da.mean(axis=1)",
            p="(da[:3] * np.stack([c_prev, c_prev, c])).mean(axis=1)",
        ),
    ),
    ex3(
        "no sum over the examples",
        1,
        "dx, dh_prev and dc_prev are right; the bias has a gradient for each example.",
        "b: expected float64 (4, 5), got float64 (4, 3, 5)",
        back(b="da"),
    ),
    ex3(
        "no sum over the four",
        1,
        "The parameters' gradients are right; dx and dh_prev came back once for each of the four.",
        "dx: expected float64 (3, 2), got float64 (4, 3, 2)",
        back(dx="da @ W_x.transpose(0, 2, 1)", dh_prev="da @ W_h.transpose(0, 2, 1)"),
    ),
    ex3(
        "dx and dh_prev swapped",
        1,
        "The parameters' gradients are right; two others stand in each other's place.",
        "dx: expected float64 (3, 2), got float64 (3, 5)",
        back(result="dh_prev, dx, dc_prev, grads"),
    ),
    ex3(
        "p forgotten",
        1,
        "dx, dh_prev and dc_prev are right; the peepholes never learn.",
        "expected dx, dh_prev, dc_prev, W_x, W_h, p, b, got dx, dh_prev, dc_prev, W_x, W_h, b",
        back(result='dx, dh_prev, dc_prev, {n: g for n, g in grads.items() if n != "p"}'),
    ),
    ex3(
        "list",
        1,
        "The numbers are right, but a list is no tuple; one test looks at grads alone.",
        "expected 4 values (dx, dh_prev, dc_prev, grads), got list",
        back(result="[dx, dh_prev, dc_prev, grads]"),
    ),
    ex3(
        "float32",
        1,
        "dx has lost half of its digits; the parameters' gradients are right.",
        "dx: expected float64 (3, 2), got float32 (3, 2)",
        back(result="dx.astype(np.float32), dh_prev, dc_prev, grads"),
    ),
]

BACKWARD_VARIANTS = [
    v3("line by line", back()),
    v3(
        "einsum",
        """
        x, h_prev, c_prev, i, f, o, candidate, c = cache
        da_o = dh * np.tanh(c) * o * (1 - o)
        whole = dc + dh * o / np.cosh(c) ** 2 + da_o * p[2]
        da = np.stack([
            whole * candidate * (i - i * i), whole * c_prev * (f - f * f), da_o, whole * i * (1 - candidate) * (1 + candidate)
        ])
        back_to = lambda W: np.einsum("gbh,gdh->bd", da, W)
        grads = {"b": np.einsum("gbh->gh", da), "p": np.einsum("gbh,gbh->gh", da[:3], np.stack([c_prev, c_prev, c]))}
        grads |= {"W_h": np.einsum("bk,gbh->gkh", h_prev, da), "W_x": np.einsum("bd,gbh->gdh", x, da)}
        return back_to(W_x), back_to(W_h), whole * f + np.einsum("gh,gbh->bh", p[:2], da[:2]), grads
        """,
    ),
    v3(
        "one example at a time, added up",
        """
        kept = cache
        grads = {"W_x": np.zeros_like(W_x), "W_h": np.zeros_like(W_h), "b": np.zeros(W_h.shape[::2]), "p": np.zeros_like(p)}
        dx, dh_prev, dc_prev = np.zeros_like(kept[0]), np.zeros_like(dh), np.zeros_like(dc)
        for n in range(len(dh)):
            x, h_prev, c_prev, i, f, o, candidate, c = (z[n] for z in kept)
            da = np.zeros((4, dh.shape[1]))
            da[2] = dh[n] * np.tanh(c) * o * (1 - o)
            total = dc[n] + p[2] * da[2] + dh[n] * o * (1 - np.tanh(c) ** 2)
            da[0], da[1] = total * candidate * i * (1 - i), total * c_prev * f * (1 - f)
            da[3] = total * i * (1 - candidate**2)
            dc_prev[n] = total * f + da[0] * p[0] + da[1] * p[1]
            for g in range(4):
                grads["W_x"][g] += np.outer(x, da[g])
                grads["W_h"][g] += np.outer(h_prev, da[g])
                grads["b"][g] += da[g]
                dx[n] += W_x[g] @ da[g]
                dh_prev[n] += W_h[g] @ da[g]
            for g, seen in enumerate((c_prev, c_prev, c)):
                grads["p"][g] += da[g] * seen
        return dx, dh_prev, dc_prev, grads
        """,
    ),
    v3(
        "overwrites dh and dc",
        """
        x, h_prev, c_prev, i, f, o, candidate, c = cache
        dc += dh * o * (1 - np.tanh(c) ** 2)
        dh *= np.tanh(c) * o * (1 - o)
        dc += p[2] * dh
        local = np.stack([candidate * i * (1 - i), c_prev * f * (1 - f), 0 * o, i * (1 - candidate**2)])
        da = dc * local
        da[2] = dh
        dc *= f
        dc += p[0] * da[0] + p[1] * da[1]
        p_grad = da[:3] * np.array([c_prev, c_prev, c])
        grads = dict(W_x=x.T @ da, W_h=h_prev.T @ da, b=da.sum(1), p=p_grad.sum(1))
        return sum(a @ W.T for a, W in zip(da, W_x)), sum(a @ W.T for a, W in zip(da, W_h)), dc, grads
        """,
    ),
]

# ---- exercise 4, the bug: value 1, carousel 1, hidden 1 ----


def walk(
    start="dh_T, dc_T",
    steps="reversed(range(len(dhs)))",
    into="dhs[t] + dh_next, dc_next",
    cache="caches[t]",
    grad="grads.get(name, 0) + g",
    on="dh_next, dc_next = dh_prev, dc_prev",
    result="np.stack(dxs[::-1]), dh_next, dc_next, grads",
):
    """The body of the mended walk, with one part of it changed."""
    return f"""
dh_next, dc_next = {start}
dxs, grads = [], {{}}
for t in {steps}:
    dh, dc = {into}
    dx, dh_prev, dc_prev, step_grads = step_backward(dh, dc, {cache})
    for name, g in step_grads.items():
        grads[name] = {grad}
    dxs.append(dx)
    {on}
return {result}
"""


SEQUENCE = [
    ex4("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex4(
        "constant",
        0,
        "Shapes alone are no answer.",
        "is off",
        walk(result="0 * np.stack(dxs), 0 * dh_next, 0 * dc_next, {name: 0 * g for name, g in grads.items()}"),
    ),
    ex4("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", walk(start="dh_T * np.nan, dc_T * np.nan")),
    ex4(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import LSTM\nreturn LSTM.backward(dhs, caches, (dh_T, dc_T))",
    ),
    ex4(
        "handed in as found",
        0,
        "The bug is still there.",
        "the bug is still there: every step gets dc_T in the place of the dc of the step after it",
        walk(on="dh_next = dh_prev", result="np.stack(dxs[::-1]), dh_next, dc_prev, grads"),
    ),
    ex4(
        "dc as it went in",
        0,
        "The bug in another coat: dc is handed on, but not the one that came out of the step.",
        "dc is handed on as it went into the step, not as it came out",
        walk(on="dh_next, dc_next = dh_prev, dc"),
    ),
    ex4(
        "dc starts from zero at each step",
        0,
        "The bug is gone, and the road along the cell with it.",
        "the road along the cell is cut: after the last step dc is zero",
        walk(on="dh_next, dc_next = dh_prev, 0 * dc_prev", result="np.stack(dxs[::-1]), dh_next, dc_prev, grads"),
    ),
    ex4(
        "h dropped for c",
        1,
        "The road along the cell is mended, so the carousel works, and the one through h is cut.",
        "dc is handed on now, but dh is not",
        walk(on="dh_next, dc_next = 0 * dh_prev, dc_prev", result="np.stack(dxs[::-1]), dh_prev, dc_next, grads"),
    ),
    ex4(
        "dc added up",
        0,
        "What has passed through a step comes along beside it as well.",
        "dc_next is added up; it is handed on",
        walk(on="dh_next, dc_next = dh_prev, dc_next + dc_prev"),
    ),
    ex4(
        "both added up",
        0,
        "What has passed through a step comes along beside it as well.",
        "both gradients are added up on the way; they are handed on",
        walk(on="dh_next, dc_next = dh_next + dh_prev, dc_next + dc_prev"),
    ),
    ex4(
        "dhs in dc too",
        0,
        "The layer above sees h alone.",
        "dhs came into dc as well; the layer above sees h alone",
        walk(into="dhs[t] + dh_next, dhs[t] + dc_next"),
    ),
    ex4(
        "dh and dc swapped",
        0,
        "Each gradient arrives at the other's place.",
        "dh and dc are handed on in each other's place",
        walk(on="dc_next, dh_next = dh_prev, dc_prev"),
    ),
    ex4(
        "dc_T ignored",
        0,
        "Right only where the sequence ends.",
        "dc starts from zero at the end: dc_T is not used",
        walk(start="dh_T, 0 * dc_T"),
    ),
    ex4(
        "both ends ignored",
        0,
        "Right only where the sequence ends.",
        "both gradients start from zero at the end: dh_T and dc_T are not used",
        walk(start="0 * dh_T, 0 * dc_T"),
    ),
    ex4(
        "forwards in time",
        0,
        "Gradients flow from later steps to earlier ones.",
        "the walk goes forwards in time",
        walk(steps="range(len(dhs))"),
    ),
    ex4(
        "caches in the wrong order",
        1,
        "The bug is mended; each step is taken back with another step's numbers, which the carousel does not have.",
        "the caches were read in the opposite order",
        walk(cache="caches[len(dhs) - 1 - t]"),
    ),
    ex4(
        "= for += in the sum",
        1,
        "The bug is mended, as the carousel shows; of each parameter's sum only one step is left.",
        "grads holds the last step of the walk alone: it is a sum over all steps",
        walk(grad="g"),
    ),
    ex4(
        "mean over the steps",
        1,
        "The bug is mended, as the carousel shows; the parameters' gradients are T times too small.",
        "grads is the mean over the steps, not the sum",
        walk(grad="grads.get(name, 0) + g / len(dhs)"),
    ),
    ex4(
        "dxs not turned round",
        1,
        "The bug is mended and the sums are right; dxs runs backwards.",
        "dxs is in the order of the walk, last step first",
        walk(result="np.stack(dxs), dh_next, dc_next, grads"),
    ),
    ex4(
        "dc_1 for dc_0",
        1,
        "The bug is mended and the sums are right; what comes back at the start stops a step early.",
        "what is returned is the dh and dc that went into step 1, not those that came out",
        walk(result="np.stack(dxs[::-1]), dh, dc, grads"),
    ),
    ex4(
        "dh_0 and dc_0 swapped",
        1,
        "The bug is mended and the sums are right; two gradients stand in each other's place.",
        "dh_0 and dc_0 were returned in the wrong order",
        walk(result="np.stack(dxs[::-1]), dc_next, dh_next, grads"),
    ),
    ex4(
        "dxs as a list",
        1,
        "The bug is mended and the sums are right; dxs is no array.",
        "dxs: expected float64 (4, 2, 2), got list",
        walk(result="dxs[::-1], dh_next, dc_next, grads"),
    ),
    ex4(
        "first step left out",
        0,
        "The walk ends one step too early.",
        "dxs: expected float64 (4, 2, 2), got float64 (3, 2, 2)",
        walk(steps="range(len(dhs) - 1, 0, -1)"),
    ),
]

SEQUENCE_VARIANTS = [
    v4("two names", walk()),
    v4(
        "recursion",
        """
        if len(dhs) == 0:
            return np.zeros(0), dh_T, dc_T, {}
        dx, dh, dc, last = step_backward(dhs[-1] + dh_T, dc_T, caches[-1])
        earlier, dh_0, dc_0, sums = sequence_backward(dhs[:-1], dh, dc, caches[:-1], step_backward)
        dxs = np.stack([*earlier, dx])
        return dxs, dh_0, dc_0, {name: last[name] + sums.get(name, 0) for name in last}
        """,
    ),
    v4(
        "sums at the end",
        """
        T = dhs.shape[0]
        done, state = [None] * T, (dh_T, dc_T)
        for t in range(T - 1, -1, -1):
            done[t] = step_backward(np.add(state[0], dhs[t]), state[1], caches[t])
            state = done[t][1:3]
        return np.array([d[0] for d in done]), *state, {n: np.sum([d[3][n] for d in done], axis=0) for n in done[0][3]}
        """,
    ),
    v4(
        "overwrites dhs",
        """
        dhs[-1] += dh_T
        dc, dxs, grads = dc_T, [], {}
        for t in range(len(dhs))[::-1]:
            dx, before, dc, parts_of_step = step_backward(dhs[t], dc, caches[t])
            if t > 0:
                dhs[t - 1] += before
            for name, g in parts_of_step.items():
                grads.setdefault(name, np.zeros_like(g))
                grads[name] += g
            dxs.insert(0, dx)
        return np.stack(dxs), before, dc, grads
        """,
    ),
]

MISTAKES = ROAD + PEEPHOLE + BACKWARD + SEQUENCE
VARIANTS = ROAD_VARIANTS + PEEPHOLE_VARIANTS + BACKWARD_VARIANTS + SEQUENCE_VARIANTS
EQUIVALENT = {}
