"""Wrong answers to assignment 10 with the points they deserve, and right ones written otherwise."""

from scripts.mistake import STUB, makers

HEADS = {
    "ch10-ex1-map": "def who_sees_what(read, xs, nudge=0.1):",
    "ch10-ex2-both": "def read_both_ways(xs, mask, read_f, read_b):",
    "ch10-ex3-back": "def both_ways_backward(dhs, F, teach_f, teach_b):",
    "ch10-ex4-delay": "def with_delay(xs, targets, mask, d):",
    "ch10-ex5-chunks": "def in_chunks(xs, run_f, run_b, size, ahead):",
}


(ex1, ex2, ex3, ex4, ex5), (v1, v2, v3, v4, v5) = makers(HEADS)

# ---- exercise 1, who sees what: shape 1, value 1, single 1, hidden 1 ----

MAP = [
    ex1("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex1(
        "constant",
        0,
        "The kind alone is no answer.",
        "y_t = 2 x_t sees x_t and no other input",
        "return np.ones((len(xs), len(xs)), bool)",
    ),
    ex1(
        "a triangle",
        0,
        "What a forward reader sees, whatever reader comes.",
        "the map of a plain forward reader, whatever layer is asked",
        "return np.tril(np.ones((len(xs), len(xs)), bool))",
    ),
    ex1(
        "all numbers of a step at once",
        2,
        "The method of the chapter, which overlooks a layer that takes differences.",
        "when one of its two numbers is raised, not both alike",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)), bool)
        for s in range(len(xs)):
            nudged = xs.copy()
            nudged[s] += nudge
            seen[:, s] = (read(nudged) != ys).any(axis=(1, 2))
        return seen
        """,
    ),
    ex1(
        "transposed",
        1,
        "All connections are found; each is entered from input to output.",
        "the map is transposed: rows are outputs, columns are inputs",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)), bool)
        for s, b, d in np.ndindex(xs.shape):
            nudged = xs.copy()
            nudged[s, b, d] += nudge
            seen[s] |= (read(nudged) != ys).any(axis=(1, 2))
        return seen
        """,
    ),
    ex1(
        "nudges pile up",
        1,
        "Only where a layer takes differences does what has piled up cancel.",
        "the nudges pile up: each has to start from xs as it was",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)), bool)
        nudged = xs.copy()
        for s, b, d in np.ndindex(xs.shape):
            nudged[s, b, d] += nudge
            seen[:, s] |= (read(nudged) != ys).any(axis=(1, 2))
        return seen
        """,
    ),
    ex1(
        "with a tolerance",
        3,
        "Right where changes are large; what is seen faintly is declared unseen.",
        "a tolerance swallows what is seen faintly",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)), bool)
        for s, b, d in np.ndindex(xs.shape):
            nudged = xs.copy()
            nudged[s, b, d] += nudge
            seen[:, s] |= ~np.isclose(read(nudged), ys).all(axis=(1, 2))
        return seen
        """,
    ),
    ex1(
        "the first number of a step only",
        1,
        "The diagonal is found; what depends on the other numbers of a step is not.",
        "only the first number of each step was nudged",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)), bool)
        for s in range(len(xs)):
            nudged = xs.copy()
            nudged[s, 0, 0] += nudge
            seen[:, s] = (read(nudged) != ys).any(axis=(1, 2))
        return seen
        """,
    ),
    ex1(
        "the first output only",
        2,
        "Right for outputs of one number; what moves the others is not seen.",
        "only the first number of each output was compared",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)), bool)
        for s, b, d in np.ndindex(xs.shape):
            nudged = xs.copy()
            nudged[s, b, d] += nudge
            seen[:, s] |= (read(nudged) != ys)[..., 0].any(axis=1)
        return seen
        """,
    ),
    ex1(
        "overwritten",
        2,
        "Right where the last number of a step tells; what the others have found is overwritten.",
        "only what the last number of each step moves is left: join it to what the others have found",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)), bool)
        for s, b, d in np.ndindex(xs.shape):
            nudged = xs.copy()
            nudged[s, b, d] += nudge
            seen[:, s] = (read(nudged) != ys).any(axis=(1, 2))
        return seen
        """,
    ),
    ex1(
        "multiplied",
        2,
        "Right but for inputs that are 0.",
        "a zero that is multiplied stays a zero: the nudge has to be added",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)), bool)
        for s, b, d in np.ndindex(xs.shape):
            nudged = xs.copy()
            nudged[s, b, d] *= 1 + nudge
            seen[:, s] |= (read(nudged) != ys).any(axis=(1, 2))
        return seen
        """,
    ),
    ex1(
        "every output must move in full",
        0,
        "An output of several numbers is seen to move where one of them does.",
        "a step's output was seen to move only where all of its numbers do: one is enough",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)), bool)
        for s, b, d in np.ndindex(xs.shape):
            nudged = xs.copy()
            nudged[s, b, d] += nudge
            seen[:, s] |= (read(nudged) != ys).all(axis=(1, 2))
        return seen
        """,
    ),
    ex1(
        "how far, not whether",
        0,
        "The sizes of the changes, where a yes or no is asked for.",
        "seen: expected bool (4, 4), got float64 (4, 4)",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)))
        for s, b, d in np.ndindex(xs.shape):
            nudged = xs.copy()
            nudged[s, b, d] += nudge
            seen[:, s] = np.maximum(seen[:, s], np.abs(read(nudged) - ys).max(axis=(1, 2)))
        return seen
        """,
    ),
    ex1(
        "list",
        1,
        "The map is right; what comes back is no array.",
        "got list",
        """
        ys, seen = read(xs), np.zeros((len(xs), len(xs)), bool)
        for s, b, d in np.ndindex(xs.shape):
            nudged = xs.copy()
            nudged[s, b, d] += nudge
            seen[:, s] |= (read(nudged) != ys).any(axis=(1, 2))
        return seen.tolist()
        """,
    ),
]

