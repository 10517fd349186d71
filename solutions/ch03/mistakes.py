"""Wrong answers to assignment 3 with the points they deserve, and right ones written otherwise."""

from scripts.mistake import STUB, makers

HEADS = {
    "ch03-ex1-costs": "def costs(T, B, sizes, G):",
    "ch03-ex2-unfold": "def unfold(links, N, T):",
    "ch03-ex3-tied": "def tied_gradients(xs, h_0, Ws, uses, dh_T):",
    "ch03-ex4-stack": "def stack_states(xs, h_0, layers):",
}


(ex1, ex2, ex3, ex4), (v1, v2, v3, v4) = makers(HEADS)

# ---- exercise 1, counting: scale 1, value 1, hidden 1, hidden-graph 1 ----


def count(
    read="sizes[:-1]",
    step="D * H + H * H",
    parameters="G * (weights + units)",
    products="T * B * weights",
    states="T * B * units",
    copies="T * L",
):
    """The body of the count, with one part of it changed."""
    return f"""
L = len(sizes) - 1
weights, units = 0, sum(sizes[1:])
for D, H in zip({read}, sizes[1:]):
    weights += {step}
return {{"parameters": {parameters}, "products": {products}, "states": {states}, "copies": {copies}}}
"""


COSTS = [
    ex1("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex1(
        "constant",
        0,
        "Four keys are no count.",
        "costs more than nothing",
        'return {"parameters": 0, "products": 0, "states": 0, "copies": 0}',
    ),
    ex1(
        "all ones",
        0,
        "Four positive numbers are no count either.",
        "has to double",
        'return {"parameters": 1, "products": 1, "states": 1, "copies": 1}',
    ),
    ex1(
        "the graph grows with the batch",
        1,
        "One count of four is wrong, on which three tests look: the misreading that the chapter warns of.",
        "copies: with twice as many sequences it has to stay",
        count(copies="T * B * L"),
    ),
    ex1(
        "no layers in the copies",
        2,
        "It scales as it should, and parameters and products are right; one copy a step is too few for a stack.",
        "copies: each layer has a cell, and each step a copy of it",
        count(copies="T"),
    ),
    ex1(
        "sharing saves multiplications",
        1,
        "States and copies are right; the shared weight is counted as if it were used once.",
        "products: with twice as many steps it has to double",
        count(products="B * G * weights"),
    ),
    ex1(
        "products for one sequence",
        1,
        "States and copies are right; each of B rows is multiplied.",
        "products: with twice as many sequences it has to double",
        count(products="T * weights"),
    ),
    ex1(
        "biases multiply",
        2,
        "It scales as it should, and states and copies are right.",
        "products: a bias is added, it multiplies nothing",
        count(products="T * B * (weights + units)"),
    ),
    ex1(
        "no biases",
        2,
        "It scales as it should, and states and copies are right.",
        "parameters: the biases are left out",
        count(parameters="G * weights"),
    ),
    ex1(
        "always untied",
        1,
        "States and copies are right; the sets of weights are T, whatever G says.",
        "parameters: with twice as many steps it has to stay",
        count(parameters="T * (weights + units)"),
    ),
    ex1(
        "always shared",
        1,
        "States and copies are right; G plays no part.",
        "parameters: with twice as many sets of weights it has to double",
        count(parameters="weights + units"),
    ),
    ex1(
        "one set of biases",
        1,
        "States and copies are right; a set of weights has biases of its own.",
        "parameters: with twice as many sets of weights it has to double",
        count(parameters="G * weights + units"),
    ),
    ex1(
        "untied weights multiply more",
        1,
        "States and copies are right; a step multiplies by its own set alone, however many there are.",
        "products: with twice as many sets of weights it has to stay",
        count(products="T * B * G * weights"),
    ),
    ex1(
        "every layer reads the inputs",
        2,
        "It scales as it should, and states and copies are right; D goes into layer 1 alone.",
        "every layer was given D inputs, but the upper ones read the layer below",
        count(read="[sizes[0]] * L"),
    ),
    ex1(
        "no recurrent weights",
        2,
        "It scales as it should, and states and copies are right; the loop itself is not counted.",
        "W_hh is counted nowhere",
        count(step="D * H"),
    ),
    ex1(
        "inputs among the states",
        2,
        "It scales as it should, and parameters and products are right.",
        "states: the inputs were counted among them",
        count(states="T * B * sum(sizes)"),
    ),
    ex1(
        "h_0 among the states",
        1,
        "Parameters and products are right; the first state is none of the T.",
        "states: with twice as many steps it has to double",
        count(states="(T + 1) * B * units"),
    ),
    ex1(
        "states of one sequence",
        1,
        "Parameters and products are right; each sequence has states of its own.",
        "states: with twice as many sequences it has to double",
        count(states="T * units"),
    ),
    ex1(
        "top layer's states",
        2,
        "It scales as it should, and parameters and products are right.",
        "states: those of one layer alone",
        count(states="T * B * sizes[-1]"),
    ),
    ex1(
        "first product left out",
        1,
        "States and copies are right; the product with the first state was to be counted.",
        "products: with twice as many steps it has to double",
        count(products="T * B * weights - B * sum(H * H for H in sizes[1:])"),
    ),
    ex1(
        "tuple",
        0,
        "Nobody can tell which number is which.",
        "got 4 values",
        count().replace("return ", "return tuple(") + ".values())",
    ),
    ex1(
        "floats",
        0,
        "The numbers are right, but counts are integers, as the statement says.",
        "expected int, got float",
        count(
            parameters="1.0 * G * (weights + units)",
            products="1.0 * T * B * weights",
            states="1.0 * T * B * units",
            copies="1.0 * T * L",
        ),
    ),
]

