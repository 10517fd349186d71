"""Wrong answers to assignment 9 with the points they deserve, and right ones written otherwise."""

from scripts.mistake import STUB, makers

HEADS = {
    "ch09-ex1-step": "def gru_step(x, h_prev, W_x, W_h, b):",
    "ch09-ex2-convert": "def to_book(weight_ih, weight_hh, bias_ih, bias_hh, order, keeps):",
    "ch09-ex3-backward": "def candidate_backward(dcandidate, x, h_prev, r, candidate, W_xh, W_hh, b_hn):",
    "ch09-ex4-mend": "def gru_step_backward(dh, x, h_prev, z, r, candidate, W_x, W_h):",
}


(ex1, ex2, ex3, ex4), (v1, v2, v3, v4) = makers(HEADS)

# ---- exercise 1, one step: shape 1, corners 1, value 1, hidden 1 ----


def step(
    blocks="(W_xz, W_xr, W_xh), (W_hz, W_hr, W_hh), (b_z, b_r, b_h) = W_x, W_h, b",
    z="sigmoid(x @ W_xz + h_prev @ W_hz + b_z)",
    r="sigmoid(x @ W_xr + h_prev @ W_hr + b_r)",
    candidate="np.tanh(x @ W_xh + (r * h_prev) @ W_hh + b_h)",
    h="z * h_prev + (1 - z) * candidate",
):
    """The body of the step, with one part of it changed."""
    return f"{blocks}\nz = {z}\nr = {r}\ncandidate = {candidate}\nreturn {h}"


