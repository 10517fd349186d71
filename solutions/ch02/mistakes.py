"""Wrong answers to assignment 2 with the points they deserve, and right ones written otherwise."""

from scripts.mistake import STUB, makers

HEADS = {
    "ch02-ex1-shares": "def nudge_shares(W, radius, v, n):",
    "ch02-ex2-rest": "def rest_states(w, b):",
    "ch02-ex3-push": "def smallest_push(w, h_0, n):",
    "ch02-ex4-stream": "def run_stream(xs, starts, h, h_0, W_xh, W_hh, b_h):",
}


(ex1, ex2, ex3, ex4), (v1, v2, v3, v4) = makers(HEADS)

# ---- exercise 1, the scale of the first weights: shape 1, weights 1, value 1, hidden 1 ----


def scaled(
    factor="radius / np.abs(np.linalg.eigvals(W)).max()",
    step="h = h @ W_hh",
    size="np.linalg.norm(h)",
    steps="n + 1",
    result="W_hh, np.array(sizes) / np.linalg.norm(v)",
):
    """The body of the answer, with one part of it changed."""
    return f"""
W_hh = W * ({factor})
h, sizes = v, []
for _ in range({steps}):
    sizes.append({size})
    {step}
return {result}
"""


SHARES = [
    ex1("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex1(
        "constant",
        0,
        "Shapes alone are no answer.",
        "every number of W_hh is the same",
        "return np.zeros(W.shape), np.zeros(n + 1)",
    ),
    ex1("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", scaled("np.nan")),
    ex1(
        "spectral norm",
        1,
        "A positive factor, but of another number: the two differ wherever eigenvectors are not orthogonal.",
        "W was divided by its norm, not by its spectral radius",
        scaled("radius / np.linalg.norm(W, 2)"),
    ),
    ex1(
        "Frobenius norm",
        1,
        "A positive factor, but of another number, which grows with the size of the matrix.",
        "W was divided by the root of its summed squares, not by its spectral radius",
        scaled("radius / np.linalg.norm(W)"),
    ),
    ex1(
        "largest entry",
        1,
        "A positive factor, but entries are no eigenvalues.",
        "W was divided by its largest entry, not by its spectral radius",
        scaled("radius / np.abs(W).max()"),
    ),
    ex1(
        "real parts",
        0,
        "For a rotation, whose eigenvalues have no real part, nothing sensible comes out.",
        "the absolute value of each complex eigenvalue is needed, before the largest is taken",
        scaled("radius / np.linalg.eigvals(W).real.max()"),
    ),
    ex1(
        "absolute real parts",
        0,
        "For a rotation, whose eigenvalues have no real part, nothing sensible comes out.",
        "the absolute value of each complex eigenvalue is needed, before the largest is taken",
        scaled("radius / np.abs(np.linalg.eigvals(W).real).max()"),
    ),
    ex1(
        "largest by order",
        0,
        "Complex numbers have no order, and what is returned is complex.",
        "expected float64 (2, 2), got complex128 (2, 2)",
        scaled("radius / np.linalg.eigvals(W).max()"),
    ),
    ex1(
        "size of the largest by order",
        1,
        "A positive factor; NumPy orders complex numbers by their real part, and the largest is not the longest.",
        "the absolute value of each complex eigenvalue is needed, before the largest is taken",
        scaled("radius / np.abs(np.linalg.eigvals(W).max())"),
    ),
    ex1(
        "multiplied, not divided",
        1,
        "A positive factor, but the old scale is still in it, squared.",
        "W was multiplied by its own radius, which has to be divided out",
        scaled("radius * np.abs(np.linalg.eigvals(W)).max()"),
    ),
    ex1(
        "not scaled first",
        1,
        "A positive factor, which would be right if W had radius 1.",
        "W was multiplied by the radius without dividing by its own",
        scaled("radius"),
    ),
    ex1(
        "nudge through W",
        2,
        "W_hh is right; the nudge went through the matrix before it was scaled.",
        "the nudge went through W, not through the scaled W_hh",
        scaled(step="h = h @ W"),
    ),
    ex1(
        "from the left",
        2,
        "W_hh is right; states are rows, and this takes them for columns.",
        "W_hh multiplied the nudge from the left: states are rows here",
        scaled(step="h = W_hh @ h"),
    ),
    ex1(
        "entry by entry",
        2,
        "W_hh is right; the state became a matrix on the way.",
        "the lengths are those of a matrix: * is entry by entry, the matrix product is @",
        scaled(step="h = h * W_hh"),
    ),
    ex1(
        "lengths, not shares",
        2,
        "W_hh is right; lengths are not divided by that of the nudge.",
        "these are lengths, not shares: divide by the length of the nudge",
        scaled(result="W_hh, np.array(sizes)"),
    ),
    ex1(
        "squares",
        2,
        "W_hh is right; the root is missing.",
        "these are squares of lengths: the root is missing",
        scaled(size="h @ h / np.linalg.norm(v)"),
    ),
    ex1(
        "sum of absolute values",
        2,
        "W_hh is right; the length is not the Euclidean one.",
        "the lengths are sums of absolute values, not Euclidean ones",
        scaled(size="np.abs(h).sum()", result="W_hh, np.array(sizes) / np.abs(v).sum()"),
    ),
    ex1(
        "powers of the radius",
        2,
        "W_hh is right; this is the pace in the long run, which needs no nudge at all.",
        "the shares are powers of the radius: the nudge was not sent through W_hh",
        scaled(result="W_hh, float(radius) ** np.arange(n + 1)"),
    ),
    ex1(
        "share of the step before",
        2,
        "W_hh is right; each length is divided by the one before, not by the first.",
        "each length was divided by the one before, not by that of the nudge",
        scaled(result="W_hh, np.append(1.0, np.array(sizes)[1:] / np.array(sizes)[:-1])"),
    ),
    ex1(
        "n shares",
        1,
        "W_hh is right; one share is missing, so that the last index is off.",
        "expected float64 (4,), got float64 (3,)",
        scaled(steps="n"),
    ),
    ex1(
        "list",
        1,
        "W_hh is right; the shares are no array.",
        "shares: expected float64 (4,), got list",
        scaled(result="W_hh, list(np.array(sizes) / sizes[0])"),
    ),
    ex1(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import RNN\nlayer = RNN(1, len(v), np.random.default_rng(), 'linear')\nreturn layer.params['W_hh'], v",
    ),
]