COSTS_VARIANTS = [
    v1("smallest change", count()),
    v1(
        "arrays",
        """
        sizes = np.array(sizes)
        below, own = sizes[:-1], sizes[1:]
        step = int(below @ own + own @ own)
        return dict(copies=T * own.size, states=T * B * own.sum(), products=T * B * step, parameters=G * (step + own.sum()))
        """,
    ),
    v1(
        "explicit loops",
        """
        found = {"parameters": 0, "products": 0, "states": 0, "copies": 0}
        for l in range(1, len(sizes)):
            for _ in range(G):
                found["parameters"] += sizes[l] * (sizes[l - 1] + sizes[l] + 1)
            for _ in range(T):
                found["copies"] += 1
                for _ in range(B):
                    found["states"] += sizes[l]
                    found["products"] += sizes[l] * (sizes[l - 1] + sizes[l])
        return found
        """,
    ),
]

# ---- exercise 2, unfolding: shape 1, wavefront 1, value 1, hidden 1, hidden-ticks 1 ----


def graph(
    steps="range(T)",
    start="sees[0, t, t] = True",
    links="links",
    allowed="d <= t",
    see="sees[j, t] |= sees[i, t - d]",
    tick="ticks[j, t] = max(ticks[j, t], ticks[i, t - d] + 1)",
    first="np.ones((N, T), np.int64)",
    result="sees[N - 1].T, ticks",
):
    """The body of the unfolding, with one part of it changed."""
    return f"""
sees, ticks = np.zeros((N, T, T), bool), {first}
for t in {steps}:
    {start}
    for j in range(N):
        for i, goal, d in {links}:
            if goal == j and {allowed}:
                {see}
                {tick}
return {result}
"""