MAP_VARIANTS = [
    v1(
        "any direction but the diagonal one",
        """
        ys, columns = read(xs), []
        push = nudge * np.random.default_rng(0).uniform(1, 2, xs.shape)
        for s in range(len(xs)):
            nudged = np.array(xs)
            nudged[s] = nudged[s] + push[s]
            columns.append(np.max(np.abs(read(nudged) - ys), axis=(1, 2)) > 0)
        return np.stack(columns, axis=1)
        """,
    ),
    v1(
        "one number of all examples at once",
        """
        T, B, D = xs.shape
        ys = read(xs)
        found = np.zeros((T, T), bool)
        for s in range(T):
            for d in range(D):
                moved = read(xs + nudge * (np.arange(T) == s)[:, None, None] * (np.arange(D) == d)) != ys
                for t in range(T):
                    found[t, s] = found[t, s] or bool(np.any(moved[t]))
        return found
        """,
    ),
    v1(
        "puts back what it changes",
        """
        before, seen = read(xs.copy()), np.zeros((len(xs), len(xs)), bool)
        for s, b, d in np.ndindex(xs.shape):
            kept = xs[s, b, d]
            xs[s, b, d] = kept + nudge
            seen[:, s] |= np.any(read(xs.copy()) != before, axis=(1, 2))
            xs[s, b, d] = kept
        return seen
        """,
    ),
]

# ---- exercise 2, both ways: shape 1, value 1, padding 1, hidden 1, hidden-ends 1 ----

JOIN = """
hs = np.concatenate([fs, bs], axis=-1)
return hs, np.concatenate([end_f, end_b], axis=-1)
"""
READ = """
fs, end_f = read_f(xs, mask)
bs, end_b = read_b(xs[::-1], mask[::-1])
bs = bs[::-1]
"""