SHARES_VARIANTS = [
    v1(
        "powers of the matrix",
        """
        W_hh = radius * W / np.max(np.abs(np.linalg.eig(W)[0]))
        hs = np.stack([v @ np.linalg.matrix_power(W_hh, k) for k in range(n + 1)])
        return W_hh, np.sqrt((hs**2).sum(axis=1) / (v**2).sum())
        """,
    ),
    v1(
        "einsum, a nudge of length 1",
        """
        radii = np.abs(np.linalg.eigvals(W.T))
        W_hh = W / radii.max() * radius
        h, shares = v / np.sqrt(np.einsum("i,i->", v, v)), np.ones(n + 1)
        for k in range(n):
            h = np.einsum("i,ij->j", h, W_hh)
            shares[k + 1] = np.sqrt(np.einsum("i,i->", h, h))
        return W_hh, shares
        """,
    ),
    v1(
        "explicit loops",
        """
        H = len(v)
        W_hh = W * radius / max(abs(z) for z in np.linalg.eigvals(W))
        states = [[float(x) for x in v]]
        for k in range(n):
            states.append([sum(states[k][i] * W_hh[i][j] for i in range(H)) for j in range(H)])
        sizes = [sum(x * x for x in state) ** 0.5 for state in states]
        return W_hh, np.array([size / sizes[0] for size in sizes])
        """,
    ),
    v1(
        "overwrites W and v",
        """
        W *= radius / np.abs(np.linalg.eigvals(W)).max()
        v /= np.linalg.norm(v)
        shares = [1.0]
        for _ in range(n):
            v[...] = W.T @ v
            shares.append(np.linalg.norm(v))
        return W, np.array(shares)
        """,
    ),
]

# ---- exercise 2, rest states: shape 1, still 1, value 1, hidden 1, hidden-stable 1 ----