UNFOLD = [
    ex2("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex2(
        "constant",
        0,
        "Shapes alone are no answer.",
        "no input reaches any output",
        "return np.zeros((T, T), bool), np.ones((N, T), np.int64)",
    ),
    ex2(
        "every input reaches every output",
        0,
        "Time has a direction.",
        "an input reaches an output before it",
        "return np.ones((T, T), bool), np.ones((N, T), np.int64)",
    ),
    ex2(
        "the loop's answer",
        2,
        "Right for layers with loops of delay 1, whose links were not even read.",
        "every earlier input was taken to reach the output; the links say which do",
        "return np.triu(np.ones((T, T), bool)), np.add.outer(np.arange(N), np.arange(1, T + 1))",
    ),
    ex2(
        "step plus layer",
        3,
        "reach is right; the ticks are those of the chapter's grid, whatever the links.",
        "ticks: step plus layer holds for a stack with delays of 1 alone",
        graph(result="sees[N - 1].T, np.add.outer(np.arange(N), np.arange(1, T + 1))"),
    ),
    ex2(
        "reach transposed",
        2,
        "The ticks are right; reach has inputs and outputs the wrong way round.",
        "reach is transposed: its rows are the inputs",
        graph(result="sees[N - 1], ticks"),
    ),
    ex2(
        "wraps round the start",
        0,
        "The first steps read the last ones: t - d below 0 counts from the end.",
        "the first steps read the last: t - d below 0 counts from the end",
        graph(allowed="True", steps="[*range(T), *range(T)]"),
    ),
    ex2(
        "waits for the start state",
        2,
        "reach is right; a start state counts as a copy that takes a tick.",
        "ticks: a start state takes no tick, and nobody waits for it",
        graph(
            allowed="(d <= t or i >= 0)",
            see="sees[j, t] |= sees[i, max(t - d, 0)] & (d <= t)",
            tick="ticks[j, t] = max(ticks[j, t], (ticks[i, max(t - d, 0)] if d <= t else 1) + 1)",
        ),
    ),
    ex2(
        "ticks from 0",
        2,
        "reach is right; the first tick is 1.",
        "ticks count from 1",
        graph(first="np.zeros((N, T), np.int64)"),
    ),
    ex2(
        "waits for the first, not the last",
        2,
        "reach is right; a copy needs all that it reads, not one of them.",
        "ticks: a copy waits for the last of what it reads, not for any other",
        graph(
            first="np.full((N, T), 10**6)",
            tick="ticks[j, t] = min(ticks[j, t], ticks[i, t - d] + 1)",
            result="sees[N - 1].T, np.where(ticks > 10**5, 1, ticks)",
        ),
    ),
    ex2(
        "the link that was read last",
        3,
        "reach is right, and so are ticks where the slowest link happens to come last.",
        "ticks: what counts is the link that was read last, not the latest",
        graph(tick="ticks[j, t] = ticks[i, t - d] + 1"),
    ),
    ex2(
        "= for |=",
        2,
        "The ticks are right; of several links into a cell one is left.",
        "reach: of several links into a cell one overwrites the others",
        graph(see="sees[j, t] = sees[i, t - d]"),
    ),
    ex2(
        "links in the given order",
        2,
        "Right where the links are listed from the input up; in any other order delay 0 reads what is not there yet.",
        "a link of delay 0 was followed before the cell that it comes from was done",
        """
        sees, ticks = np.zeros((N, T, T), bool), np.ones((N, T), np.int64)
        for t in range(T):
            sees[0, t, t] = True
            for i, j, d in links:
                if d <= t:
                    sees[j, t] |= sees[i, t - d]
                    ticks[j, t] = max(ticks[j, t], ticks[i, t - d] + 1)
        return sees[N - 1].T, ticks
        """,
    ),
    ex2(
        "one link only",
        1,
        "The ticks of a stack are found; a path may be made of many links.",
        "reach: a path may be made of many links",
        """
        direct, ticks = np.zeros((T, T), bool), np.add.outer(np.arange(N), np.arange(1, T + 1))
        for i, j, d in links:
            if i == 0 and j == N - 1 and d < T:
                direct |= np.eye(T, k=d, dtype=bool)
        if N == 1:
            direct |= np.eye(T, dtype=bool)
        return direct, ticks
        """,
    ),
    ex2(
        "every cell reads the input",
        3,
        "The ticks are right, and reach where all inputs arrive anyway; the input enters at cell 0 alone.",
        "the input was led into every cell, but cell 0 alone reads it",
        graph(start="sees[:, t, t] = True"),
    ),
    ex2(
        "links backwards",
        0,
        "Nothing runs from the input to the output.",
        "i and j are swapped: a link leads from i to j",
        graph(links="((b, a, d) for a, b, d in links)"),
    ),
    ex2(
        "delay d + 1",
        0,
        "Every path takes too long.",
        "every link takes a step more than its delay",
        graph(
            allowed="d < t",
            see="sees[j, t] |= sees[i, t - d - 1]",
            tick="ticks[j, t] = max(ticks[j, t], ticks[i, t - d - 1] + 1)",
        ),
    ),
    ex2(
        "paths counted",
        2,
        "The ticks are right; reach counts paths where it should say whether there is one.",
        "reach: expected bool (4, 4), got int64 (4, 4)",
        graph(see="sees[j, t] += sees[i, t - d]").replace("bool", "np.int64"),
    ),
    ex2(
        "ticks as floats",
        1,
        "reach is right; the ticks have not the dtype that was asked for.",
        "got float64",
        graph(first="np.ones((N, T))"),
    ),
    ex2(
        "ticks time first",
        1,
        "reach is right, on which one test looks alone; time and cells have changed places in ticks.",
        "ticks: expected int64 (1, 4), got int64 (4, 1)",
        graph(result="sees[N - 1].T, ticks.T"),
    ),
    ex2(
        "cell 0's reach",
        3,
        "The ticks are right, and reach where all inputs arrive anyway; the output is the last cell.",
        "reach is that of cell 0: the output is the last cell",
        graph(result="sees[0].T, ticks"),
    ),
    ex2("list", 0, "A list in the place of a tuple.", "expected 2 values", graph(result="[sees[N - 1].T, ticks]")),
]