BOTH = [
    ex2("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex2(
        "constant",
        0,
        "The shapes alone are no answer.",
        "every number of hs is the same",
        READ + "return 0 * np.concatenate([fs, bs], axis=-1), 0 * np.concatenate([end_f, end_b], axis=-1)",
    ),
    ex2(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        READ + "return np.nan * np.concatenate([fs, bs], axis=-1), np.nan * np.concatenate([end_f, end_b], axis=-1)",
    ),
    ex2(
        "not turned round again",
        2,
        "Both readers have read rightly, so the final states are right; f_t stands beside another step's b.",
        "the backward reader's states were not turned round again",
        "fs, end_f = read_f(xs, mask)\nbs, end_b = read_b(xs[::-1], mask[::-1])\n" + JOIN,
    ),
    ex2(
        "both forwards",
        2,
        "Right shapes, and padding is passed over; nobody reads from the end.",
        "the second reader reads forwards too",
        "fs, end_f = read_f(xs, mask)\nbs, end_b = read_b(xs, mask)\n" + JOIN,
    ),
    ex2(
        "outputs turned, inputs not",
        1,
        "The shapes are right; the second reader reads forwards.",
        "the states are turned round, but the sequence was shown to the second reader forwards",
        "fs, end_f = read_f(xs, mask)\nbs, end_b = read_b(xs, mask)\nbs = bs[::-1]\n" + JOIN,
    ),
    ex2(
        "mask not turned",
        1,
        "Right without padding; with it the backward reader reads padding and passes over real steps.",
        "the mask was not turned along with the sequence",
        "fs, end_f = read_f(xs, mask)\nbs, end_b = read_b(xs[::-1], mask)\nbs = bs[::-1]\n" + JOIN,
    ),
    ex2(
        "no mask",
        1,
        "The shapes are right; the padding is read like any step.",
        "the padding was read: the mask plays no part",
        "real = np.ones_like(mask)\nfs, end_f = read_f(xs, real)\nbs, end_b = read_b(xs[::-1], real)\nbs = bs[::-1]\n" + JOIN,
    ),
    ex2(
        "mask for the outputs alone",
        1,
        "The outputs are blanked in the padding, but the backward reader has begun in it.",
        "hs is blanked in the padding, but the readers have read it",
        """
        real = np.ones_like(mask)
        fs, end_f = read_f(xs, real)
        bs, end_b = read_b(xs[::-1], real)
        hs = np.concatenate([fs, bs[::-1]], axis=-1) * mask[:, :, None]
        return hs, np.concatenate([end_f, end_b], axis=-1)
        """,
    ),
    ex2(
        "backward half first",
        2,
        "Right but for the order of the halves; padding is passed over.",
        "the halves are swapped: the forward reader's comes first",
        READ + "return np.concatenate([bs, fs], axis=-1), np.concatenate([end_b, end_f], axis=-1)",
    ),
    ex2(
        "ends are hs[-1]",
        3,
        "hs is right; the last row is padding for short sequences, and b has read one item there.",
        "the ends are hs[-1]: padding in a short sequence, and b has read one step there",
        READ + "hs = np.concatenate([fs, bs], axis=-1)\nreturn hs, hs[-1]",
    ),
    ex2(
        "ends at the last real step",
        3,
        "hs is right; at the last real step the backward reader has only begun.",
        "both ends are taken at the last real step, where the backward reader has only begun",
        READ + "hs = np.concatenate([fs, bs], axis=-1)\nreturn hs, hs[mask.sum(axis=0) - 1, np.arange(xs.shape[1])]",
    ),
    ex2(
        "fs[-1] and bs[0]",
        3,
        "hs is right, and so is b's end; fs[-1] is 0 for a short sequence.",
        "f's end is fs[-1], which is 0 where a sequence is shorter than the longest",
        READ + "return np.concatenate([fs, bs], axis=-1), np.concatenate([fs[-1], bs[0]], axis=-1)",
    ),
    ex2(
        "turned within each length, and back as a whole",
        1,
        "Each sequence is reversed within its length, its states within T: they land at other steps.",
        "sequences were turned within their lengths, but states within T",
        """
        T, B = mask.shape
        steps = np.arange(T)[:, None]
        order = np.where(mask, mask.sum(axis=0) - 1 - steps, steps)
        fs, end_f = read_f(xs, mask)
        bs, _ = read_b(xs[order, np.arange(B)], mask)
        bs = bs[::-1]
        return np.concatenate([fs, bs], axis=-1), np.concatenate([end_f, bs[0]], axis=-1)
        """,
    ),
    ex2(
        "the batch turned",
        2,
        "Right shapes, and padding is passed over; [:, ::-1] turns the batch, so nobody reads from the end.",
        "the batch was turned round, not time",
        "fs, end_f = read_f(xs, mask)\nbs, end_b = read_b(xs[:, ::-1], mask[:, ::-1])\nbs = bs[:, ::-1]\n" + JOIN,
    ),
    ex2(
        "one reader for both",
        0,
        "The second reader is never asked; where widths differ even the shape is off.",
        "expected float64 (4, 3, 8), got float64 (4, 3, 6)",
        "fs, end_f = read_f(xs, mask)\nbs, end_b = read_f(xs[::-1], mask[::-1])\nbs = bs[::-1]\n" + JOIN,
    ),
    ex2(
        "added",
        0,
        "A sum is not what is asked for, and readers of unequal width cannot be added.",
        "could not be broadcast",
        READ + "return fs + bs, end_f + end_b",
    ),
    ex2(
        "hs alone",
        0,
        "Whoever unpacks the answer gets T pieces in the place of two.",
        "expected 2 values (hs, ends), got float64",
        READ + "return np.concatenate([fs, bs], axis=-1)",
    ),
    ex2(
        "float32",
        1,
        "hs keeps to what is asked of padding; half of the digits are lost.",
        "got float32",
        READ + "hs = np.concatenate([fs, bs], axis=-1).astype(np.float32)\n"
        "return hs, np.concatenate([end_f, end_b], axis=-1).astype(np.float32)",
    ),
    ex2(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import Bidirectional\nreturn Bidirectional(read_f, read_b).forward(xs, mask=mask)[:2]",
    ),
]