def rests(
    grid="np.linspace(-1, 1, 2002)",
    curve="np.tanh(w * h + b) - h",
    halvings="50",
    stable="np.abs(w * (1 - rest**2)) < 1",
    result="rest, stable",
):
    """The body of the answer, with one part of it changed."""
    return f"""
def gap(h):
    return {curve}

grid = {grid}
sign = np.sign(gap(grid))
cells = np.flatnonzero(sign[:-1] != sign[1:])
low, high = grid[cells], grid[cells + 1]
for _ in range({halvings}):
    rest = (low + high) / 2
    left = np.sign(gap(rest)) == sign[cells]
    low, high = np.where(left, rest, low), np.where(left, high, rest)
stable = {stable}
return {result}
"""


REST = [
    ex2("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex2(
        "constant",
        0,
        "One rest state at 0 is a special case.",
        "rest: expected float64 (3,), got float64 (1,)",
        "return np.zeros(1), np.array([True])",
    ),
    ex2(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        rests(result="rest * np.nan, stable"),
    ),
    ex2(
        "no bias",
        0,
        "These are the rest states of another neuron, and often another number of them.",
        "b plays no part",
        rests(curve="np.tanh(w * h) - h"),
    ),
    ex2(
        "bias after the tanh",
        0,
        "The curve is another one, and leaves the range of tanh.",
        "b came in after the tanh: it belongs inside",
        rests(curve="np.tanh(w * h) + b - h"),
    ),
    ex2(
        "no absolute value",
        3,
        "Every rest state is right, stability for w > 0 alone: a slope below -1 repels too.",
        "a slope below -1 repels too: a single rest state need not be stable",
        rests(stable="w * (1 - rest**2) < 1"),
    ),
    ex2(
        "slope at 0 for all",
        3,
        "Every rest state is right; the slope is that at 0, wherever the state rests.",
        "the slope was taken at 0, not at each rest state",
        rests(stable="np.full(rest.shape, abs(w) < 1)"),
    ),
    ex2(
        "stable and not swapped",
        3,
        "Every rest state is right; what attracts is said to repel.",
        "stable says which states repel: a flat crossing attracts",
        rests(stable="np.abs(w * (1 - rest**2)) > 1"),
    ),
    ex2(
        "no w in the slope",
        3,
        "Every rest state is right; the chain rule's factor is missing, so that all are called stable.",
        "all are called stable: the slope lacks the factor w",
        rests(stable="np.abs(1 - rest**2) < 1"),
    ),
    ex2(
        "tanh twice in the slope",
        3,
        "Every rest state is right; h* is already the tanh, and gets another one.",
        "the slope has the tanh of the state: the state is a tanh already",
        rests(stable="np.abs(w * (1 - np.tanh(rest) ** 2)) < 1"),
    ),
    ex2(
        "outer states are stable",
        3,
        "Every rest state is right; the rule holds for three states, not for a single one.",
        "a slope below -1 repels too: a single rest state need not be stable",
        rests(stable="np.arange(len(rest)) % 2 == 0"),
    ),
    ex2(
        "stable by sign",
        3,
        "Every rest state is right; what matters is the slope, not where the state lies.",
        "stable is asked of the state, not of the slope there",
        rests(stable="np.abs(rest) > 0.5"),
    ),
    ex2(
        "only those it runs into",
        0,
        "States that repel are never reached.",
        "states that repel are missing: letting the neuron run never ends there",
        """
        h = np.linspace(-1, 1, 41)
        for _ in range(3000):
            h = np.tanh(w * h + b)
        rest = np.unique(h.round(8))
        return rest, np.ones(len(rest), dtype=bool)
        """,
    ),
    ex2(
        "one start",
        0,
        "One rest state at most is reached, and it depends on the start which.",
        "letting the neuron run from one start finds one rest state, of up to three",
        """
        h = 0.5
        for _ in range(2000):
            h = np.tanh(w * h + b)
        return np.array([h]), np.array([True])
        """,
    ),
    ex2(
        "0 twice",
        3,
        "Right wherever the grid does not hit a rest state; one that it hits is counted twice.",
        "0 stands there twice",
        rests(grid="np.linspace(-1, 1, 2001)"),
    ),
    ex2(
        "0 missed",
        3,
        "Right wherever the grid does not hit a rest state; one that it hits is lost.",
        "0 is missing",
        rests(grid="np.linspace(-1, 1, 2001)").replace("sign[:-1] != sign[1:]", "sign[:-1] * sign[1:] < 0"),
    ),
    ex2(
        "from 0 upwards",
        0,
        "Half of the range is left out.",
        "states below 0 are missing",
        rests(grid="np.linspace(0.0003, 1, 2002)"),
    ),
    ex2(
        "as coarse as the grid",
        2,
        "The right number of states and their stability, to three digits only.",
        "the rest states are as coarse as a grid: halve the intervals",
        rests(halvings="1"),
    ),
    ex2(
        "not in order",
        2,
        "Each is a state of rest with its own stability; in descending order, not the one that was asked for.",
        "rest is not in ascending order",
        rests(result="rest[::-1], stable[::-1]"),
    ),
    ex2(
        "slopes for stable",
        2,
        "Every rest state is right; slopes come back where yes or no was asked for.",
        "stable: expected bool (3,), got float64 (3,)",
        rests(stable="w * (1 - rest**2)"),
    ),
    ex2(
        "1 and 0 for stable",
        2,
        "Every rest state is right; stable is of another dtype.",
        "stable: expected bool (3,), got int64 (3,)",
        rests(result="rest, stable.astype(np.int64)"),
    ),
    ex2(
        "rest alone",
        0,
        "Whoever unpacks two values gets an error.",
        "expected 2 values (rest, stable), got float64 (3,)",
        rests(result="rest"),
    ),
]