UNFOLD_VARIANTS = [
    v2("smallest change", graph()),
    v2(
        "until nothing changes",
        """
        sees, ticks = [[{t} if j == 0 else set() for t in range(T)] for j in range(N)], np.ones((N, T), dtype=np.int64)
        for _ in range(N * T):
            for i, j, d in links:
                for t in range(d, T):
                    sees[j][t] = sees[j][t] | sees[i][t - d]
                    ticks[j, t] = max(ticks[j, t], 1 + ticks[i, t - d])
        return np.array([[s in sees[-1][t] for t in range(T)] for s in range(T)]), ticks
        """,
    ),
    v2(
        "recursion",
        """
        from functools import cache

        @cache
        def tick(j, t):
            return 1 + max((tick(i, t - d) for i, goal, d in links if goal == j and t >= d), default=0)

        @cache
        def reached(s, i, t):
            return (i, s) == (0, t) or any(reached(s, a, t - d) for a, goal, d in links if goal == i and t - d >= s)

        reach = np.array([[reached(s, N - 1, t) for t in range(T)] for s in range(T)])
        return reach, np.array([[tick(j, t) for t in range(T)] for j in range(N)], dtype=np.int64)
        """,
    ),
    v2(
        "sorted links, matrix of one column",
        """
        links.sort(key=lambda link: link[1])
        lags = np.zeros((N, T), bool)  # from the lag of an input: every step has the same links
        lags[0, 0] = True
        for k in range(T):
            for i, j, d in links:
                if d <= k:
                    lags[j, k] |= lags[i, k - d]
        ticks = np.ones((N, T), np.int64)
        for t in range(T):
            for i, j, d in links:
                if d <= t and ticks[j, t] <= ticks[i, t - d]:
                    ticks[j, t] = ticks[i, t - d] + 1
        reach = np.zeros((T, T), bool)
        for s in range(T):
            reach[s, s:] = lags[-1, : T - s]
        return reach, ticks
        """,
    ),
]

# ---- exercise 3, rolling up: shape 1, grad 1, value 1, hidden 1, hidden-sum 1 ----


def roll(
    start="h_0",
    own="before[t].T @ dh",
    add="dWs[uses[t]] += d_copies[t]",
    back="dh = dh @ Ws[uses[t]].T",
    early="pass",
    steps="reversed(range(T))",
    end="pass",
    result="d_copies, dWs",
):
    """The body of the rolling up, with one part of it changed."""
    return f"""
T, H = len(xs), h_0.shape[1]
h, before = {start}, []
for t in range(T):
    before.append(h)
    h = xs[t] + h @ Ws[uses[t]]
after = [*before[1:], h]
dh, d_copies, dWs = dh_T, np.zeros((T, H, H)), np.zeros_like(Ws)
for t in {steps}:
    {early}
    d_copies[t] = {own}
    {add}
    {back}
{end}
return {result}
"""