BOTH_VARIANTS = [
    v2(
        "turned within each length",
        """
        (T, B), lengths = mask.shape, mask.sum(axis=0)
        steps, columns = np.arange(T)[:, None], np.arange(B)
        order = np.where(mask, lengths - 1 - steps, steps)
        fs, _ = read_f(xs, mask)
        bs, end_b = read_b(xs[order, columns], mask)
        hs = np.dstack([fs, bs[order, columns]])
        return hs, np.hstack([fs[lengths - 1, columns], end_b])
        """,
    ),
    v2(
        "example by example",
        """
        found, ends = [], []
        for b in range(xs.shape[1]):
            n = int(mask[:, b].sum())
            one, real = xs[:n, b : b + 1], mask[:n, b : b + 1]
            fs, end_f = read_f(one, real)
            bs, end_b = read_b(np.flip(one, axis=0), real)
            hs = np.zeros((len(xs), 1, end_f.shape[1] + end_b.shape[1]))
            hs[:n] = np.concatenate([fs, np.flip(bs, axis=0)], axis=2)
            found.append(hs)
            ends.append(np.concatenate([end_f, end_b], axis=1))
        return np.concatenate(found, axis=1), np.concatenate(ends, axis=0)
        """,
    ),
    v2(
        "end of b from its states, and inputs overwritten",
        """
        fs, end_f = read_f(xs, mask)
        xs[...] = xs[::-1].copy()
        bs = read_b(xs, np.flip(mask, axis=0))[0][::-1]
        return np.concatenate([fs, bs], axis=-1), np.concatenate([end_f, bs[0]], axis=-1)
        """,
    ),
]

# ---- exercise 3, backward: shape 1, value 1, grad 1, hidden 1, hidden-grads 1 ----

PREFIX = """
grads = {f"forward.{name}": g for name, g in grads_f.items()}
grads |= {f"backward.{name}": g for name, g in grads_b.items()}
"""
TEACH = """
dxs_f, grads_f = teach_f(dhs[..., :F])
dxs_b, grads_b = teach_b(dhs[::-1, :, F:])
"""

BACK = [
    ex3("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex3(
        "constant",
        0,
        "The shapes alone are no answer.",
        "dxs is zero everywhere",
        TEACH + PREFIX + "return 0 * dxs_f, {name: 0 * g for name, g in grads.items()}",
    ),
    ex3(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        TEACH + PREFIX + "return np.nan * dxs_f, {name: np.nan * g for name, g in grads.items()}",
    ),
    ex3(
        "dbs not turned",
        1,
        "The shapes are right; the backward reader learns from other steps' gradients.",
        "the backward reader's gradient came in the order of time, not in the order of its reading",
        "dxs_f, grads_f = teach_f(dhs[..., :F])\ndxs_b, grads_b = teach_b(dhs[..., F:])\n"
        + PREFIX
        + "return dxs_f + dxs_b[::-1], grads",
    ),
    ex3(
        "dxs of the backward reader not turned",
        2,
        "All weights' gradients are right; half of dxs lands at other steps.",
        "the backward reader's share of dxs was not turned round again",
        TEACH + PREFIX + "return dxs_f + dxs_b, grads",
    ),
    ex3(
        "never turned",
        1,
        "The shapes are right; both readers are taught as if they read forwards.",
        "time was never turned round for the backward reader",
        "dxs_f, grads_f = teach_f(dhs[..., :F])\ndxs_b, grads_b = teach_b(dhs[..., F:])\n"
        + PREFIX
        + "return dxs_f + dxs_b, grads",
    ),
    ex3(
        "the sum turned",
        2,
        "All weights' gradients are right; dxs as a whole is turned.",
        "dxs was turned round as a whole: only the backward reader's share has to be",
        TEACH + PREFIX + "return (dxs_f + dxs_b)[::-1], grads",
    ),
    ex3(
        "forward share only",
        2,
        "All weights' gradients are right; the input has been read twice and is paid once.",
        "the backward reader's share of dxs is missing",
        TEACH + PREFIX + "return dxs_f, grads",
    ),
    ex3(
        "mean of the shares",
        2,
        "All weights' gradients are right; dxs is half of what it should be.",
        "this is the mean of the two shares of dxs, not their sum",
        TEACH + PREFIX + "return (dxs_f + dxs_b[::-1]) / 2, grads",
    ),
    ex3(
        "batch turned",
        1,
        "The shapes are right; [:, ::-1] turns the batch, not time.",
        "the batch was turned round, not time",
        "dxs_f, grads_f = teach_f(dhs[..., :F])\ndxs_b, grads_b = teach_b(dhs[:, ::-1, F:])\n"
        + PREFIX
        + "return dxs_f + dxs_b[:, ::-1], grads",
    ),
    ex3(
        "units turned",
        1,
        "The shapes are right; the last axis is that of the units.",
        "the units were turned round, not time",
        "dxs_f, grads_f = teach_f(dhs[..., :F])\ndxs_b, grads_b = teach_b(dhs[..., F:][..., ::-1])\n"
        + PREFIX
        + "return dxs_f + dxs_b[..., ::-1], grads",
    ),
    ex3(
        "cut in the middle",
        0,
        "The readers' widths differ, so the teachers get gradients that are not theirs.",
        "a teacher of 2 units got a gradient of shape",
        "H = dhs.shape[-1] // 2\ndxs_f, grads_f = teach_f(dhs[..., :H])\ndxs_b, grads_b = teach_b(dhs[::-1, :, H:])\n"
        + PREFIX
        + "return dxs_f + dxs_b[::-1], grads",
    ),
    ex3(
        "cut along the batch",
        0,
        "The halves are those of the last axis.",
        "got a gradient of shape",
        "dxs_f, grads_f = teach_f(dhs[:, :F])\ndxs_b, grads_b = teach_b(dhs[::-1, F:])\n"
        + PREFIX
        + "return dxs_f + dxs_b[::-1], grads",
    ),
    ex3(
        "no prefixes",
        2,
        "dxs is right; of two gradients of one name the second has overwritten the first.",
        "got dxs, W_xh, W_hh, b_h",
        TEACH + "return dxs_f + dxs_b[::-1], grads_f | grads_b",
    ),
    ex3(
        "names swapped",
        2,
        "dxs is right; each reader would be taught the other's lesson.",
        "forward.W_xh: expected float64 (3, 2), got float64 (3, 5)",
        TEACH + "grads_f, grads_b = grads_b, grads_f\n" + PREFIX + "return dxs_f + dxs_b[::-1], grads",
    ),
    ex3(
        "two shares side by side",
        1,
        "The weights' gradients are right; an input has one gradient, the sum of the shares.",
        "dxs: expected float64 (4, 2, 3), got float64 (4, 2, 6)",
        TEACH + PREFIX + "return np.concatenate([dxs_f, dxs_b[::-1]], axis=-1), grads",
    ),
    ex3(
        "float32",
        0,
        "Half of the digits are lost.",
        "got float32",
        TEACH
        + PREFIX
        + "return (dxs_f + dxs_b[::-1]).astype(np.float32), {name: g.astype(np.float32) for name, g in grads.items()}",
    ),
]