REST_VARIANTS = [
    v2(
        "the middle of the grid moved",
        rests(grid="np.linspace(-1, 1, 20001) + 1e-5 / np.pi", stable="(w - w * rest**2) ** 2 < 1"),
    ),
    v2(
        "Newton's method from many starts",
        """
        found = []
        for h in np.linspace(-1, 1, 401):
            for _ in range(60):
                f = np.tanh(w * h + b)
                slope = w * (1 - f * f) - 1
                h = h - (f - h) / slope if abs(slope) > 1e-12 else 2.0
                if not abs(h) <= 1:
                    break
            if abs(h) <= 1 and abs(np.tanh(w * h + b) - h) < 1e-13 and all(abs(h - g) > 1e-3 for g in found):
                found.append(h)
        rest = np.array(sorted(found), dtype=float)
        return rest, np.array([bool(abs(w) * (1 - h) * (1 + h) < 1) for h in rest])
        """,
    ),
    v2(
        "between the turning points",
        """
        def gap(h):
            return np.arctanh(h) - w * h - b

        turns = [-np.sqrt(1 - 1 / w), np.sqrt(1 - 1 / w)] if w > 1 else []
        ends, rest = [-1 + 1e-15, *turns, 1 - 1e-15], []
        for low, high in zip(ends[:-1], ends[1:]):
            rises = gap(high) > gap(low)
            if gap(low) * gap(high) < 0:
                for _ in range(80):
                    middle = (low + high) / 2
                    low, high = (low, middle) if (gap(middle) > 0) == rises else (middle, high)
                rest.append(np.tanh(w * (low + high) / 2 + b) if abs(w * (1 - low * low)) < 1 else (low + high) / 2)
        rest = np.array(rest)
        return rest, abs(w) * (1 - rest * rest) < 1
        """,
    ),
    v2("a coarser grid, more halvings", rests(grid="np.linspace(-1.01, 1.01, 300)", halvings="80")),
]

# ---- exercise 3, the smallest push: shape 1, once 1, value 1, hidden 1 ----


def push(
    ends="0.0, -w * h_0",
    start="h_0",
    steps="n",
    step="np.tanh(w * h + p)",
    test="h < 0",
    halvings="50",
    result="p",
):
    """The body of the answer, with one part of it changed."""
    return f"""
low, high = {ends}
for _ in range({halvings}):
    p = (low + high) / 2
    h = {start}
    for k in range({steps}):
        h = {step}
    low, high = (p, high) if {test} else (low, p)
return {result}
"""