TIED = [
    ex3("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex3(
        "constant",
        0,
        "Shapes alone are no answer.",
        "every number of d_copies is the same",
        "H = h_0.shape[1]\nreturn np.zeros((len(xs), H, H)), np.zeros_like(Ws)",
    ),
    ex3("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", roll(own="before[t].T @ dh * np.nan")),
    ex3(
        "+= with an array of indices",
        2,
        "The copies are right; of the gradients that belong to one weight the last alone arrives.",
        "dWs: of the copies that share a weight one alone arrived, the others were overwritten",
        roll(add="pass", end="dWs[uses] += d_copies"),
    ),
    ex3(
        "= for +=",
        2,
        "The copies are right; each gradient overwrites those of later steps.",
        "dWs: each copy overwrites those of the later steps",
        roll(add="dWs[uses[t]] = d_copies[t]"),
    ),
    ex3(
        "mean over the copies",
        2,
        "The copies are right; the effects of a shared weight add up.",
        "dWs: the mean over the copies that share a weight, not the sum",
        roll(end="dWs = dWs / np.maximum(np.bincount(uses, minlength=len(Ws)), 1)[:, None, None]"),
    ),
    ex3(
        "divided by T",
        2,
        "The copies are right; the sum is made T times too small.",
        "dWs: divided by T",
        roll(end="dWs = dWs / T"),
    ),
    ex3(
        "mean of nothing",
        1,
        "The copies are right where it says anything; an unused weight becomes NaN, and the others get a mean.",
        "NaN or inf among the numbers",
        roll(end="with np.errstate(all='ignore'):\n    dWs = dWs / np.bincount(uses, minlength=len(Ws))[:, None, None]"),
    ),
    ex3(
        "all copies in every weight",
        2,
        "The copies are right; uses was not read when they were added up.",
        "dWs: every weight got all copies, also those of steps that do not use it",
        roll(add="dWs += d_copies[t]"),
    ),
    ex3(
        "W not transposed",
        1,
        "Shapes are right; the gradient goes back through the weight as the state went forward.",
        "on the way back the weight is not transposed",
        roll(back="dh = dh @ Ws[uses[t]]"),
    ),
    ex3(
        "through its own copy",
        1,
        "Shapes are right; each gradient has come through one copy too many.",
        "the gradient came through the copy's own weight as well",
        roll(early="dh = dh @ Ws[uses[t]].T", back="pass"),
    ),
    ex3(
        "the weight of the step before",
        1,
        "Shapes are right; all but the last copies got another's weight on the way back.",
        "on the way back each step used the weight of the step before it",
        roll(back="dh = dh @ Ws[uses[t - 1]].T"),
    ),
    ex3(
        "one weight on the way back",
        1,
        "Shapes are right, and so is the loop of equal weights, no other tying.",
        "on the way back every step used the first weight",
        roll(back="dh = dh @ Ws[0].T"),
    ),
    ex3(
        "h_t for h_{t-1}",
        1,
        "Shapes are right; what a copy multiplies is the state before it.",
        "the state after the step stands where the one before it belongs",
        roll(own="after[t].T @ dh"),
    ),
    ex3(
        "starts from zeros",
        1,
        "Shapes are right; the first state is ignored, and every state is off.",
        "h_0 plays no part",
        roll(start="np.zeros_like(h_0)"),
    ),
    ex3(
        "x for h_{t-1}",
        1,
        "Shapes are right; the input is not what W multiplies.",
        "the input stands where the state before the step belongs",
        roll(own="xs[t].T @ dh"),
    ),
    ex3(
        "copies transposed",
        1,
        "Shapes are right; the square matrix hides that it is the wrong way round.",
        "both gradients are transposed",
        roll(own="dh.T @ before[t]"),
    ),
    ex3(
        "forwards in time",
        1,
        "Shapes are right; the gradient of the last state goes into the first step.",
        "the walk goes from step 1 on, but the loss is at step T",
        roll(steps="range(T)"),
    ),
    ex3(
        "nothing flows back",
        1,
        "Shapes are right; every copy got the gradient of the last state as it was.",
        "dh_T reaches every copy unchanged: nothing came back through the later copies",
        roll(back="pass"),
    ),
    ex3(
        "mean over the batch",
        1,
        "Shapes are right; both gradients are B times too small.",
        "both gradients are the mean over the examples, not the sum",
        roll(own="before[t].T @ dh / len(h_0)"),
    ),
    ex3(
        "d_copies in the order of the walk",
        3,
        "The sums are right; d_copies runs backwards.",
        "d_copies is in the order of the walk, last step first",
        roll(result="d_copies[::-1].copy(), dWs"),
    ),
    ex3(
        "the wrong order",
        0,
        "Each gradient stands in the other's place.",
        "the two gradients are returned in the wrong order",
        roll(result="dWs, d_copies"),
    ),
    ex3(
        "as many weights as are used",
        3,
        "The copies are right, and the sums wherever the last weight is used; otherwise weights are missing.",
        "dWs: expected float64",
        roll(end="dWs = dWs[: max(uses) + 1]"),
    ),
    ex3(
        "d_copies as a list",
        2,
        "The sums are right; d_copies is no array.",
        "d_copies: expected float64 (1, 3, 3), got list",
        roll(result="list(d_copies), dWs"),
    ),
    ex3(
        "float32",
        2,
        "The sums are right; half of the digits of d_copies are lost.",
        "got float32",
        roll(result="d_copies.astype(np.float32), dWs"),
    ),
]

