"""Wrong answers to assignment 4 with the points they deserve, and right ones written otherwise.

Functions are judged by what they return. One that also changes its arguments gets its points: where answers run in a process
of their own, only values come back, and a mark must not depend on where an answer runs.
"""

from scripts.mistake import STUB, makers

HEADS = {
    "ch04-ex1-step": "def rnn_step(x, h_prev, W_xh, W_hh, b_h):",
    "ch04-ex2-forward": "def rnn_forward(xs, h_0, step):",
    "ch04-ex3-loss": "def softmax_cross_entropy(logits, targets):",
    "ch04-ex4-backward": "def rnn_step_backward(dh, x, h_prev, h, W_xh, W_hh):",
    "ch04-ex5-bptt": "def bptt(dhs, caches, step_backward):",
}


(ex1, ex2, ex3, ex4, ex5), (v1, v2, v3, v4, v5) = makers(HEADS)

# ---- exercise 1, one step: shape 1, value 1, hidden 1 ----

STEP = [
    ex1("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex1(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        """
        from rnncore import RNNCell
        return RNNCell(x.shape[1], h_prev.shape[1], np.random.default_rng()).step(x, h_prev)[0]
        """,
    ),
    ex1(
        "constant",
        0,
        "The shape alone is no answer.",
        "two examples got the same row",
        "return np.zeros((x.shape[0], W_hh.shape[0]))",
    ),
    ex1(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        "return np.full((x.shape[0], W_hh.shape[0]), np.nan)",
    ),
    ex1(
        "no bias",
        1,
        "One row for each example, of wrong numbers.",
        "the bias is left out",
        "return np.tanh(x @ W_xh + h_prev @ W_hh)",
    ),
    ex1(
        "no tanh",
        1,
        "One row for each example, of wrong numbers.",
        "the tanh is missing",
        "return x @ W_xh + h_prev @ W_hh + b_h",
    ),
    ex1(
        "no memory",
        1,
        "One row for each example; the term that makes the layer recurrent is missing.",
        "h_prev plays no part",
        "return np.tanh(x @ W_xh + b_h)",
    ),
    ex1(
        "W_hh transposed",
        1,
        "One row for each example; the square matrix hides that it is the wrong way round.",
        "W_hh came in transposed",
        "return np.tanh(x @ W_xh + h_prev @ W_hh.T + b_h)",
    ),
    ex1(
        "weights from the left",
        0,
        "It mixes examples, and runs at all only where the sizes happen to be equal.",
        "the weights multiplied from the left",
        "return np.tanh(W_xh @ x + W_hh @ h_prev + b_h)",
    ),
    ex1(
        "sigmoid",
        1,
        "One row for each example; the wrong squashing function.",
        "this is the sigmoid",
        "return 1 / (1 + np.exp(-(x @ W_xh + h_prev @ W_hh + b_h)))",
    ),
    ex1(
        "memory after the tanh",
        1,
        "One row for each example; the recurrent term is not squashed.",
        "h_prev came in after the tanh",
        "return np.tanh(x @ W_xh + b_h) + h_prev @ W_hh",
    ),
    ex1(
        "mean over the batch",
        0,
        "The state of an example depends on who else is in the batch.",
        "changes when other examples join in",
        "return np.tanh(x @ W_xh + h_prev.mean(axis=0) @ W_hh + b_h)",
    ),
    ex1(
        "squeezed",
        1,
        "The numbers are right; with B = 1 an axis is lost.",
        "expected float64 (1, 5), got float64 (5,)",
        "return np.tanh(x @ W_xh + h_prev @ W_hh + b_h).squeeze()",
    ),
    ex1(
        "float32",
        1,
        "The numbers are right to six decimals; half of their digits are lost.",
        "got float32",
        "return np.tanh(x @ W_xh + h_prev @ W_hh + b_h).astype(np.float32)",
    ),
    ex1(
        "list",
        1,
        "The numbers are right; what comes back is no array.",
        "got list",
        "return np.tanh(x @ W_xh + h_prev @ W_hh + b_h).tolist()",
    ),
    ex1(
        "returns a cache too",
        0,
        "Whoever calls this gets a tuple where a state belongs.",
        "got tuple",
        "h = np.tanh(x @ W_xh + h_prev @ W_hh + b_h)\nreturn h, (x, h_prev, h)",
    ),
]

STEP_VARIANTS = [
    v1("einsum", 'return np.tanh(np.einsum("bd,dh->bh", x, W_xh) + np.einsum("bg,gh->bh", h_prev, W_hh) + b_h)'),
    v1("one matrix", "return np.tanh(np.concatenate([x, h_prev], axis=1) @ np.concatenate([W_xh, W_hh]) + b_h[None, :])"),
    v1(
        "explicit loops",
        """
        (B, D), H = x.shape, len(b_h)
        new = np.zeros((B, H))
        for b in range(B):
            for j in range(H):
                total = b_h[j]
                for d in range(D):
                    total += x[b, d] * W_xh[d, j]
                for i in range(H):
                    total += h_prev[b, i] * W_hh[i, j]
                new[b, j] = np.tanh(total)
        return new
        """,
    ),
    v1("overwrites h_prev", "h_prev[...] = np.tanh(x @ W_xh + h_prev @ W_hh + b_h)\nreturn h_prev"),
]

# ---- exercise 2, the sequence: shape 1, value 1, hidden 1 ----

FORWARD = [
    ex2("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex2(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        """
        from rnncore import RNN
        return RNN(xs.shape[2], h_0.shape[1], np.random.default_rng()).forward(xs, (h_0,))[0]
        """,
    ),
    ex2(
        "constant",
        0,
        "The shape alone is no answer.",
        "hs[0] is not step(xs[0], h_0)",
        "return np.zeros((len(xs), *h_0.shape))",
    ),
    ex2(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        "return np.full((len(xs), *h_0.shape), np.nan)",
    ),
    ex2(
        "h_0 at every step",
        1,
        "T states, the first of them right; nothing is carried on.",
        "every step got h_0",
        "return np.stack([step(x, h_0) for x in xs])",
    ),
    ex2(
        "starts from zeros",
        1,
        "The loop is right; the state that it was given is ignored.",
        "the state started from zero",
        """
        h, hs = np.zeros_like(h_0), []
        for x in xs:
            h = step(x, h)
            hs.append(h)
        return np.stack(hs)
        """,
    ),
    ex2(
        "hs[t - 1] at t = 0",
        1,
        "The loop is right; hs[-1] is the last row, still zero, and h_0 is ignored.",
        "the state started from zero",
        """
        hs = np.zeros((len(xs), *h_0.shape))
        for t in range(len(xs)):
            hs[t] = step(xs[t], hs[t - 1])
        return hs
        """,
    ),
    ex2(
        "reads backwards",
        0,
        "Already the first state is wrong: order is what a sequence is about.",
        "the sequence was read from its end",
        """
        h, hs = h_0, []
        for x in xs[::-1]:
            h = step(x, h)
            hs.append(h)
        return np.stack(hs)
        """,
    ),
    ex2(
        "last state only",
        0,
        "T - 1 states are lost.",
        "expected shape (3, 1, 1), got (1, 1)",
        """
        h = h_0
        for x in xs:
            h = step(x, h)
        return h
        """,
    ),
    ex2(
        "list of states",
        1,
        "The numbers are right; what comes back is no array.",
        "got list",
        """
        h, hs = h_0, []
        for x in xs:
            h = step(x, h)
            hs.append(h)
        return hs
        """,
    ),
    ex2(
        "h_0 first, last state lost",
        0,
        "Each state stands one step too late.",
        "h_0 stands first, and the last state is lost",
        """
        h, hs = h_0, []
        for x in xs:
            hs.append(h)
            h = step(x, h)
        return np.stack(hs)
        """,
    ),
    ex2(
        "T + 1 states",
        0,
        "hs[0] is h_0, so that every index is off by one.",
        "expected shape (3, 1, 1), got (4, 1, 1)",
        """
        hs = [h_0]
        for x in xs:
            hs.append(step(x, hs[-1]))
        return np.stack(hs)
        """,
    ),
    ex2(
        "one array T times",
        0,
        "The list holds one array T times, so that only the last state is left, and h_0 is overwritten.",
        "all states are the last one",
        """
        h, hs = h_0, []
        for x in xs:
            h[...] = step(x, h)
            hs.append(h)
        return np.stack(hs)
        """,
    ),
    ex2(
        "batch first",
        0,
        "Time and batch have changed places.",
        "expected float64 (4, 2, 5), got float64 (2, 4, 5)",
        """
        h, hs = h_0, []
        for x in xs:
            h = step(x, h)
            hs.append(h)
        return np.stack(hs, axis=1)
        """,
    ),
    ex2(
        "concatenated",
        0,
        "Time has run into the batch: one axis is lost.",
        "expected float64 (4, 2, 5), got float64 (8, 5)",
        """
        h, hs = h_0, []
        for x in xs:
            h = step(x, h)
            hs.append(h)
        return np.concatenate(hs)
        """,
    ),
    ex2(
        "room of xs's shape",
        1,
        "The loop is right; the room for the states has D columns, not H.",
        "could not broadcast",
        """
        h, hs = h_0, np.zeros_like(xs)
        for t in range(len(xs)):
            h = step(xs[t], h)
            hs[t] = h
        return hs
        """,
    ),
    ex2(
        "float32",
        1,
        "The numbers are right where they have few digits; half of the others' are lost.",
        "got float32",
        """
        h, hs = h_0, np.zeros((len(xs), *h_0.shape), dtype=np.float32)
        for t in range(len(xs)):
            h = step(xs[t], h)
            hs[t] = h
        return hs
        """,
    ),
    ex2(
        "input in the place of the state",
        0,
        "The second argument of step is the old state; this fails wherever D differs from H.",
        "got x_{t-1} where h_{t-1} belongs",
        """
        hs = [step(xs[0], h_0)]
        for t in range(1, len(xs)):
            hs.append(step(xs[t], xs[t - 1]))
        return np.stack(hs)
        """,
    ),
]

FORWARD_VARIANTS = [
    v2(
        "room made first",
        """
        T, (B, H) = len(xs), h_0.shape
        states = np.empty((T + 1, B, H))
        states[0] = h_0
        for t in range(T):
            states[t + 1] = step(xs[t], states[t])
        return states[1:]
        """,
    ),
    v2(
        "accumulate",
        """
        from itertools import accumulate

        return np.array(list(accumulate(xs, lambda h, x: step(x, h), initial=h_0))[1:])
        """,
    ),
    v2(
        "recursion",
        """
        new = step(xs[0], h_0)
        if len(xs) == 1:
            return new[np.newaxis]
        return np.concatenate([new[np.newaxis], rnn_forward(xs[1:], new, step)])
        """,
    ),
    v2(
        "overwrites h_0",
        """
        hs = []
        for x in xs:
            h_0[...] = step(x, h_0)
            hs.append(h_0.copy())
        return np.stack(hs)
        """,
    ),
]

# ---- exercise 3, the loss: value 1, grad 1, large 1, hidden 1, hidden-grad 1 ----

GOOD_P = """
shifted = logits - logits.max(axis=-1, keepdims=True)
log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
p = np.exp(log_p)
onehot = np.eye(logits.shape[-1])[targets]
n = targets.size
"""

LOSS = [
    ex3("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex3(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        """
        from rnncore import softmax_cross_entropy
        return softmax_cross_entropy(logits, targets)
        """,
    ),
    ex3(
        "constant",
        0,
        "A float and an array of the right shape are no answer.",
        "the numbers are off",
        "return 1.0, np.zeros_like(logits)",
    ),
    ex3(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        "return float('nan'), np.full_like(logits, np.nan)",
    ),
    ex3(
        "sum, not mean",
        1,
        "Loss and gradient are T B times too large alike; only the care for large logits is right.",
        "this is the sum",
        GOOD_P + "return float(-(onehot * log_p).sum()), p - onehot",
    ),
    ex3(
        "gradient not divided",
        3,
        "The loss is right in every test, its gradient is that of the sum.",
        "not divided by the T B entries of the mean",
        GOOD_P + "return float(-(onehot * log_p).sum() / n), p - onehot",
    ),
    ex3(
        "divided by B alone",
        1,
        "Loss and gradient are T times too large alike; only the care for large logits is right.",
        "divided by B alone",
        GOOD_P + "return float(-(onehot * log_p).sum() / targets.shape[1]), (p - onehot) / targets.shape[1]",
    ),
    ex3(
        "mean over K too",
        2,
        "The gradient is right, the loss is K times too small.",
        "the mean runs over K too",
        GOOD_P + "return float(-(onehot * log_p).mean()), (p - onehot) / n",
    ),
    ex3(
        "softmax over time",
        0,
        "The probabilities of an entry do not sum to 1.",
        "the softmax ran over time",
        """
        shifted = logits - logits.max(axis=0, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))
        onehot = np.eye(logits.shape[-1])[targets]
        return float(-(onehot * log_p).sum() / targets.size), (np.exp(log_p) - onehot) / targets.size
        """,
    ),
    ex3(
        "softmax over everything",
        0,
        "The probabilities of an entry do not sum to 1.",
        "the softmax ran over the whole array",
        """
        shifted = logits - logits.max()
        log_p = shifted - np.log(np.exp(shifted).sum())
        onehot = np.eye(logits.shape[-1])[targets]
        return float(-(onehot * log_p).sum() / targets.size), (np.exp(log_p) - onehot) / targets.size
        """,
    ),
    ex3(
        "overflow",
        4,
        "Right for ordinary logits, NaN for large ones.",
        "the loss is NaN",
        """
        p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        onehot = np.eye(logits.shape[-1])[targets]
        loss = -np.log(p[onehot == 1]).mean()
        return float(loss), (p - onehot) / targets.size
        """,
    ),
    ex3(
        "logarithm of 0",
        4,
        "Right for ordinary logits; exp cannot overflow, but p underflows before its logarithm is taken.",
        "the loss is infinite",
        """
        p = np.exp(logits - logits.max(axis=-1, keepdims=True))
        p = p / p.sum(axis=-1, keepdims=True)
        onehot = np.eye(logits.shape[-1])[targets]
        return float(-np.log(p[onehot == 1]).mean()), (p - onehot) / targets.size
        """,
    ),
    ex3(
        "one maximum for all",
        4,
        "Right for ordinary logits; an entry far below the largest one of the batch underflows.",
        "the loss is infinite",
        """
        shifted = logits - logits.max()
        log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        onehot = np.eye(logits.shape[-1])[targets]
        return float(-log_p[onehot == 1].mean()), (np.exp(log_p) - onehot) / targets.size
        """,
    ),
    ex3(
        "1e-8 inside the logarithm",
        3,
        "The gradient is right; the loss is off in the eighth decimal, and capped at 18 nats.",
        "is y changed or cut off",
        GOOD_P + "return float(-np.log(p[onehot == 1] + 1e-8).mean()), (p - onehot) / n",
    ),
    ex3(
        "sign of the loss",
        2,
        "The gradient is right, the loss is negative.",
        "the sign is wrong",
        GOOD_P + "return float((onehot * log_p).sum() / n), (p - onehot) / n",
    ),
    ex3(
        "sign of the gradient",
        2,
        "The loss is right; its gradient points downhill.",
        "this points downhill",
        GOOD_P + "return float(-(onehot * log_p).sum() / n), (onehot - p) / n",
    ),
    ex3(
        "nothing taken off",
        2,
        "The loss is right; the gradient is the probabilities.",
        "nothing was taken off at the targets",
        GOOD_P + "return float(-(onehot * log_p).sum() / n), p / n",
    ),
    ex3(
        "bits",
        2,
        "The gradient is right (for nats), the loss is in bits.",
        "these are bits",
        GOOD_P + "return float(-(onehot * log_p).sum() / n / np.log(2)), (p - onehot) / n",
    ),
    ex3(
        "loss of each entry",
        2,
        "The gradient is right; nothing was averaged.",
        "expected one float, got float64 (2, 3)",
        GOOD_P + "return -(onehot * log_p).sum(axis=-1), (p - onehot) / n",
    ),
    ex3(
        "loss as an array",
        3,
        "Every number is right; the loss is an array without axes, not a float.",
        "expected one float, got float64 ()",
        GOOD_P + "return np.array(-(onehot * log_p).sum() / n), (p - onehot) / n",
    ),
    ex3(
        "target taken off in place, too early",
        2,
        "The gradient is right; when the loss is read off, p - 1 stands at the targets.",
        "NaN or inf among the numbers",
        GOOD_P
        + """
p -= onehot
return float(-np.log(p[onehot == 1]).mean()), p / n
""",
    ),
    ex3(
        "gradient in float32",
        3,
        "The loss is right; half of the gradient's digits are lost.",
        "got float32",
        GOOD_P + "return float(-(onehot * log_p).sum() / n), ((p - onehot) / n).astype(np.float32)",
    ),
    ex3(
        "flat gradient",
        2,
        "The loss is right; time and batch have run together in the gradient, which no longer fits the logits.",
        "expected float64 (2, 3, 4), got float64 (6, 4)",
        GOOD_P + "return float(-(onehot * log_p).sum() / n), ((p - onehot) / n).reshape(-1, logits.shape[-1])",
    ),
]

LOSS_VARIANTS = [
    v3(
        "logaddexp",
        """
        log_p = logits - np.logaddexp.reduce(logits, axis=-1)[..., None]
        hit = np.arange(logits.shape[-1]) == targets[..., None]
        return -log_p[hit].mean(), (np.exp(log_p) - hit) / hit[..., 0].size
        """,
    ),
    v3(
        "explicit loops",
        """
        T, B, K = logits.shape
        total, slopes = 0.0, np.zeros((T, B, K))
        for t in range(T):
            for b in range(B):
                z = logits[t, b] - max(logits[t, b])
                norm = sum(np.exp(v) for v in z)
                total += np.log(norm) - z[targets[t, b]]
                for k in range(K):
                    slopes[t, b, k] = (np.exp(z[k]) / norm - (k == targets[t, b])) / (T * B)
        return total / (T * B), slopes
        """,
    ),
    v3(
        "flattened inside",
        """
        T, B, K = logits.shape
        z, k, rows = logits.reshape(T * B, K), targets.reshape(-1), np.arange(T * B)
        z = z - z.max(axis=1)[:, None]
        p = np.exp(z)
        norm = p.sum(axis=1)
        p /= norm[:, None]
        loss = np.mean(np.log(norm) - z[rows, k])
        p[rows, k] -= 1
        return loss, (p / (T * B)).reshape(T, B, K)
        """,
    ),
    v3(
        "overwrites logits",
        """
        logits -= logits.max(axis=-1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        hit = np.eye(logits.shape[-1])[targets]
        return float(-np.sum(hit * logits) / targets.size), (np.exp(logits) - hit) / targets.size
        """,
    ),
]

# ---- exercise 4, the step backwards: shape 1, value 1, grad 1, hidden 1, hidden-grad 1 ----


def backward(
    da="dh * (1 - h * h)", dx="da @ W_xh.T", dh_prev="da @ W_hh.T", W_xh="x.T @ da", W_hh="h_prev.T @ da", b_h="da.sum(axis=0)"
):
    """The body of the backward step, with one part of it changed."""
    return f'da = {da}\ngrads = {{"W_xh": {W_xh}, "W_hh": {W_hh}, "b_h": {b_h}}}\nreturn {dx}, {dh_prev}, grads'


BACKWARD = [
    ex4("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex4(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        """
        from rnncore import RNNCell
        return RNNCell(x.shape[1], h_prev.shape[1], np.random.default_rng()).step_backward(dh, (x, h_prev, h))
        """,
    ),
    ex4(
        "constant",
        0,
        "Shapes alone are no answer.",
        "dx is zero everywhere",
        """
        grads = {"W_xh": np.zeros_like(W_xh), "W_hh": np.zeros_like(W_hh), "b_h": np.zeros(len(W_hh))}
        return np.zeros_like(x), np.zeros_like(h_prev), grads
        """,
    ),
    ex4(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        backward(da="dh * np.nan"),
    ),
    ex4(
        "tanh passed by",
        1,
        "Shapes are right; all five gradients lack the slope of the tanh.",
        "the tanh was passed by",
        backward(da="dh"),
    ),
    ex4(
        "1 - h",
        1,
        "Shapes are right; the slope of the tanh is wrong, and it stands in all five gradients.",
        "not 1 - h",
        backward(da="dh * (1 - h)"),
    ),
    ex4(
        "tanh of h",
        1,
        "Shapes are right; h was taken for the pre-activation.",
        "tanh of h",
        backward(da="dh * (1 - np.tanh(h) ** 2)"),
    ),
    ex4(
        "slope of the sigmoid",
        1,
        "Shapes are right; this is another function's slope.",
        "the slope of the sigmoid",
        backward(da="dh * h * (1 - h)"),
    ),
    ex4(
        "W_hh not transposed",
        3,
        "One gradient of five is wrong, dh_prev, which two of the five tests look at.",
        "W_hh is the wrong way round",
        backward(dh_prev="da @ W_hh"),
    ),
    ex4(
        "dh added to dh_prev",
        3,
        "One gradient of five is wrong: h_prev reaches h through the tanh alone.",
        "dh itself was added",
        backward(dh_prev="dh + da @ W_hh.T"),
    ),
    ex4(
        "dh in dx",
        3,
        "One gradient of five is wrong, dx.",
        "dh_prev is right, dx is not",
        backward(dx="dh @ W_xh.T"),
    ),
    ex4(
        "no sum over the batch",
        2,
        "dx and dh_prev are right; the bias has one gradient for each example.",
        "db_h: expected float64 (2,), got float64 (4, 2)",
        backward(b_h="da"),
    ),
    ex4(
        "sum over the wrong axis",
        2,
        "dx and dh_prev are right; the bias has a gradient for each example, not for each unit.",
        "db_h: expected float64 (2,), got float64 (4,)",
        backward(b_h="da.sum(axis=1)"),
    ),
    ex4(
        "keepdims",
        2,
        "dx and dh_prev are right; the gradient of the bias has not the bias's shape.",
        "db_h: expected float64 (2,), got float64 (1, 2)",
        backward(b_h="da.sum(axis=0, keepdims=True)"),
    ),
    ex4(
        "mean over the batch",
        3,
        "dx and dh_prev are right, and so are all shapes; the weights' gradients are B times too small.",
        "the mean over the batch, not the sum",
        backward(W_xh="x.T @ da / len(x)", W_hh="h_prev.T @ da / len(x)", b_h="da.mean(axis=0)"),
    ),
    ex4(
        "h for h_prev",
        3,
        "One gradient of five is wrong, that of W_hh.",
        "h stands where h_prev belongs",
        backward(W_hh="h.T @ da"),
    ),
    ex4(
        "dW_hh transposed",
        3,
        "One gradient of five is wrong; the square matrix hides that it is the wrong way round.",
        "dW_hh: transposed",
        backward(W_hh="da.T @ h_prev"),
    ),
    ex4(
        "dh for da in dW_xh",
        3,
        "One gradient of five is wrong, that of W_xh.",
        "dW_xh: the tanh was passed by",
        backward(W_xh="x.T @ dh"),
    ),
    ex4(
        "dx and dh_prev swapped",
        2,
        "The parameters' gradients are right; the other two stand in each other's place.",
        "returned in the wrong order",
        backward(dx="da @ W_hh.T", dh_prev="da @ W_xh.T"),
    ),
    ex4(
        "list, not tuple",
        4,
        "Every number is right; what comes back is a list.",
        "got list",
        backward().replace("return ", "return [") + "]",
    ),
    ex4(
        "no bias",
        2,
        "dx and dh_prev are right; a parameter without a gradient never learns.",
        "expected W_xh, W_hh, b_h, got ['W_hh', 'W_xh']",
        'da = dh * (1 - h * h)\nreturn da @ W_xh.T, da @ W_hh.T, {"W_xh": x.T @ da, "W_hh": h_prev.T @ da}',
    ),
]

BACKWARD_VARIANTS = [
    v4(
        "einsum",
        """
        da = dh - dh * h**2
        return (
            np.einsum("bh,dh->bd", da, W_xh),
            np.einsum("bh,gh->bg", da, W_hh),
            {"b_h": np.einsum("bh->h", da), "W_hh": np.einsum("bg,bh->gh", h_prev, da), "W_xh": np.einsum("bd,bh->dh", x, da)},
        )
        """,
    ),
    v4(
        "one example at a time",
        """
        grads = {"W_xh": np.zeros_like(W_xh), "W_hh": np.zeros_like(W_hh), "b_h": np.zeros(h.shape[1])}
        dx, dh_prev = np.zeros_like(x), np.zeros_like(h_prev)
        for b in range(len(x)):
            da = np.array([dh[b, j] * (1 - h[b, j]) * (1 + h[b, j]) for j in range(h.shape[1])])
            dx[b], dh_prev[b] = W_xh @ da, W_hh @ da
            grads["W_xh"] += np.outer(x[b], da)
            grads["W_hh"] += np.outer(h_prev[b], da)
            grads["b_h"] += da
        return dx, dh_prev, grads
        """,
    ),
    v4(
        "one matrix",
        """
        B, D = x.shape
        data, weights = np.concatenate([x, h_prev, np.ones((B, 1))], axis=1), np.concatenate([W_xh, W_hh])
        upstream = np.multiply(dh, np.cosh(np.arctanh(h)) ** -2)
        d_data, d_weights = np.dot(upstream, weights.T), np.dot(data.T, upstream)
        return d_data[:, :D], d_data[:, D:], dict(W_xh=d_weights[:D], W_hh=d_weights[D:-1], b_h=d_weights[-1])
        """,
    ),
    v4(
        "overwrites dh",
        """
        dh *= 1 - h * h
        return dh @ W_xh.T, dh @ W_hh.T, {"W_xh": x.T @ dh, "W_hh": h_prev.T @ dh, "b_h": dh.sum(0)}
        """,
    ),
]

# ---- exercise 5, the bug: value 1, sum 1, hidden 1, hidden-grad 1 ----


def walk(
    start="np.zeros_like(dhs[0])",
    steps="reversed(range(len(dhs)))",
    into="dhs[t] + dh_next",
    cache="caches[t]",
    grad="grads.get(name, 0) + g",
    on="dh_next = dh_prev",
    result="np.stack(dxs[::-1]), dh_next, grads",
):
    """The body of the mended walk, with one part of it changed."""
    return f"""
dh_next = {start}
dxs, grads = [], {{}}
for t in {steps}:
    total = {into}
    dx, dh_prev, step_grads = step_backward(total, {cache})
    for name, g in step_grads.items():
        grads[name] = {grad}
    dxs.append(dx)
    {on}
return {result}
"""


BPTT = [
    ex5("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex5(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        """
        from rnncore import RNN
        return RNN(1, dhs.shape[2], np.random.default_rng()).backward(dhs, caches)
        """,
    ),
    ex5(
        "constant",
        0,
        "Shapes alone are no answer.",
        "the numbers are off",
        walk(result="np.stack(dxs) * 0.0, dh_next * 0.0, {name: g * 0.0 for name, g in grads.items()}"),
    ),
    ex5(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        walk(into="dhs[t] * np.nan"),
    ),
    ex5(
        "handed in as found",
        0,
        "The bug is still there.",
        "the bug is still there",
        walk(on="dh_next += dh_prev"),
    ),
    ex5(
        "added, not in place",
        0,
        "The same bug, spelt otherwise.",
        "the bug is still there",
        walk(on="dh_next = dh_next + dh_prev"),
    ),
    ex5(
        "nothing from later steps",
        0,
        "The bug is gone, and with it all that flows through time.",
        "none from later steps",
        walk(into="dhs[t]"),
    ),
    ex5(
        "own dh handed on",
        0,
        "Another double count: what a step got also goes round it.",
        "own dh was handed on as well",
        walk(on="dh_next = dhs[t] + dh_prev"),
    ),
    ex5(
        "last dh counted twice",
        0,
        "Another double count, at the last step.",
        "the last dh was counted twice",
        walk(start="dhs[-1].copy()"),
    ),
    ex5(
        "forwards in time",
        0,
        "Gradients flow from later steps to earlier ones.",
        "the walk goes forwards in time",
        walk(steps="range(len(dhs))"),
    ),
    ex5(
        "= for += in the sum",
        2,
        "The bug is mended, and dxs and dh_0 are right; of each parameter's sum only one step is left.",
        "the others were overwritten",
        walk(grad="g"),
    ),
    ex5(
        "mean over the steps",
        2,
        "The bug is mended, and dxs and dh_0 are right; the parameters' gradients are T times too small.",
        "the mean over the steps",
        walk(grad="grads.get(name, 0) + g / len(dhs)"),
    ),
    ex5(
        "dxs not turned round",
        2,
        "The bug is mended and the sums are right; dxs runs backwards.",
        "last step first",
        walk(result="np.stack(dxs), dh_next, grads"),
    ),
    ex5(
        "dh_1 for dh_0",
        2,
        "The bug is mended and the sums are right; the gradient of the first state stops before the first step.",
        "dxs is right, dh_0 is not",
        walk(result="np.stack(dxs[::-1]), total, grads"),
    ),
    ex5(
        "dxs as a list",
        2,
        "The bug is mended and the sums are right; dxs is no array.",
        "expected float64 (3, 1, 1), got list",
        walk(result="dxs[::-1], dh_next, grads"),
    ),
    ex5(
        "caches in the wrong order",
        1,
        "The bug is mended; each step is taken back with another step's numbers.",
        "the caches were read in the opposite order",
        walk(cache="caches[len(dhs) - 1 - t]"),
    ),
    ex5(
        "cache of the step before",
        1,
        "The bug is mended; each step is taken back with its neighbour's numbers.",
        "the cache of the step before",
        walk(cache="caches[t - 1]"),
    ),
    ex5(
        "first step left out",
        0,
        "The walk ends one step too early, so that a gradient is missing in every sum.",
        "expected float64 (3, 1, 1), got float64 (2, 1, 1)",
        walk(steps="range(len(dhs) - 1, 0, -1)"),
    ),
    ex5(
        "last step's loss alone",
        0,
        "The bug is mended; only the last step's own gradient comes in.",
        "only the last step's own dh comes in",
        walk(start="dhs[-1].copy()", into="dh_next"),
    ),
]

BPTT_VARIANTS = [
    v5("smallest change", walk()),
    v5(
        "recursion",
        """
        def back(k, arriving):
            dx, before, parts = step_backward(dhs[k] + arriving, caches[k])
            if k == 0:
                return [dx], before, parts
            earlier, start, sums = back(k - 1, before)
            return earlier + [dx], start, {name: sums[name] + parts[name] for name in parts}

        dxs, dh_0, grads = back(len(dhs) - 1, 0.0)
        return np.array(dxs), dh_0, grads
        """,
    ),
    v5(
        "sums at the end",
        """
        T = dhs.shape[0]
        results, dh = [None] * T, np.zeros(dhs.shape[1:])
        for t in range(T - 1, -1, -1):
            results[t] = step_backward(dh + dhs[t], caches[t])
            dh = results[t][1]
        names = results[0][2]
        return np.stack([r[0] for r in results]), dh, {n: np.sum([r[2][n] for r in results], axis=0) for n in names}
        """,
    ),
    v5(
        "overwrites dhs",
        """
        dxs, grads = [], {}
        for t in range(len(dhs))[::-1]:
            dx, dh_prev, parts = step_backward(dhs[t], caches[t])
            if t > 0:
                dhs[t - 1] += dh_prev
            for name in parts:
                grads.setdefault(name, np.zeros_like(parts[name]))
                grads[name] += parts[name]
            dxs.insert(0, dx)
        return np.stack(dxs), dh_prev, grads
        """,
    ),
]

MISTAKES = STEP + FORWARD + LOSS + BACKWARD + BPTT
VARIANTS = STEP_VARIANTS + FORWARD_VARIANTS + LOSS_VARIANTS + BACKWARD_VARIANTS + BPTT_VARIANTS