BACK_VARIANTS = [
    v3(
        "flip and split",
        """
        dfs, dbs = np.split(dhs, [F], axis=2)
        dxs, grads = np.array(teach_f(dfs)[0]), {}
        back, of_b = teach_b(np.flip(dbs, axis=0))
        for t in range(len(dxs)):
            dxs[t] += back[len(dxs) - 1 - t]
        for name, g in teach_f(dfs)[1].items():
            grads["forward." + name] = g
            grads["backward." + name] = of_b[name]
        return dxs, grads
        """,
    ),
    v3(
        "overwrites dhs",
        """
        dhs[..., F:] = dhs[::-1, :, F:].copy()
        lessons = {"forward": teach_f(dhs[..., :F]), "backward": teach_b(dhs[..., F:])}
        grads = {f"{reader}.{name}": g for reader, (_, found) in lessons.items() for name, g in found.items()}
        return lessons["backward"][0][::-1] + lessons["forward"][0], grads
        """,
    ),
    v3(
        "backward reader first, indices for time",
        """
        order = np.arange(len(dhs))[::-1]
        dxs_b, grads_b = teach_b(dhs[order][..., F:])
        dxs_f, grads_f = teach_f(np.take(dhs, range(F), axis=-1))
        grads = {"backward." + k: v for k, v in grads_b.items()}
        grads.update({"forward." + k: v for k, v in grads_f.items()})
        return np.add(dxs_f, dxs_b[order]), grads
        """,
    ),
]

# ---- exercise 4, the delay: shape 1, value 1, aligned 1, hidden 1 ----

ROOM = """
T, B, D = xs.shape
late_xs = np.zeros((T + d, B, D))
late_xs[:T] = xs
late_targets = np.zeros((T + d, B), targets.dtype)
late_targets[d:] = targets
counts = np.zeros((T + d, B), bool)
counts[d:] = mask
"""