TIED_VARIANTS = [
    v3("smallest change", roll()),
    v3("np.add.at", roll(add="pass", end="np.add.at(dWs, uses, d_copies)")),
    v3(
        "one-hot einsum",
        """
        T, G = len(xs), len(Ws)
        states = [h_0]
        for t in range(T):
            states.append(np.einsum("bh,hk->bk", states[-1], Ws[uses[t]]) + xs[t])
        dhs = [dh_T]
        for g in uses[:0:-1]:
            dhs.append(np.einsum("bk,hk->bh", dhs[-1], Ws[g]))
        d_copies = np.einsum("tbh,tbk->thk", states[:-1], dhs[::-1])
        return d_copies, np.einsum("tg,thk->ghk", np.eye(G)[uses], d_copies)
        """,
    ),
    v3(
        "products of the later copies, one example at a time",
        """
        (T, B, H), uses = xs.shape, list(uses)
        d_copies = np.zeros((T, H, H))
        for b in range(B):
            h = h_0[b]
            for t in range(T):
                later = np.eye(H)
                for g in uses[t + 1 :]:
                    later = later @ Ws[g]
                d_copies[t] += np.outer(h, later @ dh_T[b])
                h = h @ Ws[uses[t]] + xs[t, b]
        dWs = [sum((d_copies[t] for t in range(T) if uses[t] == g), np.zeros((H, H))) for g in range(len(Ws))]
        return d_copies, np.array(dWs)
        """,
    ),
    v3(
        "overwrites xs and dh_T",
        """
        befores = []
        for t, g in enumerate(uses):
            befores.append(h_0.copy())
            xs[t] += h_0 @ Ws[g]
            h_0 = xs[t]
        d_copies, dWs = np.empty((len(xs), *Ws.shape[1:])), Ws * 0.0
        for t in range(len(xs))[::-1]:
            d_copies[t] = befores[t].T @ dh_T
            dh_T[...] = dh_T @ Ws[uses[t]].T
            dWs[uses[t]] = dWs[uses[t]] + d_copies[t]
        return d_copies, dWs
        """,
    ),
]

# ---- exercise 4, the bug: moves 1, value 1, hidden 2 ----