STEP = [
    ex1("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex1("constant", 0, "The shape alone is no answer.", "two examples got the same row", "return np.zeros_like(h_prev)"),
    ex1("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", step(h="z * np.nan")),
    ex1(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import GRUCell\nreturn GRUCell(W_x.shape[1], b.shape[1], np.random.default_rng()).step(x, h_prev)[0]",
    ),
    ex1(
        "z and 1 - z swapped",
        1,
        "One row for each example; the gate works the wrong way round.",
        "z and 1 - z are swapped: z keeps the old state",
        step(h="(1 - z) * h_prev + z * candidate"),
    ),
    ex1(
        "reset after the product",
        2,
        "Both cells agree where r is the same for all units, as in the corners; elsewhere this is the other cell.",
        "the reset came after the product: that is (9.4)",
        step(candidate="np.tanh(x @ W_xh + r * (h_prev @ W_hh) + b_h)"),
    ),
    ex1(
        "no reset",
        1,
        "One row for each example; the reset gate is computed and never used.",
        "the candidate reads the old state past the reset gate",
        step(candidate="np.tanh(x @ W_xh + h_prev @ W_hh + b_h)"),
    ),
    ex1(
        "order r, z",
        1,
        "One row for each example; each gate works with the other's weights.",
        "the blocks were read in the order r, z: here z comes first",
        step(blocks="(W_xr, W_xz, W_xh), (W_hr, W_hz, W_hh), (b_r, b_z, b_h) = W_x, W_h, b"),
    ),
    ex1(
        "reset on the direct way too",
        1,
        "One row for each example; with z = 1 the state is not kept.",
        "the reset gate came in on the direct way as well",
        step(h="z * r * h_prev + (1 - z) * candidate"),
    ),
    ex1(
        "biases without an axis",
        0,
        "It does not run unless B is 1 or 3, and then the biases go to the wrong rows.",
        "the biases came in without an axis for the examples",
        """
        a_x, a_h = x @ W_x, h_prev @ W_h
        z, r = sigmoid(a_x + a_h + b)[:2]
        candidate = np.tanh(a_x[2] + (r * h_prev) @ W_h[2] + b[2])
        return z * h_prev + (1 - z) * candidate
        """,
    ),
    ex1(
        "r for 1 - z",
        1,
        "One row for each example; what replaces the old state is weighed by r, not by 1 - z.",
        "the candidate is weighed by r, not by 1 - z",
        step(h="z * h_prev + r * candidate"),
    ),
    ex1(
        "only W_hh",
        2,
        "The corners are right, since there biases alone rule the gates; elsewhere the gates do not see the old state.",
        "the gates do not read h_prev",
        step(z="sigmoid(x @ W_xz + b_z)", r="sigmoid(x @ W_xr + b_r)"),
    ),
    ex1(
        "gates read the reset state",
        2,
        "The corners are right; elsewhere z reads what only the candidate should.",
        "z was given the reset state: it reads h_prev itself",
        """
        r = sigmoid(x @ W_x[1] + h_prev @ W_h[1] + b[1])
        z = sigmoid(x @ W_x[0] + (r * h_prev) @ W_h[0] + b[0])
        return z * h_prev + (1 - z) * np.tanh(x @ W_x[2] + (r * h_prev) @ W_h[2] + b[2])
        """,
    ),
    ex1(
        "W_hh transposed",
        2,
        "The corners are right; the square matrices hide that they are the wrong way round.",
        "the blocks of W_h came in transposed",
        step(blocks="(W_xz, W_xr, W_xh), (W_hz, W_hr, W_hh), (b_z, b_r, b_h) = W_x, np.swapaxes(W_h, 1, 2), b"),
    ),
    ex1(
        "one state, two free gates",
        1,
        "One row for each example; without 1 - z this is no mixture, and with z = 1 the candidate is still added.",
        "z keeps the old state, whatever r says",
        step(h="z * h_prev + candidate"),
    ),
    ex1(
        "tanh gates",
        1,
        "One row for each example; a tanh gate can be negative.",
        "the gates are sigmoids, not tanh",
        step(z="np.tanh(x @ W_xz + h_prev @ W_hz + b_z)", r="np.tanh(x @ W_xr + h_prev @ W_hr + b_r)"),
    ),
    ex1(
        "candidate without tanh",
        2,
        "The corners are right; the candidate is not bounded, and so the state is not.",
        "the tanh of the candidate is missing",
        step(candidate="x @ W_xh + (r * h_prev) @ W_hh + b_h"),
    ),
    ex1(
        "candidate's bias left out",
        2,
        "The corners are right; one bias is missing.",
        "the candidate's bias is left out",
        step(candidate="np.tanh(x @ W_xh + (r * h_prev) @ W_hh)"),
    ),
    ex1(
        "squeezed",
        2,
        "The numbers are right; with B = 1 an axis is lost.",
        "expected float64 (1, 5), got float64 (5,)",
        step(h="np.squeeze(z * h_prev + (1 - z) * candidate)"),
    ),
    ex1(
        "float32",
        0,
        "Half of the digits are lost.",
        "got float32",
        step(h="(z * h_prev + (1 - z) * candidate).astype(np.float32)"),
    ),
    ex1("list", 0, "What comes back is no array.", "got list", step(h="(z * h_prev + (1 - z) * candidate).tolist()")),
    ex1(
        "returns z too",
        0,
        "A tuple comes back where a state belongs.",
        "expected 1 values (h), got 2 values",
        step(h="h_prev, z"),
    ),
]

STEP_VARIANTS = [
    v1(
        "einsum",
        """
        a = np.einsum("bd,kdh->kbh", x, W_x) + b[:, None]
        z, r = 1 / (1 + np.exp(-a[:2] - np.einsum("bg,kgh->kbh", h_prev, W_h[:2])))
        new = np.tanh(a[2] + np.einsum("bg,bg,gh->bh", r, h_prev, W_h[2]))
        return new + z * (h_prev - new)
        """,
    ),
    v1(
        "explicit loops",
        """
        B, H = h_prev.shape
        h = np.zeros((B, H))
        for k in range(B):
            z, r = (sigmoid(x[k] @ W_x[g] + h_prev[k] @ W_h[g] + b[g]) for g in (0, 1))
            for j in range(H):
                a = b[2, j] + sum(x[k, d] * W_x[2, d, j] for d in range(x.shape[1]))
                for i in range(H):
                    a += r[i] * h_prev[k, i] * W_h[2, i, j]
                h[k, j] = z[j] * h_prev[k, j] + (1 - z[j]) * np.tanh(a)
        return h
        """,
    ),
    v1(
        "the reset taken into the matrix",
        """
        z, r = sigmoid(x @ W_x[:2] + h_prev @ W_h[:2] + b[:2, None])
        past = np.stack([h_prev[k] @ (r[k][:, None] * W_h[2]) for k in range(len(x))])
        return z * h_prev + sigmoid(-x @ W_x[0] - h_prev @ W_h[0] - b[0]) * np.tanh(x @ W_x[2] + past + b[2])
        """,
    ),
    v1(
        "overwrites h_prev",
        """
        z, r = (sigmoid(x @ W_x[k] + h_prev @ W_h[k] + b[k]) for k in (0, 1))
        new = np.tanh(x @ W_x[2] + (r * h_prev) @ W_h[2] + b[2])
        h_prev *= z
        h_prev += (1 - z) * new
        return h_prev
        """,
    ),
]

# ---- exercise 2, conversion: order 1, sign 1, value 1, hidden 1 ----


def convert(
    blocks='[order.index(gate) for gate in "zrn"]',
    W_x="w_ih[places].transpose(0, 2, 1)",
    W_h="w_hh[places].transpose(0, 2, 1)",
    b="i + [[1], [1], [0]] * h",
    b_hn="h[2]",
    sign="-1 if not keeps else 1",
    flip="W_x[0], W_h[0], b[0] = sign * W_x[0], sign * W_h[0], sign * b[0]",
    result="W_x, W_h, b, b_hn",
):
    """The body of the conversion, with one part of it changed."""
    return f"""
H = weight_hh.shape[1]
w_ih, w_hh = weight_ih.reshape(3, H, -1), weight_hh.reshape(3, H, H)
places = {blocks}
i, h = bias_ih.reshape(3, H)[places], bias_hh.reshape(3, H)[places]
W_x, W_h, b, b_hn = {W_x}, {W_h}, {b}, {b_hn}
sign = {sign}
{flip}
return {result}
"""


CONVERT = [
    ex2("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex2(
        "constant",
        0,
        "Shapes alone are no answer.",
        "every number is the same",
        convert(result="0 * W_x, 0 * W_h, 0 * b, 0 * b_hn"),
    ),
    ex2("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", convert(b="i * np.nan")),
    ex2(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import GRU, load_torch\n" + convert(),
    ),
    ex2(
        "W_h not transposed",
        2,
        "Order and sign are right; the square blocks hide that they are the wrong way round.",
        "the blocks of W_h are not transposed: examples are rows here",
        convert(W_h="w_hh[places]"),
    ),
    ex2(
        "W_x not transposed",
        0,
        "W_x does not even have its shape.",
        "W_x: expected float64 (3, 3, 2), got float64 (3, 2, 3)",
        convert(W_x="w_ih[places]"),
    ),
    ex2(
        "reshaped, not transposed",
        2,
        "Order and sign are right; the shape is forced, and the numbers of W_x are in the wrong places.",
        "W_x was reshaped where it has to be transposed",
        convert(W_x="w_ih[places].reshape(3, -1, H)"),
    ),
    ex2(
        "order ignored",
        1,
        "The sign is right where z happens to come first; blocks stay where they were.",
        "order plays no part: the blocks are always read as z, r, n",
        convert(blocks="[0, 1, 2]"),
    ),
    ex2(
        "always PyTorch's order",
        1,
        "Where z replaces, the first block it returns is negated; only one library's order can be read.",
        "order plays no part: the blocks are always read as r, z, n",
        convert(blocks="[1, 0, 2]"),
    ),
    ex2(
        "order the wrong way round",
        1,
        "The sign is right where z comes first; three blocks that change places in a ring go the wrong way.",
        "order is read the wrong way round: it says where a block lies, not where it goes",
        convert(blocks='["zrn".index(gate) for gate in order]'),
    ),
    ex2(
        "sign ignored",
        1,
        "The order is right; z works the wrong way round where it replaces.",
        "keeps plays no part: z's block is never negated",
        convert(sign="1"),
    ),
    ex2(
        "always negated",
        1,
        "The order is right; z works the wrong way round where it keeps.",
        "keeps plays no part: z's block is negated where z keeps, too",
        convert(sign="-1"),
    ),
    ex2(
        "negated where z keeps",
        2,
        "The order is right, and only z's block changes; it does so in the wrong case.",
        "negated where z keeps: it is to be negated where z replaces",
        convert(sign="-1 if keeps else 1"),
    ),
    ex2(
        "one bias of z not negated",
        1,
        "The order is right; of z's two biases only one changes its sign.",
        "of z's two biases only one is negated",
        convert(flip="W_x[0], W_h[0], b[0] = sign * W_x[0], sign * W_h[0], sign * i[0] + h[0]"),
    ),
    ex2(
        "bias not negated",
        1,
        "The order is right; the bias of z is forgotten in the change of sign.",
        "the bias of z is not negated, W_x and W_h are",
        convert(flip="W_x[0], W_h[0] = sign * W_x[0], sign * W_h[0]"),
    ),
    ex2(
        "everything negated",
        1,
        "The order is right; r and the candidate have no part in the two conventions for z.",
        "keeps or replaces is a matter of z alone",
        convert(flip="W_x, W_h, b = sign * W_x, sign * W_h, sign * b"),
    ),
    ex2(
        "b_hn negated",
        1,
        "The order is right; b_hn belongs to the candidate.",
        "b_hn is negated where z replaces, but it belongs to the candidate",
        convert(b_hn="h[2] * (1 if keeps else -1)"),
    ),
    ex2(
        "b_hn twice",
        2,
        "Order and sign are right; the candidate's second bias came in inside the product with r and outside.",
        "b_hn came in twice: it is in b as well",
        convert(b="i + h"),
    ),
    ex2(
        "bias_hh for z and r lost",
        2,
        "Order and sign are right; each gate has lost one of its two biases.",
        "of bias_hh the blocks of z and r are lost",
        convert(b="i.copy()"),
    ),
    ex2(
        "candidate's biases swapped",
        2,
        "Order and sign are right; which bias stands beside r matters.",
        "the candidate's two biases are in each other's place",
        convert(b="np.stack([i[0] + h[0], i[1] + h[1], h[2]])", b_hn="i[2]"),
    ),
    ex2(
        "b_hn of the first block",
        1,
        "The sign is right; b_hn is the top block of bias_hh, whatever the order.",
        "b_hn is the first block of bias_hh, whichever gate that belongs to",
        convert(b_hn="bias_hh[:H].copy()"),
    ),
    ex2(
        "float32",
        0,
        "Half of the digits are lost.",
        "got float32",
        convert(result="W_x.astype(np.float32), W_h, b, b_hn"),
    ),
    ex2("list", 0, "What comes back is a list, not a tuple.", "got list", convert(result="[W_x, W_h, b, b_hn]")),
    ex2("b_hn forgotten", 0, "Three of four values come back.", "got 3 values", convert(result="W_x, W_h, b")),
]

CONVERT_VARIANTS = [
    v2("reshape and index", convert()),
    v2(
        "split and dict",
        """
        stacks = (weight_ih, weight_hh, bias_ih, bias_hh)
        w, u, i, h = ({g: block.T for g, block in zip(order, np.split(s, 3), strict=True)} for s in stacks)
        flip = lambda a: a if keeps else np.negative(a)
        b = np.array([flip(i["z"] + h["z"]), i["r"] + h["r"], i["n"]])
        return np.array([flip(w["z"]), w["r"], w["n"]]), np.array([flip(u["z"]), u["r"], u["n"]]), b, h["n"]
        """,
    ),
    v2(
        "explicit loops",
        """
        H, D = bias_ih.size // 3, weight_ih.shape[1]
        W_x, W_h, b, b_hn = np.zeros((3, D, H)), np.zeros((3, H, H)), np.zeros((3, H)), np.zeros(H)
        for k in range(3):
            for j in range(H):
                row = order.find("zrn"[k]) * H + j
                s = -1.0 if k == 0 and not keeps else 1.0
                for d in range(D):
                    W_x[k, d, j] = s * weight_ih[row, d]
                for i in range(H):
                    W_h[k, i, j] = s * weight_hh[row, i]
                b[k, j] = s * bias_ih[row]
                if k < 2:
                    b[k, j] += s * bias_hh[row]
                else:
                    b_hn[j] = bias_hh[row]
        return W_x, W_h, b, b_hn
        """,
    ),
    v2(
        "overwrites the arrays",
        """
        H = weight_hh.shape[1]
        at = {gate: slice(H * k, H * k + H) for k, gate in enumerate(order)}
        b_hn = np.array(bias_hh[at["n"]])
        bias_hh[at["n"]] = 0
        bias_ih += bias_hh
        if not keeps:
            for array in (weight_ih, weight_hh, bias_ih):
                array[at["z"]] *= -1
        W_x, W_h, b = (np.stack([array[at[g]].T for g in "zrn"]) for array in (weight_ih, weight_hh, bias_ih))
        return W_x, W_h, b, b_hn
        """,
    ),
]

# ---- exercise 3, the candidate backwards: shape 1, grad 1, value 1, hidden 1, hidden-grad 1 ----


def candidate(
    da="dcandidate * (1 - candidate**2)",
    dinner="da * r",
    dx="da @ W_xh.T",
    dh_prev="dinner @ W_hh.T",
    dr="da * (h_prev @ W_hh + b_hn)",
    W_xh="x.T @ da",
    W_hh="h_prev.T @ dinner",
    b_h="da.sum(axis=0)",
    b_hn="dinner.sum(axis=0)",
    result="dx, dh_prev, dr, grads",
):
    """The body of the way back through the candidate, with one part of it changed."""
    return f"""
da = {da}
dinner = {dinner}
dx, dh_prev, dr = {dx}, {dh_prev}, {dr}
grads = {{"W_xh": {W_xh}, "W_hh": {W_hh}, "b_h": {b_h}, "b_hn": {b_hn}}}
return {result}
"""


BACKWARD = [
    ex3("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex3(
        "constant",
        0,
        "Shapes alone are no answer.",
        "dx is zero everywhere",
        candidate(da="dcandidate * 0"),
    ),
    ex3("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", candidate(da="dcandidate * np.nan")),
    ex3(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import GRUCell\n" + candidate(),
    ),
    ex3(
        "the other cell's way back",
        1,
        "Shapes are right; this is the table of the reset before the product.",
        "this is the way back of (9.2), with the reset before the product",
        candidate(
            dh_prev="(da @ W_hh.T) * r", dr="(da @ W_hh.T) * h_prev", W_hh="(r * h_prev).T @ da", b_hn="(da * r).sum(axis=0)"
        ),
    ),
    ex3(
        "b_hn left out of dr",
        2,
        "The parameters' gradients are right; of the bracket that r multiplies, one term is missing in dr.",
        "dr: b_hn stands in the bracket, too",
        candidate(dr="da * (h_prev @ W_hh)"),
    ),
    ex3(
        "r in dr",
        2,
        "The parameters' gradients are right; dr has r itself as a factor, which stands beside the bracket.",
        "dr has r in it: the other factor of the product is the bracket alone",
        candidate(dr="dinner * (h_prev @ W_hh + b_hn)"),
    ),
    ex3(
        "db_hn like db_h",
        3,
        "dx, dh_prev and dr are right; the two biases are treated alike, though r stands before one of them.",
        "db_hn is the same as db_h: r stands before b_hn",
        candidate(b_hn="da.sum(axis=0)"),
    ),
    ex3(
        "db_h like db_hn",
        3,
        "dx, dh_prev and dr are right; b_h does not pass through r.",
        "db_h was taken through r: b_h stands outside the bracket",
        candidate(b_h="dinner.sum(axis=0)"),
    ),
    ex3(
        "no r in dW_hh",
        3,
        "dx, dh_prev and dr are right; r is missing in one gradient.",
        "dW_hh: r is missing",
        candidate(W_hh="h_prev.T @ da"),
    ),
    ex3(
        "dW_hh by the reset state",
        3,
        "dx, dh_prev and dr are right; one gradient is that of the other cell.",
        "dW_hh is that of the other cell, with r times h_prev",
        candidate(W_hh="(r * h_prev).T @ da"),
    ),
    ex3(
        "no r in dh_prev",
        2,
        "The parameters' gradients are right; r is missing on the way to the old state.",
        "dh_prev: r is missing",
        candidate(dh_prev="da @ W_hh.T"),
    ),
    ex3(
        "r outside in dh_prev",
        2,
        "The parameters' gradients are right; r multiplies the wrong side of the product.",
        "dh_prev: r belongs before the product with the transpose",
        candidate(dh_prev="r * (da @ W_hh.T)"),
    ),
    ex3(
        "r in dx",
        2,
        "The parameters' gradients are right; the input does not pass through r.",
        "dx was taken through r: x stands outside the bracket",
        candidate(dx="dinner @ W_xh.T"),
    ),
    ex3(
        "tanh passed by",
        1,
        "Shapes are right; all seven gradients lack the slope of the tanh.",
        "the tanh was passed by",
        candidate(da="dcandidate"),
    ),
    ex3(
        "1 - candidate",
        1,
        "Shapes are right; the slope of the tanh is wrong, and it stands in all seven gradients.",
        "the slope of the tanh is not 1 - candidate",
        candidate(da="dcandidate * (1 - candidate)"),
    ),
    ex3(
        "W_hh not transposed",
        2,
        "The parameters' gradients are right; dh_prev has W_hh the wrong way round.",
        "dh_prev: W_hh is the wrong way round",
        candidate(dh_prev="dinner @ W_hh"),
    ),
    ex3(
        "dr through the gate",
        2,
        "The parameters' gradients are right; r is an input here, and its slope is not asked for.",
        "dr: r is an input here, its sigmoid is not asked for",
        candidate(dr="da * (h_prev @ W_hh + b_hn) * r * (1 - r)"),
    ),
    ex3(
        "dh_prev and dr swapped",
        2,
        "The parameters' gradients are right; two others stand in each other's place.",
        "dh_prev and dr were returned in the wrong order",
        candidate(result="dx, dr, dh_prev, grads"),
    ),
    ex3(
        "b_hn not summed",
        2,
        "dx, dh_prev and dr are right; a bias has one gradient for each example.",
        "b_hn: expected float64 (2,), got float64 (4, 2)",
        candidate(b_hn="dinner"),
    ),
    ex3(
        "mean over the batch",
        3,
        "dx, dh_prev and dr are right; the parameters' gradients are B times too small.",
        "the mean over the batch, not the sum",
        candidate(
            W_xh="x.T @ da / len(x)", W_hh="h_prev.T @ dinner / len(x)", b_h="da.mean(axis=0)", b_hn="dinner.mean(axis=0)"
        ),
    ),
    ex3(
        "no b_hn",
        2,
        "dx, dh_prev and dr are right; a parameter without a gradient never learns.",
        "expected dx, dh_prev, dr, W_xh, W_hh, b_h, b_hn, got dx, dh_prev, dr, W_xh, W_hh, b_h",
        candidate(result='dx, dh_prev, dr, {name: g for name, g in grads.items() if name != "b_hn"}'),
    ),
    ex3(
        "float32",
        1,
        "Six digits agree with central differences; the others are lost.",
        "got float32",
        candidate(dinner="(da * r).astype(np.float32)", W_hh="(h_prev.T @ dinner).astype(np.float32)"),
    ),
    ex3("list", 0, "What comes back is a list, not a tuple.", "got list", candidate(result="[dx, dh_prev, dr, grads]")),
]

BACKWARD_VARIANTS = [
    v3(
        "einsum",
        """
        da = dcandidate - dcandidate * candidate**2
        dr = np.einsum("bh,bg,gh->bh", da, h_prev, W_hh) + da * b_hn
        grads = {"b_hn": np.einsum("bh,bh->h", da, r), "b_h": np.einsum("bh->h", da)}
        grads |= {"W_hh": np.einsum("bg,bh,bh->gh", h_prev, da, r), "W_xh": np.einsum("bd,bh->dh", x, da)}
        return np.einsum("bh,dh->bd", da, W_xh), np.einsum("bh,bh,gh->bg", r, da, W_hh), dr, grads
        """,
    ),
    v3(
        "one example at a time",
        """
        (B, D), H = x.shape, len(b_hn)
        dx, dh_prev, dr = np.zeros((B, D)), np.zeros((B, H)), np.zeros((B, H))
        grads = {"W_xh": np.zeros((D, H)), "W_hh": np.zeros((H, H)), "b_h": np.zeros(H), "b_hn": np.zeros(H)}
        for k in range(B):
            for j in range(H):
                da = dcandidate[k, j] * (1 - candidate[k, j]) * (1 + candidate[k, j])
                inside = b_hn[j] + sum(h_prev[k, i] * W_hh[i, j] for i in range(H))
                dr[k, j] = da * inside
                dx[k] += da * W_xh[:, j]
                dh_prev[k] += da * r[k, j] * W_hh[:, j]
                grads["W_xh"][:, j] += da * x[k]
                grads["W_hh"][:, j] += da * r[k, j] * h_prev[k]
                grads["b_h"][j] += da
                grads["b_hn"][j] += da * r[k, j]
        return dx, dh_prev, dr, grads
        """,
    ),
    v3(
        "a column of ones for the bias",
        """
        read = np.concatenate([h_prev, np.ones((len(x), 1))], axis=1)
        weights = np.concatenate([W_hh, b_hn[None]])
        da = dcandidate / np.cosh(np.arctanh(candidate)) ** 2
        d_weights, d_read = read.T @ (r * da), (r * da) @ weights.T
        grads = dict(W_xh=(da.T @ x).T, W_hh=d_weights[:-1], b_h=np.ones(len(x)) @ da, b_hn=d_weights[-1])
        return np.dot(da, W_xh.T), d_read[:, :-1], da * (read @ weights), grads
        """,
    ),
    v3(
        "overwrites dcandidate",
        """
        dcandidate *= 1 - candidate * candidate
        grads = {"W_xh": x.T @ dcandidate, "b_h": dcandidate.sum(0)}
        dx, dr = dcandidate @ W_xh.T, dcandidate * (b_hn + h_prev @ W_hh)
        dcandidate *= r
        grads.update(W_hh=h_prev.T @ dcandidate, b_hn=dcandidate.sum(0))
        return dx, (W_hh @ dcandidate.T).T, dr, grads
        """,
    ),
]

# ---- exercise 4, the bug: value 1, gates 1, hidden 1, hidden-grad 1 ----


def mended(
    da_h="dh * (1 - z) * (1 - candidate**2)",
    dpast="da_h @ W_h[2].T",
    dz="dh * (h_prev - candidate)",
    dr="dpast * h_prev",
    slopes="dz * z * (1 - z), dr * r * (1 - r)",
    das="[da_z, da_r, da_h]",
    reads="[h_prev, h_prev, past]",
    b="da.sum(axis=0)",
    dh_prev="dh * z + dpast * r + da_z @ W_h[0].T + da_r @ W_h[1].T",
    result="dx, dh_prev, grads",
):
    """The body of the mended step backwards, with one part of it changed."""
    return f"""
past = r * h_prev
da_h = {da_h}
dpast = {dpast}
dz = {dz}
dr = {dr}
da_z, da_r = {slopes}
das, reads = {das}, {reads}
grads = {{
    "W_x": np.stack([x.T @ da for da in das]),
    "W_h": np.stack([read.T @ da for read, da in zip(reads, das, strict=True)]),
    "b": np.stack([{b} for da in das]),
}}
dx = sum(da @ W.T for da, W in zip(das, W_x, strict=True))
dh_prev = {dh_prev}
return {result}
"""


MEND = [
    ex4("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex4(
        "constant",
        0,
        "Shapes alone are no answer.",
        "z = 1: dh_prev is not dh",
        mended(result="0 * dx, 0 * dh_prev, {name: 0 * g for name, g in grads.items()}"),
    ),
    ex4("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", mended(dz="dh * np.nan")),
    ex4(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import GRUCell\n" + mended(),
    ),
    ex4("handed in as found", 0, "The bug is still there.", "the bug is still there", mended(dr="dpast * past")),
    ex4(
        "the same, spelt otherwise",
        0,
        "The bug is still there.",
        "the bug is still there",
        mended(dr="(dpast * h_prev) * r"),
    ),
    ex4(
        "r twice",
        0,
        "One factor too many has become two.",
        "dr has two factors too many: r is in it twice",
        mended(dr="dpast * past * r"),
    ),
    ex4(
        "dr without a factor",
        1,
        "r no longer comes in twice; h_prev has gone with it.",
        "dr is dpast alone: the other factor of past is missing",
        mended(dr="dpast"),
    ),
    ex4(
        "dr by r",
        0,
        "The wrong factor of the product: that is the other share.",
        "dr is dpast times r: that is the share of h_prev",
        mended(dr="dpast * r"),
    ),
    ex4(
        "reset gate left out",
        0,
        "The bug is gone, and with it all that flows through the reset gate.",
        "nothing comes through the reset gate",
        mended(slopes="dz * z * (1 - z), 0 * dr"),
    ),
    ex4(
        "dW_hh by h_prev",
        2,
        "The bug is mended, and so are dx and dh_prev; the candidate's weights get what they did not read.",
        "dW_hh: the product read past, not h_prev",
        mended(reads="[h_prev, h_prev, h_prev]"),
    ),
    ex4(
        "dW_hr by past",
        2,
        "The bug is mended, and so are dx and dh_prev; the gate reads the old state itself.",
        "dW_hr: the reset gate reads h_prev, not past",
        mended(reads="[h_prev, past, past]"),
    ),
    ex4(
        "second share without r",
        1,
        "The parameters' gradients are right; what r holds back reaches the old state.",
        "z = r = 0: the past is gone, dh_prev is not 0",
        mended(dh_prev="dh * z + dpast + da_z @ W_h[0].T + da_r @ W_h[1].T"),
    ),
    ex4(
        "fourth share dropped",
        2,
        "The bug is mended, and so are the parameters' gradients; one way into the old state is closed.",
        "dh_prev: the share through the reset gate is missing",
        mended(dh_prev="dh * z + dpast * r + da_z @ W_h[0].T"),
    ),
    ex4(
        "z the wrong way round in dz",
        1,
        "The bug is mended; the sign of all that goes through z is wrong.",
        "dz has the wrong sign",
        mended(dz="dh * (candidate - h_prev)"),
    ),
    ex4(
        "z and 1 - z swapped",
        0,
        "This is the step of the other convention.",
        "z = 1: dh_prev is not dh",
        mended(da_h="dh * z * (1 - candidate**2)", dh_prev="dh * (1 - z) + dpast * r + da_z @ W_h[0].T + da_r @ W_h[1].T"),
    ),
    ex4(
        "W_hz not transposed",
        2,
        "The bug is mended, and so are the parameters' gradients; one square matrix is the wrong way round.",
        "dh_prev: W_hz and W_hr are the wrong way round",
        mended(dh_prev="dh * z + dpast * r + da_z @ W_h[0] + da_r @ W_h[1]"),
    ),
    ex4(
        "W_hh not transposed",
        1,
        "The bug is mended; dpast has W_hh the wrong way round, and hands it on.",
        "dpast: W_hh is the wrong way round",
        mended(dpast="da_h @ W_h[2]"),
    ),
    ex4(
        "other cell's reset",
        1,
        "The three facts of the gates hold for the other cell, too, and this is its way back.",
        "dr is that of the reset after the product",
        mended(
            dr="da_h * (h_prev @ W_h[2])",
            dpast="(da_h * r) @ W_h[2].T",
            dh_prev="dh * z + dpast + da_z @ W_h[0].T + da_r @ W_h[1].T",
        ),
    ),
    ex4(
        "mean over the batch",
        2,
        "The bug is mended, and so are dx and dh_prev; the biases' gradients are B times too small.",
        "db is the mean over the batch, not the sum",
        mended(b="da.mean(axis=0)"),
    ),
    ex4(
        "list",
        0,
        "What comes back is a list, not a tuple.",
        "got list",
        mended(result="[dx, dh_prev, grads]"),
    ),
]

MEND_VARIANTS = [
    v4("smallest change", mended()),
    v4(
        "einsum",
        """
        da_h = (dh - z * dh) * (1 - candidate * candidate)
        dpast = np.einsum("bh,gh->bg", da_h, W_h[2])
        da = np.stack([dh * (h_prev - candidate) * (z - z**2), dpast * h_prev * (r - r**2), da_h])
        read = np.stack([h_prev, h_prev, r * h_prev])
        grads = {"b": np.einsum("kbh->kh", da), "W_x": np.einsum("bd,kbh->kdh", x, da)}
        grads["W_h"] = np.einsum("kbg,kbh->kgh", read, da)
        through = np.einsum("kbh,kgh->kbg", da, W_h)
        return np.einsum("kbh,kdh->bd", da, W_x), dh * z + r * through[2] + through[0] + through[1], grads
        """,
    ),
    v4(
        "one example at a time",
        """
        dx, dh_prev = np.zeros_like(x), np.zeros_like(h_prev)
        grads = {"W_x": np.zeros_like(W_x), "W_h": np.zeros_like(W_h), "b": np.zeros((3, h_prev.shape[1]))}
        for k in range(len(x)):
            a_h = dh[k] * (1 - z[k]) * (1 - candidate[k] ** 2)
            a_z = dh[k] * (h_prev[k] - candidate[k]) * z[k] * (1 - z[k])
            a_r = (W_h[2] @ a_h) * h_prev[k] * r[k] * (1 - r[k])
            for g, (a, read) in enumerate([(a_z, h_prev[k]), (a_r, h_prev[k]), (a_h, r[k] * h_prev[k])]):
                grads["W_x"][g] += np.outer(x[k], a)
                grads["W_h"][g] += np.outer(read, a)
                grads["b"][g] += a
                dx[k] += W_x[g] @ a
            dh_prev[k] = dh[k] * z[k] + r[k] * (W_h[2] @ a_h) + W_h[0] @ a_z + W_h[1] @ a_r
        return dx, dh_prev, grads
        """,
    ),
    v4(
        "overwrites z and r",
        """
        keep, let = z.copy(), r.copy()
        da_h = dh * (1 - z) * (1 - candidate**2)
        dpast = da_h @ W_h[2].T
        z *= (1 - z) * dh * (h_prev - candidate)
        r *= (1 - r) * dpast * h_prev
        da = np.stack([z, r, da_h])
        grads = {"W_x": x.T @ da, "b": da.sum(axis=1)}
        grads["W_h"] = np.stack([h_prev.T @ z, h_prev.T @ r, (let * h_prev).T @ da_h])
        dh_prev = dh * keep + dpast * let + z @ W_h[0].T + r @ W_h[1].T
        return (da @ np.swapaxes(W_x, 1, 2)).sum(axis=0), dh_prev, grads
        """,
    ),
]

MISTAKES = STEP + CONVERT + BACKWARD + MEND
VARIANTS = STEP_VARIANTS + CONVERT_VARIANTS + BACKWARD_VARIANTS + MEND_VARIANTS
EQUIVALENT = {}