DELAY = [
    ex4("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex4(
        "constant",
        0,
        "The shapes alone are no answer.",
        "late_xs is zero everywhere",
        ROOM + "return 0 * late_xs, 0 * late_targets, counts & False",
    ),
    ex4(
        "nan",
        0,
        "NaN is no silence.",
        "NaN or inf among the numbers",
        ROOM + "return np.nan * late_xs, 0 * late_targets, counts & False",
    ),
    ex4(
        "inputs late instead of targets",
        1,
        "The shapes are right; the answer is due before the question has come.",
        "the inputs are delayed, not the targets: answers are due d steps too early",
        """
        T, B, D = xs.shape
        quiet, nothing = np.zeros((d, B, D)), np.zeros((d, B), int)
        return np.concatenate([quiet, xs]), np.concatenate([targets, nothing]), np.concatenate([mask, nothing > 0])
        """,
    ),
    ex4(
        "everything late",
        1,
        "The shapes are right; inputs and targets have moved together, so nothing has been gained.",
        "inputs and targets moved together: nobody has been given time",
        """
        T, B, D = xs.shape
        quiet, nothing = np.zeros((d, B, D)), np.zeros((d, B), int)
        return np.concatenate([quiet, xs]), np.concatenate([nothing, targets]), np.concatenate([nothing > 0, mask])
        """,
    ),
    ex4(
        "targets not moved",
        1,
        "The shapes are right; there is silence to wait in, but answers are due at once.",
        "the targets have not moved: silence was added after them",
        """
        T, B, D = xs.shape
        quiet, nothing = np.zeros((d, B, D)), np.zeros((d, B), int)
        return np.concatenate([xs, quiet]), np.concatenate([targets, nothing]), np.concatenate([mask, nothing > 0])
        """,
    ),
    ex4(
        "mask not moved",
        1,
        "Inputs and targets are right; the first answers count before any is due, the last do not.",
        "the mask has not moved with the targets",
        ROOM + "counts[...] = False\ncounts[:T] = mask\nreturn late_xs, late_targets, counts",
    ),
    ex4(
        "padding counts",
        1,
        "Inputs and targets are right; answers for padding are marked as well.",
        "answers for the padding count too",
        ROOM + "counts[d:] = True\nreturn late_xs, late_targets, counts",
    ),
    ex4(
        "everything counts",
        1,
        "Inputs and targets are right; the first d answers count, when none is due.",
        "every answer counts, also where none is due",
        ROOM + "counts[...] = True\nreturn late_xs, late_targets, counts",
    ),
    ex4(
        "no silence",
        0,
        "The targets of the last d steps never come.",
        "late_xs: expected float64 (5, 2, 3), got float64 (4, 2, 3)",
        """
        late_targets, counts = np.zeros_like(targets), np.zeros_like(mask)
        late_targets[d:], counts[d:] = targets[: max(len(xs) - d, 0)], mask[: max(len(xs) - d, 0)]
        return xs, late_targets, counts
        """,
    ),
    ex4(
        "rolled round",
        0,
        "No silence is added, and the last targets come out at the front.",
        "late_xs: expected float64 (5, 2, 3), got float64 (4, 2, 3)",
        "return xs, np.roll(targets, d, axis=0), np.roll(mask, d, axis=0)",
    ),
    ex4(
        "one step too many",
        0,
        "Room for T + d + 1 steps, and everything a step too late.",
        "late_xs: expected float64 (5, 2, 3), got float64 (6, 2, 3)",
        """
        T, B, D = xs.shape
        quiet, nothing = np.zeros((d + 1, B, D)), np.zeros((d + 1, B), int)
        return np.concatenate([xs, quiet]), np.concatenate([nothing, targets]), np.concatenate([nothing > 0, mask])
        """,
    ),
    ex4(
        "the last input again",
        2,
        "Targets and mask are right; the end of the sequence is drawn out where silence is asked for.",
        "the last input is repeated where silence is due",
        ROOM + "late_xs[T:] = xs[-1]\nreturn late_xs, late_targets, counts",
    ),
    ex4(
        "[:-d]",
        3,
        "Right for every delay but none: [:-0] is empty.",
        "could not broadcast",
        """
        T, B, D = xs.shape
        late_xs, late_targets, counts = np.zeros((T + d, B, D)), np.zeros((T + d, B), int), np.zeros((T + d, B), bool)
        late_xs[:-d], late_targets[d:], counts[d:] = xs, targets, mask
        return late_xs, late_targets, counts
        """,
    ),
    ex4(
        "zeros cut from the inputs",
        3,
        "Right for every delay up to T; there are only T steps to cut zeros from.",
        "late_xs: expected float64 (8, 2, 1), got float64 (6, 2, 1)",
        """
        return (
            np.concatenate([xs, 0 * xs[:d]]),
            np.concatenate([0 * targets[:d], targets]),
            np.concatenate([mask[:d] & False, mask]),
        )
        """,
    ),
    ex4(
        "float targets",
        1,
        "The numbers are right; class numbers are integers.",
        "late_targets: expected int64 (5, 2), got float64 (5, 2)",
        ROOM + "return late_xs, late_targets.astype(float), counts",
    ),
    ex4(
        "the batch delayed",
        0,
        "The batch has grown, not time.",
        "late_xs: expected float64 (5, 2, 3), got float64 (4, 3, 3)",
        """
        quiet, nothing = np.zeros((len(xs), d, xs.shape[2])), np.zeros((len(xs), d), int)
        late_targets, counts = np.concatenate([nothing, targets], axis=1), np.concatenate([nothing > 0, mask], axis=1)
        return np.concatenate([xs, quiet], axis=1), late_targets, counts
        """,
    ),
    ex4(
        "mask as numbers",
        1,
        "The numbers are right; a mask is bool.",
        "counts: expected bool (5, 2), got int64 (5, 2)",
        ROOM + "return late_xs, late_targets, counts.astype(int)",
    ),
]