def stack(
    first="h, hs = list(h_0), []",
    below="new[-1] if new else x",
    own="h[l]",
    layers="layers",
    step="np.tanh(below @ W_xh + own @ W_hh + b_h)",
    on="h = new",
    keep="np.stack(new)",
    result="np.stack(hs)",
):
    """The body of the mended stack, with one part of it changed."""
    return f"""
{first}
for x in xs:
    new = []
    for l, (W_xh, W_hh, b_h) in enumerate({layers}):
        below, own = {below}, {own}
        new.append({step})
    {on}
    hs.append({keep})
return {result}
"""


STACK = [
    ex4("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex4(
        "constant",
        0,
        "The shape alone is no answer.",
        "does not move from the step on",
        "return np.zeros((len(xs), *h_0.shape))",
    ),
    ex4("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", stack(step="np.tanh(below @ W_xh) * np.nan")),
    ex4(
        "handed in as found",
        0,
        "The bug is still there.",
        "the bug is still there: each layer reads the layer below one step late",
        stack(below="h[l - 1] if l else x"),
    ),
    ex4(
        "h updated, below not",
        0,
        "Each new state is put into h at once, but below was gathered before: the same bug.",
        "the bug is still there: each layer reads the layer below one step late",
        """
        h, hs = list(h_0), []
        for x in xs:
            below = [x, *h[:-1]]
            for l, (W_xh, W_hh, b_h) in enumerate(layers):
                h[l] = np.tanh(below[l] @ W_xh + h[l] @ W_hh + b_h)
            hs.append(np.stack(h))
        return np.stack(hs)
        """,
    ),
    ex4(
        "inputs moved instead",
        0,
        "The lower layers now run ahead; the first reads the input of the next step.",
        "the inputs were moved by a step: each layer now runs ahead of its time",
        stack(below="h[l - 1] if l else x").replace("for x in xs:", "for x in np.roll(xs, -1, axis=0):"),
    ),
    ex4(
        "h_0 at every step",
        0,
        "The bug is gone, and with it the memory.",
        "every step starts from h_0: no state is carried on",
        stack(on="pass"),
    ),
    ex4(
        "left and below are one state",
        1,
        "The right states move; a layer's own memory is replaced by the state below it.",
        "an upper layer lost its own state: that of the layer below stands in both places",
        stack(own="new[-1] if new else h[0]"),
    ),
    ex4(
        "the top state for all",
        1,
        "The right states move; every layer goes on from the top layer's state.",
        "every layer goes on from the state of the top layer",
        stack(own="h[-1]"),
    ),
    ex4(
        "the first h_0 for all layers",
        1,
        "The right states move; each layer was given a first state of its own.",
        "all layers started from the first layer's state",
        stack(first="h, hs = [h_0[0]] * len(layers), []"),
    ),
    ex4(
        "starts from zeros",
        1,
        "The right states move; the given first states are ignored.",
        "h_0 plays no part: the states started from zeros",
        stack(first="h, hs = list(np.zeros_like(h_0)), []"),
    ),
    ex4(
        "two layers mended",
        0,
        "Layer 2 is right; layer 3 still reads what layer 2 held a step before.",
        "layer 2 is mended, the layers above it still read a step late",
        stack(below="x if l == 0 else new[0] if l == 1 else h[l - 1]"),
    ),
    ex4(
        "all read layer 1",
        1,
        "The right states move; layers from the third on read past the one below.",
        "from the third layer on each reads layer 1, not the layer below it",
        stack(below="new[0] if new else x"),
    ),
    ex4(
        "own state left out",
        0,
        "Layers without memory are no recurrent layers.",
        "the layers lost their memory: W_hh plays no part",
        stack(step="np.tanh(below @ W_xh + b_h)"),
    ),
    ex4(
        "W_hh transposed",
        1,
        "The bug is mended; a square matrix was turned round on the way.",
        "W_hh came in transposed",
        stack(step="np.tanh(below @ W_xh + own @ W_hh.T + b_h)"),
    ),
    ex4(
        "bias left out",
        1,
        "The bug is mended; the bias got lost on the way.",
        "the bias is left out",
        stack(step="np.tanh(below @ W_xh + own @ W_hh)"),
    ),
    ex4(
        "tanh left out",
        1,
        "The bug is mended; the tanh got lost on the way.",
        "the tanh is missing",
        stack(step="below @ W_xh + own @ W_hh + b_h"),
    ),
    ex4(
        "layer first",
        0,
        "Time and layers have changed places.",
        "hs: expected float64 (5, 3, 3, 4), got float64 (3, 5, 3, 4)",
        stack(result="np.stack(hs, axis=1)"),
    ),
    ex4(
        "one array T times",
        0,
        "The list holds one array T times: what is left is the last step.",
        "hs holds the last step T times: one array was changed in place",
        """
        h, hs = np.array(h_0), []
        for x in xs:
            below = x
            for l, (W_xh, W_hh, b_h) in enumerate(layers):
                h[l] = below = np.tanh(below @ W_xh + h[l] @ W_hh + b_h)
            hs.append(h)
        return np.stack(hs)
        """,
    ),
    ex4(
        "top layer only",
        0,
        "The bug is mended; the lower layers' states are not returned.",
        "got float64 (5, 3, 4)",
        stack(keep="new[-1]"),
    ),
    ex4("float32", 0, "Half of the digits are lost.", "got float32", stack(result="np.stack(hs).astype(np.float32)")),
    ex4("list", 0, "The numbers are right; what comes back is no array.", "got list", stack(result="hs")),
    ex4(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        """
        from rnncore import RNN, Stack

        rng = np.random.default_rng(0)
        net = Stack(*(RNN(len(W_xh), len(b_h), rng) for W_xh, _, b_h in layers))
        return net.forward(xs, tuple((h,) for h in h_0))[0]
        """,
    ),
]