PUSH = [
    ex3("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex3("constant", 0, "One push for all neurons is no answer.", "neurons that differ got the same push", "return 1.0"),
    ex3("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", push(result="p * float('nan')")),
    ex3(
        "one step for all n",
        2,
        "Right for a push of one step; n plays no part.",
        "n plays no part: this is the push of one step",
        "return -w * h_0",
    ),
    ex3(
        "silent after the first step",
        2,
        "Right for a push of one step; a longer one is given at its first step only.",
        "n plays no part: this is the push of one step",
        push(step="np.tanh(w * h + p * (k == 0))"),
    ),
    ex3(
        "shared out evenly",
        2,
        "Right for one step; steps do not add up like that, since the neuron pulls back in between.",
        "the push of one step was divided by n: the neuron pulls back between the steps",
        "return -w * h_0 / n",
    ),
    ex3(
        "no tanh",
        2,
        "Right for one step, where tanh cannot move a zero; wrong for more.",
        "the steps have no tanh",
        push(step="w * h + p", ends="0.0, 4.0"),
    ),
    ex3(
        "one step too many",
        1,
        "A push for each neuron, of n + 1 steps.",
        "the push lasts n + 1 steps",
        push(steps="n + 1"),
    ),
    ex3(
        "one step too few",
        1,
        "A push for each neuron, of n - 1 steps.",
        "the push lasts n - 1 steps",
        push(steps="n - 1", ends="0.0, 3.0"),
    ),
    ex3(
        "no fresh start",
        1,
        "A push for each neuron; a trial begins where the one before ended.",
        "a trial went on from the state of the one before: begin each anew from h_0",
        """
        low, high, h = 0.0, -w * h_0, h_0
        for _ in range(50):
            p = (low + high) / 2
            for _ in range(n):
                h = np.tanh(w * h + p)
            low, high = (p, high) if h < 0 else (low, p)
        return p
        """,
    ),
    ex3(
        "h_0 at every step",
        2,
        "Right for a push of one step; the state is not carried on.",
        "n plays no part: this is the push of one step",
        push(step="np.tanh(w * h_0 + p)"),
    ),
    ex3(
        "no weight",
        0,
        "The state comes back as if w were 1: neurons of different w get one push.",
        "the old state was not multiplied by w",
        push(step="np.tanh(h + p)"),
    ),
    ex3(
        "push times w",
        1,
        "A push for each neuron; w multiplies the input too.",
        "w multiplies the state alone, not the push",
        push(step="np.tanh(w * (h + p))"),
    ),
    ex3(
        "push after the tanh",
        1,
        "A push for each neuron; the input is not squashed with the state.",
        "the push came in after the tanh",
        push(step="np.tanh(w * h) + p", ends="0.0, 3.0"),
    ),
    ex3(
        "up to the mirrored state",
        1,
        "A push for each neuron, stronger than needed: past 0 the neuron climbs by itself.",
        "the push carries the state further than 0: from there it climbs by itself",
        push(test="h < -h_0", ends="0.0, 6.0"),
    ),
    ex3(
        "wrong half",
        1,
        "A push for each neuron, but the wrong half is kept, so that the search runs to an end of the interval.",
        "the search kept the wrong half of the interval",
        push(test="h > 0", ends="0.0, -1.5 * w * h_0"),
    ),
    ex3(
        "interval too short",
        0,
        "The search ends at its upper end, which is too weak and knows no w.",
        "the upper end of the interval is too weak to begin with",
        push(ends="0.0, -h_0"),
    ),
    ex3(
        "as coarse as a grid",
        1,
        "A push for each neuron, to two digits.",
        "the push is as coarse as the grid it was read from",
        """
        for p in np.arange(0.0, 4.0, 0.01):
            h = h_0
            for _ in range(n):
                h = np.tanh(w * h + p)
            if h >= 0:
                return float(p)
        """,
    ),
    ex3(
        "downwards",
        0,
        "A push away from 0 turns nothing over.",
        "the push has to be above 0",
        push(result="-p"),
    ),
    ex3(
        "array",
        0,
        "The numbers are right; what comes back is an array, not a number.",
        "p: expected float, got float64 (1,)",
        push(result="np.array([p])"),
    ),
    ex3(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import RNN\nreturn float(RNN(1, 1, np.random.default_rng()).params['W_hh'][0, 0])",
    ),
]

PUSH_VARIANTS = [
    v3("another interval", push(ends="0, 4", halvings="70", result="(low + high) / 2")),
    v3(
        "many trials at once",
        """
        low, high = 0.0, 4.0
        for _ in range(12):
            trials = np.linspace(low, high, 101)
            h = np.full(101, float(h_0))
            for _ in range(n):
                h = np.tanh(w * h + trials)
            k = np.argmax(h >= 0)
            low, high = trials[k - 1], trials[k]
        return high
        """,
    ),
    v3(
        "the given neuron",
        """
        weak, strong = 0.0, w * abs(h_0)
        while strong - weak > 1e-13:
            p = (weak + strong) / 2
            if neuron_states(np.full(n, p), h_0, w)[-1] < 0:
                weak = p
            else:
                strong = p
        return float(strong)
        """,
    ),
    v3(
        "false position, kept honest",
        """
        def end(p):
            h = h_0
            for _ in range(n):
                h = np.tanh(w * h + p)
            return h

        if n == 1:
            return -w * h_0
        low, high = 0.0, -w * h_0
        for k in range(300):
            p = (low + high) / 2 if k % 2 else (low * end(high) - high * end(low)) / (end(high) - end(low))
            if end(p) < 0:
                low = p
            else:
                high = p
        return float((low + high) / 2)
        """,
    ),
]

# ---- exercise 4, the bug: alone 1, value 1, chunks 1, hidden 1 ----


def stream(
    begin="",
    before="h = np.where(start[:, None], h_0, h)",
    step="np.tanh(x @ W_xh + h @ W_hh + b_h)",
    after="",
    result="np.stack(hs), h",
):
    """The body of the mended function, with one part of it changed."""
    lines = [
        begin,
        "hs = []",
        "for t, (x, start) in enumerate(zip(xs, starts)):",
        f"    {before}",
        f"    h = {step}",
        "    hs.append(h)",
        f"    {after}",
        f"return {result}",
    ]
    return "\n".join(line for line in lines if line.strip())


STREAM = [
    ex4("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex4(
        "constant",
        0,
        "Shapes alone are no answer.",
        "hs is off",
        "return np.zeros((*starts.shape, len(h_0))), np.zeros((starts.shape[1], len(h_0)))",
    ),
    ex4("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", stream(step="h * np.nan")),
    ex4(
        "handed in as found",
        0,
        "The bug is still there.",
        "the bug is still there: the old state goes into the first step, and what that step wrote is thrown away",
        stream(before="", after="h = np.where(start[:, None], h_0, h)"),
    ),
    ex4(
        "as found, h_last mended",
        0,
        "The bug is still there; only the state after the last step is right now.",
        "the old state still goes into the first step of a recording",
        stream(before="", after="h = np.where(start[:, None], h_0, h)", result="np.stack(hs), hs[-1]"),
    ),
    ex4(
        "never reset",
        0,
        "The bug is gone, and with it every new start.",
        "starts plays no part: the state runs on from one recording into the next",
        stream(before=""),
    ),
    ex4(
        "all rows reset",
        0,
        "A start in one row wipes the state of its neighbours.",
        "a start in one row resets all rows",
        stream(before="h = np.where(start.any(), h_0, h)"),
    ),
    ex4(
        "reset to zeros",
        0,
        "The reset comes at the right step; h_0 is learned, and need not be zero.",
        "recordings start from zeros, not from h_0",
        stream(before="h = np.where(start[:, None], 0.0, h)"),
    ),
    ex4(
        "reset where none starts",
        0,
        "The mask is the wrong way round.",
        "the mask is the wrong way round: rows where no recording starts are reset",
        stream(before="h = np.where(start[:, None], h, h_0)"),
    ),
    ex4(
        "before the next step",
        0,
        "A reset for the step after is right within a chunk; a start at the first step is lost.",
        "a start at the first step of a chunk is lost",
        stream(before="", after="h = h if t + 1 == len(xs) else np.where(starts[t + 1][:, None], h_0, h)"),
    ),
    ex4(
        "before and after",
        0,
        "The reset is in its place, and the wrong one has stayed.",
        "what the first step of a recording wrote is thrown away",
        stream(after="h = np.where(start[:, None], h_0, h)"),
    ),
    ex4(
        "one step early",
        0,
        "The last state of the old recording is gone before it is used.",
        "the flags are read one step late or early",
        stream(before="h = np.where(starts[t - 1][:, None], h_0, h)"),
    ),
    ex4(
        "h_0 added",
        0,
        "The old state is still there, with h_0 on top.",
        "h_0 was added to the old state, which has to go",
        stream(before="h = h + start[:, None] * h_0"),
    ),
    ex4(
        "h_0 as the new state",
        0,
        "The first input of a recording is never read.",
        "at a start h_t was set to h_0: the first input of the recording is lost",
        stream(before="", step="np.where(start[:, None], h_0, np.tanh(x @ W_xh + h @ W_hh + b_h))"),
    ),
    ex4(
        "nothing carried over",
        1,
        "Recordings are apart; one that is cut into chunks starts anew in the middle.",
        "the state of the chunk before plays no part",
        stream(begin="h = np.tile(h_0, (xs.shape[1], 1))"),
    ),
    ex4(
        "h_0 at every step",
        0,
        "Every step is the first of a recording.",
        "every step got h_0: the state is not carried on",
        stream(before="h = np.tile(h_0, (xs.shape[1], 1))"),
    ),
    ex4(
        "in place",
        1,
        "The reset is in its place, and right at the first step of a chunk; later it changes the array that hs holds.",
        "the last state of the old recording was overwritten: hs holds the array that was reset",
        stream(before="h[start] = h_0"),
    ),
    ex4(
        "old h_last",
        1,
        "Every state is right; the next chunk starts where this one did.",
        "h_last is the state that came in, not the one after the last step",
        stream(begin="h_in = h", result="np.stack(hs), h_in"),
    ),
    ex4(
        "h_last is the first state",
        1,
        "Every state is right; the next chunk gets the first state of this one.",
        "h_last is the state after the first step, not after the last",
        stream(result="np.stack(hs), hs[0]"),
    ),
    ex4(
        "h_0 for h_last",
        1,
        "Every state is right; the next chunk starts anew.",
        "h_last is h_0: nothing reaches the next chunk",
        stream(result="np.stack(hs), np.tile(h_0, (xs.shape[1], 1))"),
    ),
    ex4(
        "list of states",
        0,
        "The numbers are right; what comes back is a list, which breaks whoever indexes it by two axes.",
        "hs: expected float64 (6, 2, 2), got list",
        stream(result="hs, h"),
    ),
    ex4(
        "float32",
        0,
        "Half of the digits are lost, in every state.",
        "hs: expected float64 (6, 2, 2), got float32 (6, 2, 2)",
        stream(step="np.tanh(x @ W_xh + h @ W_hh + b_h).astype(np.float32)"),
    ),
    ex4(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import RNN\nreturn RNN(xs.shape[2], len(h_0), np.random.default_rng()).forward(xs, (h,))[:2]",
    ),
    ex4(
        "hs alone",
        0,
        "Whoever unpacks two values gets something else.",
        "expected 2 values (hs, h_last), got float64 (6, 2, 2)",
        stream(result="np.stack(hs)"),
    ),
]

STREAM_VARIANTS = [
    v4("smallest change", stream()),
    v4(
        "row by row",
        """
        hs = np.empty((len(xs), *h.shape))
        for b in range(h.shape[0]):
            now = h[b]
            for t in range(len(xs)):
                if starts[t, b]:
                    now = h_0
                now = np.tanh(np.einsum("d,dh->h", xs[t, b], W_xh) + np.einsum("g,gh->h", now, W_hh) + b_h)
                hs[t, b] = now
        return hs, hs[-1]
        """,
    ),
    v4(
        "mixed by the mask",
        stream(before="keep = 1.0 - start[:, np.newaxis]\n    h = keep * h + (1 - keep) * h_0", result="np.array(hs), hs[-1]"),
    ),
    v4(
        "overwrites its arguments",
        """
        a = xs @ W_xh
        a += b_h
        for t in range(len(xs)):
            h[starts[t]] = h_0
            h[...] = np.tanh(a[t] + h @ W_hh)
            a[t] = h
        return a, h
        """,
    ),
]

MISTAKES = SHARES + REST + PUSH + STREAM
VARIANTS = SHARES_VARIANTS + REST_VARIANTS + PUSH_VARIANTS + STREAM_VARIANTS
EQUIVALENT = {
    "ch02-ex1-shares": {"sign: h = h @ W_hh -> h = h @ -W_hh": "a length does not tell a state from its negative"},
    "ch02-ex2-rest": {
        "sign: return (rest, np.abs(w * (1 - rest ** 2)) < 1) -> return (rest, np.abs(w * -(1 - rest ** 2)) < 1)": (
            "the absolute value takes the sign away again"
        ),
    },
}