DELAY_VARIANTS = [
    v4(
        "np.pad",
        """
        after, before = ((0, d), (0, 0)), ((d, 0), (0, 0))
        return np.pad(xs, (*after, (0, 0))), np.pad(targets, before), np.pad(mask, before)
        """,
    ),
    v4(
        "padded, then rolled",
        """
        def longer(z):
            return np.concatenate([z, np.zeros((d, *z.shape[1:]), z.dtype)])

        return longer(xs), np.roll(longer(targets), d, axis=0), np.roll(longer(mask), d, axis=0)
        """,
    ),
    v4(
        "explicit loops",
        """
        T, B = mask.shape
        late_xs, late_targets, counts = [], [], []
        for t in range(T + d):
            late_xs.append([[float(x) if t < T else 0.0 for x in xs[min(t, T - 1), b]] for b in range(B)])
            late_targets.append([int(targets[t - d, b]) if t >= d else 0 for b in range(B)])
            counts.append([bool(t >= d and mask[t - d, b]) for b in range(B)])
        return np.array(late_xs), np.array(late_targets), np.array(counts)
        """,
    ),
    v4(
        "targets cleared by the mask",
        """
        quiet = np.zeros((d, *xs.shape[1:]))
        counts = np.concatenate([np.zeros((d, xs.shape[1])) > 1, mask])
        late_targets = np.where(counts, np.concatenate([quiet[..., 0].astype(int), targets]), 0)
        return np.concatenate([xs, quiet]), late_targets, counts
        """,
    ),
]

# ---- exercise 5, the bug: value 1, forward 1, hidden 1, hidden-short 1 ----

CHUNKS = """
h, pieces = None, []
for start in range(0, len(xs), size):
    heard = xs[start : start + size + ahead]
    fs = run_f(heard, h)
    bs = run_b(heard[::-1], None)[::-1]
    h = fs[:size][-1]
    pieces.append(np.concatenate([fs, bs], axis=-1)[:size])
return np.concatenate(pieces)
"""


def changed(old, new):
    """The model answer with one change."""
    assert old in CHUNKS
    return CHUNKS.replace(old, new)