STACK_VARIANTS = [
    v4("smallest change", stack()),
    v4(
        "in place, layer by layer",
        """
        hs = np.empty((len(xs), *h_0.shape))
        for t in range(len(xs)):
            for l in range(len(layers)):
                W_xh, W_hh, b_h = layers[l]
                left = h_0[l] if t == 0 else hs[t - 1, l]
                under = xs[t] if l == 0 else hs[t, l - 1]
                hs[t, l] = np.tanh(np.dot(under, W_xh) + np.dot(left, W_hh) + b_h[None])
        return hs
        """,
    ),
    v4(
        "layer after layer",
        """
        found, read = [], list(xs)
        for (W_xh, W_hh, b_h), h in zip(layers, h_0):
            states = []
            for x in read:
                h = np.tanh(np.einsum("bd,dh->bh", x, W_xh) + np.einsum("bg,gh->bh", h, W_hh) + b_h)
                states.append(h)
            found.append(states)
            read = states
        return np.swapaxes(np.array(found), 0, 1).copy()
        """,
    ),
    v4(
        "wavefront",
        """
        T, L = len(xs), len(layers)
        hs = np.zeros((T, L, *h_0.shape[1:]))
        for tick in range(T + L - 1):
            for l in range(L):
                t = tick - l
                if 0 <= t < T:
                    W_xh, W_hh, b_h = layers[l]
                    data = np.concatenate([hs[t, l - 1] if l else xs[t], hs[t - 1, l] if t else h_0[l]], axis=1)
                    hs[t, l] = np.tanh(data @ np.concatenate([W_xh, W_hh]) + b_h)
        return hs
        """,
    ),
    v4(
        "overwrites h_0",
        """
        hs = []
        for x in xs:
            for l, (W_xh, W_hh, b_h) in enumerate(layers):
                h_0[l] = np.tanh((h_0[l - 1] if l > 0 else x) @ W_xh + h_0[l] @ W_hh + b_h)
            hs.append(h_0.copy())
        return np.array(hs)
        """,
    ),
]

MISTAKES = COSTS + UNFOLD + TIED + STACK
VARIANTS = COSTS_VARIANTS + UNFOLD_VARIANTS + TIED_VARIANTS + STACK_VARIANTS
EQUIVALENT = {}