BUG = [
    ex5("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex5(
        "constant",
        0,
        "The shape alone is no answer.",
        "fs is off at t = 0",
        changed("return np.concatenate(pieces)", "return 0 * np.concatenate(pieces)"),
    ),
    ex5(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        changed("return np.concatenate(pieces)", "return np.nan * np.concatenate(pieces)"),
    ),
    ex5(
        "the bug left in",
        0,
        "Nothing is mended.",
        "the bug is still there: the next chunk starts from a state that has read its steps already",
        changed("fs[:size][-1]", "fs[-1]"),
    ),
    ex5(
        "no state handed on",
        0,
        "Each chunk begins from zeros: the forward reader forgets what came before.",
        "the forward reader starts afresh in every chunk",
        changed("    h = fs[:size][-1]\n", ""),
    ),
    ex5(
        "hears nothing ahead",
        1,
        "The forward half is mended; the future that was waited for is thrown away.",
        "the steps ahead are not heard at all, so the backward half lacks them",
        changed("start + size + ahead]", "start + size]"),
    ),
    ex5(
        "the backward reader goes on too",
        1,
        "The forward half is mended; the backward reader starts from a state of its past chunk.",
        "the backward reader was given a state to start from: it begins afresh in each chunk",
        """
        h, g, pieces = None, None, []
        for start in range(0, len(xs), size):
            heard = xs[start : start + size + ahead]
            fs = run_f(heard, h)
            bs = run_b(heard[::-1], g)[::-1]
            h, g = fs[:size][-1], bs[0]
            pieces.append(np.concatenate([fs, bs], axis=-1)[:size])
        return np.concatenate(pieces)
        """,
    ),
    ex5(
        "one step too early",
        0,
        "The next chunk misses the last step of this one.",
        "the state that is handed on has not read the last step of its chunk",
        changed("fs[:size][-1]", "fs[: max(size - 1, 1)][-1]"),
    ),
    ex5(
        "the first state handed on",
        0,
        "All steps of a chunk but its first are forgotten.",
        "the state handed on is the one after the first step of the chunk",
        changed("fs[:size][-1]", "fs[0]"),
    ),
    ex5(
        "one step too late",
        0,
        "The next chunk's first step is read twice.",
        "the state that is handed on has read one step of the next chunk",
        changed("fs[:size][-1]", "fs[: size + 1][-1]"),
    ),
    ex5(
        "fs[size - 1]",
        2,
        "Right where every chunk is full; a short last chunk has no such step.",
        "near the end a chunk may be shorter than size",
        changed("fs[:size][-1]", "fs[size - 1]"),
    ),
    ex5(
        "fs[-1 - ahead]",
        1,
        "Right where `ahead` steps are left behind every chunk but the last; elsewhere there is no such step.",
        "or hear fewer than ahead more",
        changed("fs[:size][-1]", "fs[-1 - ahead]"),
    ),
    ex5(
        "counted from the end",
        1,
        "Right where `ahead` steps are left behind every chunk but the last; near the end fewer were heard.",
        "the state was counted from the end of what was heard, which is shorter near the end of the stream",
        changed("fs[:size][-1]", "fs[-1 - ahead] if len(fs) > ahead else fs[-1]"),
    ),
    ex5(
        "not turned round",
        1,
        "The forward half is mended, the backward states have lost their order.",
        "the backward half is not in the order of time",
        changed("run_b(heard[::-1], None)[::-1]", "run_b(heard[::-1], None)"),
    ),
    ex5(
        "the last steps kept",
        0,
        "The steps ahead are answered in the place of the chunk's own.",
        "of what was heard the last steps are kept, not the first",
        changed("[:size])", "[-size:])"),
    ),
    ex5(
        "reads the whole",
        1,
        "The forward half is right; the backward one has heard what a stream has not brought yet.",
        "the backward reader has heard the whole sequence, not the chunk and what is ahead",
        "bs = run_b(xs[::-1], None)[::-1]\nreturn np.concatenate([run_f(xs, None), bs], axis=-1)",
    ),
    ex5(
        "steps ahead kept too",
        0,
        "Steps stand in the answer twice.",
        "the steps ahead stand in the answer too",
        changed("axis=-1)[:size])", "axis=-1))"),
    ),
]

BUG_VARIANTS = [
    v5(
        "the forward half at once",
        """
        bs = []
        for start in range(0, len(xs), size):
            heard = xs[start : start + size + ahead]
            bs.extend(run_b(np.flip(heard, axis=0), None)[::-1][:size])
        return np.concatenate([run_f(xs, None), np.array(bs)], axis=2)
        """,
    ),
    v5("an index that stays inside", changed("fs[:size][-1]", "fs[min(size, len(fs)) - 1]")),
    v5(
        "the chunk read alone",
        """
        h, f_pieces, b_pieces = None, [], []
        for start in range(0, len(xs), size):
            chunk, heard = xs[start : start + size], xs[start : start + size + ahead]
            f_pieces.append(run_f(chunk, h))
            b_pieces.append(run_b(heard[::-1], None)[::-1][: len(chunk)])
            h = f_pieces[-1][-1]
        return np.concatenate([np.concatenate(f_pieces), np.concatenate(b_pieces)], axis=-1)
        """,
    ),
    v5(
        "step by step",
        """
        fs, h = [], None
        for t in range(len(xs)):
            h = run_f(xs[t : t + 1], h)[0]
            fs.append(h)
        rows = []
        for t in range(len(xs)):
            stop = (t // size + 1) * size + ahead
            rows.append(np.concatenate([fs[t], run_b(xs[t:stop][::-1], None)[-1]], axis=-1))
        return np.stack(rows)
        """,
    ),
]

MISTAKES = MAP + BOTH + BACK + DELAY + BUG
VARIANTS = MAP_VARIANTS + BOTH_VARIANTS + BACK_VARIANTS + DELAY_VARIANTS + BUG_VARIANTS
EQUIVALENT = {
    "ch10-ex1-map": {
        "index: nudged[s, b, d] += nudge -> nudged[s, b - 1, d] += nudge": "the examples of a step, in another order",
        "index: nudged[s, b, d] += nudge -> nudged[s, b, d - 1] += nudge": "the numbers of an example, in another order",
    },
}
