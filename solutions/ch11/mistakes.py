"""Wrong answers to assignment 11 with the points they deserve, and right ones written otherwise."""

from scripts.mistake import STUB, makers

HEADS = {
    "ch11-ex1-stop": "def stop_early(val, test, patience):",
    "ch11-ex2-drop": "def drop_run(xs, h_0, step, p, below=None, inside=None, above=None):",
    "ch11-ex3-free": "def set_free(step, xs, h_0, heard, tolerance, growth):",
    "ch11-ex4-parts": "def train_in_parts(params, batches, size, rate, loss_and_grads):",
}


(ex1, ex2, ex3, ex4), (v1, v2, v3, v4) = makers(HEADS)

# ---- exercise 1, early stopping: shape 1, value 1, hidden 1 ----


def watch(
    data="val",
    better="loss < best",
    kept="epoch",
    reset="0",
    stop="waited == patience",
    last="",
    result="epoch + 1, kept, float(test[kept])",
):
    """The body of the right rule, with one part of it changed."""
    return f"""
best, kept, waited = np.inf, 0, 0
for epoch, loss in enumerate({data}):
    waited += 1
    if {better}:
        best, kept, waited = loss, {kept}, {reset}
    {last or "pass"}
    if {stop}:
        break
return {result}
"""


STOP = [
    ex1("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex1("constant", 0, "Fixed numbers are no answer.", "the epoch kept is not the last one", "return 1, 1, 1.0"),
    ex1(
        "nan",
        0,
        "NaN is no loss to report.",
        "NaN or inf among the numbers",
        watch(result='epoch + 1, kept, float("nan")'),
    ),
    ex1(
        "float32",
        0,
        "Half of the report's digits are lost.",
        "report: expected float, got float32",
        watch(result="epoch + 1, kept, np.float32(test[kept])"),
    ),
    ex1(
        "list",
        0,
        "What comes back is no tuple of three values.",
        "got list",
        watch(result="[epoch + 1, kept, float(test[kept])]"),
    ),
    ex1(
        "the whole curve",
        1,
        "The kinds are right; it looks at epochs that were never run.",
        "the lowest loss of the whole curve was taken: epochs after the stop were never run",
        """
        kept = int(np.argmin(val))
        return min(kept + patience + 1, len(val)), kept, float(test[kept])
        """,
    ),
    ex1(
        "the lowest loss, though it stopped before",
        1,
        "The kinds are right, and `ran` too; the epoch kept may lie after the stop.",
        "kept comes from the whole curve, not from the epochs that were run",
        watch(result="epoch + 1, int(np.argmin(val)), float(test[np.argmin(val)])"),
    ),
    ex1(
        "compared with the look before",
        1,
        "The kinds are right, and so is a curve without ups and downs; better means below the best so far.",
        "a look was compared with the one before it, not with the best so far",
        watch(better="epoch == 0 or loss < val[epoch - 1]"),
    ),
    ex1(
        "the count is not set back",
        1,
        "The kinds are right; looks that are not better are counted in all, not in a row.",
        "the count of looks that are no better is not set back at a better one",
        watch(reset="max(waited - 1, 0)"),
    ),
    ex1(
        "a tie is better",
        1,
        "The kinds are right; a loss that is only equal counts as better.",
        "a loss equal to the best so far was taken for better",
        watch(better="loss <= best"),
    ),
    ex1(
        "one epoch too many",
        1,
        "The kinds are right; it waits for one look more.",
        "training stops one look too late",
        watch(stop="waited > patience"),
    ),
    ex1(
        "one epoch too few",
        1,
        "The kinds are right; it waits for one look less.",
        "training stops one look too early",
        watch(stop="waited + 1 >= max(patience, 2)"),
    ),
    ex1(
        "an index for a count",
        1,
        "The epoch kept and its loss are right; ran is the number of the last epoch, counted from 0.",
        "ran is the last epoch's number, not the number of epochs",
        watch(result="epoch, kept, float(test[kept])"),
    ),
    ex1(
        "epochs counted from 1",
        0,
        "The epoch kept is one too high everywhere, and the loss is that of the next.",
        "the epoch kept is not the last one",
        watch(result="epoch + 1, kept + 1, float(test[kept])"),
    ),
    ex1(
        "reports the validation loss",
        1,
        "Both epochs are right; what is reported is the loss that chose the moment.",
        "the report is the validation loss, which chose the moment",
        watch(result="epoch + 1, kept, float(val[kept])"),
    ),
    ex1(
        "reports the lowest test loss",
        1,
        "Both epochs are right; now the third text has chosen the moment for its own report.",
        "the report is the lowest loss of the third text, not the one at the epoch kept",
        watch(result="epoch + 1, kept, float(test[: epoch + 1].min())"),
    ),
    ex1(
        "reports the last epoch",
        1,
        "Both epochs are right; the report belongs to parameters that were thrown away.",
        "the report belongs to the last epoch that was run, not to the one kept",
        watch(result="epoch + 1, kept, float(test[epoch])"),
    ),
    ex1(
        "keeps the last epoch",
        0,
        "Nothing is put back, which is what patience is for.",
        "the epoch kept is not the last one",
        watch(result="epoch + 1, epoch, float(test[epoch])"),
    ),
    ex1(
        "watches the third text",
        0,
        "The moment is chosen by the text that was to be kept out of it.",
        "the third text chose the moment",
        watch(data="test"),
    ),
    ex1(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import fit\nlog = fit(val, test, patience=patience)\nreturn log.ran, log.best_epoch, 1.0",
    ),
]

STOP_VARIANTS = [
    v1(
        "looks back each time",
        """
        for ran in range(1, len(val) + 1):
            kept = int(np.argmin(val[:ran]))
            if ran - 1 - kept >= patience:
                break
        return ran, kept, float(test[kept])
        """,
    ),
    v1(
        "running minimum",
        """
        before = np.concatenate([[np.inf], np.minimum.accumulate(val)[:-1]])
        number = np.arange(len(val))
        last_better = np.maximum.accumulate(np.where(val < before, number, 0))
        enough = number - last_better >= patience
        end = np.argmax(enough) if np.any(enough) else number[-1]
        return end + 1, last_better[end], test[last_better[end]]
        """,
    ),
    v1(
        "overwrites val",
        """
        kept, ran = 0, 1
        while ran < len(val) and ran - kept <= patience:
            if val[ran] < val[0]:
                kept, val[0] = ran, val[ran]
            ran += 1
        return ran, kept, test[kept]
        """,
    ),
]

# ---- exercise 2, dropout: shape 1, value 1, mean 1, hidden 1 ----


def drop(
    none="z",
    row="us[t % len(us)]",
    kept="z * (u >= p) / (1 - p)",
    into="drop(x, below, t), drop(h, inside, t)",
    up="ys.append(drop(h, above, t))",
    result="np.stack(ys), h",
):
    """The body of the right run, with one part of it changed."""
    return f"""
def drop(z, us, t):
    if us is None:
        return {none}
    u = {row}
    return {kept}

h, ys = h_0, []
for t, x in enumerate(xs):
    old = h
    h = step({into})
    {up}
return {result}
"""


DROP = [
    ex2("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex2(
        "constant",
        0,
        "Shapes alone are no answer.",
        "nothing is dropped and nothing raised",
        "return np.ones((len(xs), *h_0.shape)), np.ones_like(h_0)",
    ),
    ex2("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", drop(result="np.stack(ys) * np.nan, h")),
    ex2("list", 1, "The means are right; what goes up is no array.", "ys: expected float64", drop(result="ys, h")),
    ex2(
        "float32",
        0,
        "Half of the digits are lost.",
        "got float32",
        drop(result="np.stack(ys).astype(np.float32), h"),
    ),
    ex2("no state", 0, "The state is not handed on.", "expected 2 values (ys, h_T)", drop(result="np.stack(ys)")),
    ex2(
        "never drops",
        1,
        "Right where nothing is dropped; it is the plain layer.",
        "nothing is dropped: this is the plain run",
        drop(kept="z"),
    ),
    ex2(
        "not raised",
        1,
        "Right where nothing is dropped; in training the mean falls.",
        "what is kept was not divided by 1 - p",
        drop(kept="z * (u >= p)"),
    ),
    ex2(
        "divided by p",
        1,
        "Right where nothing is dropped; what is kept is raised by the wrong factor.",
        "p is the share dropped: what is kept was divided by p, not by 1 - p",
        drop(kept="z * (u >= p) / p"),
    ),
    ex2(
        "times 1 - p",
        1,
        "Right where nothing is dropped; what is kept is lowered, not raised.",
        "what is kept was multiplied by 1 - p, not divided",
        drop(kept="z * (u >= p) * (1 - p)"),
    ),
    ex2(
        "mask the wrong way round",
        1,
        "Right where nothing is dropped; p is taken for the share kept.",
        "the mask is the wrong way round: what should be dropped was kept",
        drop(kept="z * (u < p) / (1 - p)"),
    ),
    ex2(
        "lowered in use",
        0,
        "The other kind of dropout, which lowers the numbers in use: here nothing happens in use.",
        "nothing is dropped and nothing raised",
        drop(none="z * (1 - p)", kept="z * (u >= p)"),
    ),
    ex2(
        "dropped state carried on",
        2,
        "Right where nothing is dropped, and so are the means; the loop drops at every step, which is the slip to avoid.",
        "the state went on round the loop after the dropout above",
        drop(up="h = drop(h, above, t)\n    ys.append(h)"),
    ),
    ex2(
        "inside acts on the new state",
        2,
        "The mean stays, but the old state comes in whole, and what is above is dropped twice.",
        "the mask inside was put on the new state, not on the old one",
        drop(into="drop(x, below, t), h", up="h = drop(h, inside, t)\n    ys.append(drop(h, above, t))"),
    ),
    ex2(
        "last output for the state",
        2,
        "ys is right everywhere, and so are the means; whoever goes on from h_T goes on from a state with holes.",
        "h_T is the last of ys, after the dropout above",
        drop(result="np.stack(ys), ys[-1]"),
    ),
    ex2(
        "first mask at every step",
        1,
        "Right where nothing is dropped; one mask serves all steps whether it should or not, and the means change with it.",
        "every step got the mask of the first one",
        drop(row="us[0]"),
    ),
    ex2(
        "single mask not spread",
        2,
        "Right with a mask for each step; one mask for all steps ends in an error.",
        "out of bounds",
        drop(row="us[t]"),
    ),
    ex2(
        "single mask at the first step only",
        2,
        "Right with a mask for each step; one mask for all steps is used once.",
        "a single mask was used at one step only; it serves all of them",
        drop(row="us[t] if t < len(us) else np.ones_like(z)", kept="z * (u >= p) / (1 - p) if t < len(us) else z"),
    ),
    ex2(
        "nothing below",
        2,
        "Right where nothing is dropped, and the mean stays; the place below is forgotten.",
        "the input went into the step as it was: nothing was dropped below",
        drop(into="x, drop(h, inside, t)"),
    ),
    ex2(
        "nothing inside",
        2,
        "Right where nothing is dropped, and the mean stays; the place inside the loop is forgotten.",
        "the old state went into the step as it was: nothing was dropped inside",
        drop(into="drop(x, below, t), h"),
    ),
    ex2(
        "nothing above",
        2,
        "Right where nothing is dropped, and the mean stays; the place above is forgotten.",
        "what goes up is the state as it was: nothing was dropped above",
        drop(up="ys.append(h)"),
    ),
    ex2(
        "masks one step late",
        2,
        "The mean stays; each step gets its neighbour's mask.",
        "the masks are one step off",
        drop(row="us[(t - 1) % len(us)]"),
    ),
    ex2(
        "the state is not carried",
        0,
        "Every step starts from h_0: no recurrent layer.",
        "nothing is dropped and nothing raised",
        drop(into="drop(x, below, t), drop(h_0, inside, t)"),
    ),
    ex2(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import Dropout\nreturn Dropout(p).forward(xs)[0], h_0",
    ),
]

DROP_VARIANTS = [
    v2(
        "masks made first",
        """
        (T, B, D), H = xs.shape, h_0.shape[1]

        def mask(us, n):
            if us is None:
                return np.ones((T, B, n))
            return np.broadcast_to(np.where(us < p, 0.0, 1 / (1 - p)), (T, B, n))

        inputs, inner, outer = xs * mask(below, D), mask(inside, H), mask(above, H)
        hs = [h_0]
        for t in range(T):
            hs.append(step(inputs[t], hs[-1] * inner[t]))
        return np.array(hs[1:]) * outer, hs[-1]
        """,
    ),
    v2(
        "entry by entry",
        """
        def drop(z, us, t):
            new = np.array(z, dtype=float)
            if us is not None:
                row = us[min(t, len(us) - 1)]
                for k in np.ndindex(new.shape):
                    new[k] = 0.0 if row[k] < p else new[k] / (1 - p)
            return new

        ys, h = np.zeros((len(xs), *h_0.shape)), h_0
        for t in range(len(xs)):
            h = step(drop(xs[t], below, t), drop(h, inside, t))
            ys[t] = drop(h, above, t)
        return ys, h
        """,
    ),
    v2(
        "overwrites its arguments",
        """
        T = len(xs)
        for us in (below, inside, above):
            if us is not None:
                us[...] = np.where(us < p, 0, 1) / (1 - p)
        if below is not None:
            xs *= below
        ys = []
        for t in range(T):
            if inside is not None:
                h_0 = h_0 * inside[t % len(inside)]
            h_0 = step(xs[t], h_0)
            ys.append(h_0 if above is None else h_0 * above[t % len(above)])
        return np.stack(ys), h_0
        """,
    ),
]

# ---- exercise 3, the free run: shape 1, value 1, hand 1, hidden 1, hidden-followed 1 ----


def free(
    start="h = h_0",
    error="y - xs[t + 1]",
    between="pass",
    keep="ys.append(y)",
    go="y, h = step(y, h)",
    off="np.abs(np.stack(ys) - xs[heard:]) > tolerance",
    followed="np.where(off.any(axis=0), off.argmax(axis=0), len(ys))",
    rms="np.sqrt(np.mean(np.square(errors[:-1])))",
    foretold="np.log(tolerance / error) / growth",
    result="np.stack(ys), followed, float(foretold)",
):
    """The body of the right run, with one part of it changed."""
    return f"""
{start}
errors, ys = [], []
for t in range(heard):
    y, h = step(xs[t], h)
    errors.append({error})
{between}
for t in range(heard, len(xs)):
    {keep}
    {go}
off = {off}
followed = {followed}
error = {rms}
foretold = {foretold}
return {result}
"""


FREE = [
    ex3("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex3(
        "constant",
        0,
        "Shapes alone are no answer.",
        "ys stays the same when xs[heard - 1]",
        "return np.zeros(xs[heard:].shape), np.zeros(xs.shape[1]), 1.0",
    ),
    ex3(
        "nan",
        0,
        "NaN agrees with nothing.",
        "NaN or inf among the numbers",
        free(result="np.stack(ys) * np.nan, followed * np.nan, 1.0"),
    ),
    ex3(
        "list",
        2,
        "What comes back as ys is no array; the steps followed are right.",
        "ys: expected float64",
        free(result="ys, followed, float(foretold)"),
    ),
    ex3(
        "float32",
        2,
        "Half of the digits of ys are lost; the steps followed are right.",
        "got float32",
        free(result="np.stack(ys).astype(np.float32), followed, float(foretold)"),
    ),
    ex3(
        "one number followed",
        2,
        "ys and the steps foretold are right in the hidden test; of B counts there is one.",
        "followed: expected float64 (3,), got float64 ()",
        free(followed="int(np.min(np.where(off.any(axis=0), off.argmax(axis=0), len(ys))))"),
    ),
    ex3(
        "never off counts as 0",
        2,
        "The run and the forecast are right; the best series are taken for the worst.",
        "a series that is never off has the argmax of a column of False, which is 0",
        free(followed="off.argmax(axis=0)"),
    ),
    ex3(
        "comes back",
        3,
        "The run and the forecast are right; what counts is the first time, and here all steps within the tolerance do.",
        "followed counts all steps within the tolerance, those after the first failure too",
        free(followed="(~off).sum(axis=0)"),
    ),
    ex3(
        "last failure, not first",
        2,
        "The run and the forecast are right; each series is followed until it fails for the last time.",
        "followed is the step of the last failure, not of the first",
        free(followed="np.where(off.any(axis=0), len(ys) - 1 - off[::-1].argmax(axis=0), len(ys))"),
    ),
    ex3(
        "counts the first failure",
        2,
        "The run and the forecast are right; the step that fails is counted as well.",
        "the first step above the tolerance was counted as followed",
        free(followed="np.where(off.any(axis=0), off.argmax(axis=0) + 1, len(ys))"),
    ),
    ex3(
        "distance without its size",
        3,
        "The run and the forecast are right; guesses that are too low are never off.",
        "the distance has lost its absolute value: too low is off as well",
        free(off="np.stack(ys) - xs[heard:] > tolerance"),
    ),
    ex3(
        "the teacher goes on",
        1,
        "The shapes are right; true values come in all the time, so nothing is set free.",
        "the true values still come in: this is listening to the end",
        free(go="y, h = step(xs[t], h)"),
    ),
    ex3(
        "state thrown away",
        2,
        "The shapes are right, and a model without state runs rightly; what listening has built up is lost.",
        "the free run started from h_0, not from the state after listening",
        free(between="h = h_0"),
    ),
    ex3(
        "the same state at each free step",
        2,
        "The shapes are right, and a model without state runs rightly; in the free run nothing is carried on.",
        "the state is not carried on in the free run",
        free(between="stay = h", go="y, _ = step(y, stay)"),
    ),
    ex3(
        "last value heard twice",
        2,
        "The shapes are right, and a model without state runs rightly; the last true value is read again.",
        "the last true value was read twice: the guess of the next one was there already",
        free(between="y, h = step(xs[heard - 1], h)"),
    ),
    ex3(
        "one step late",
        1,
        "The shapes are right; the first free value is left out.",
        "the first free value is left out: each stands one step too early",
        free(keep="y, h = step(y, h)", go="ys.append(y)"),
    ),
    ex3(
        "hears one value too many",
        1,
        "The shapes are right; xs[heard], the first value that it has to guess, is read.",
        "one value too many was heard",
        free(between="y, h = step(xs[heard], h)", keep="ys.append(y)"),
    ),
    ex3(
        "mean size for the root of the mean square",
        3,
        "The run and the steps followed are right; the error is measured otherwise.",
        "the error one step ahead is a mean of sizes, not the root of the mean square",
        free(rms="np.mean(np.abs(errors[:-1]))"),
    ),
    ex3(
        "no root",
        3,
        "The run and the steps followed are right; the error is left squared.",
        "the root of the mean square is missing",
        free(rms="np.mean(np.square(errors[:-1]))"),
    ),
    ex3(
        "error of the first free value too",
        3,
        "The run and the steps followed are right; the last error is one of the free run.",
        "the error of the first free value was taken in: it was not heard yet",
        free(rms="np.sqrt(np.mean(np.square(errors)))"),
    ),
    ex3(
        "guess compared with its own input",
        3,
        "The run and the steps followed are right; a guess is one of the next value, not of the one just read.",
        "the guess was compared with the value just read, not with the next one",
        free(error="y - xs[t]"),
    ),
    ex3(
        "decades",
        3,
        "The run and the steps followed are right; the rate is in nats, so that the logarithm has to be natural.",
        "the logarithm is not the natural one",
        free(foretold="np.log10(tolerance / error) / growth"),
    ),
    ex3(
        "fraction upside down",
        3,
        "The run and the steps followed are right; the forecast has the wrong sign.",
        "error and tolerance have changed places in the logarithm",
        free(foretold="np.log(error / tolerance) / growth"),
    ),
    ex3(
        "times the rate",
        3,
        "The run and the steps followed are right; a faster growth must shorten the forecast.",
        "multiplied by the rate, not divided by it",
        free(foretold="np.log(tolerance / error) * growth"),
    ),
    ex3(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import RNN\nreturn RNN(1, 1).forward(xs)[0], 0, 0.0",
    ),
]

FREE_VARIANTS = [
    v3(
        "one loop",
        """
        T, B = xs.shape
        feed, guess, h = np.array(xs), np.empty((T, B)), h_0
        for t in range(T - 1):
            if t >= heard:
                feed[t] = guess[t]
            guess[t + 1], h = step(feed[t], h)
        ys = guess[heard:]
        within = np.abs(ys - xs[heard:]) <= tolerance
        followed = np.cumprod(within, axis=0).sum(axis=0)
        mse = ((guess[1:heard] - xs[1:heard]) ** 2).mean()
        return ys, followed, float((np.log(tolerance) - np.log(mse) / 2) / growth)
        """,
    ),
    v3(
        "counts by loops, list of floats",
        """
        h, squares = h_0, []
        for t in range(heard):
            if t > 0:
                squares += [float(d) ** 2 for d in y - xs[t]]
            y, h = step(xs[t], h)
        ys = np.zeros((len(xs) - heard, xs.shape[1]))
        for k in range(len(ys)):
            ys[k] = y
            y, h = step(y, h)
        counts = []
        for b in range(xs.shape[1]):
            k = 0
            while k < len(ys) and abs(ys[k, b] - xs[heard + k, b]) <= tolerance:
                k += 1
            counts.append(float(k))
        return ys, counts, -0.5 * np.log(sum(squares) / len(squares) / tolerance**2) / growth
        """,
    ),
    v3(
        "overwrites xs",
        """
        true, h, errors = xs[heard:].copy(), h_0, []
        for t in range(len(xs) - 1):
            y, h = step(xs[t], h)
            if t + 1 < heard:
                errors.append(y - xs[t + 1])
            else:
                xs[t + 1] = y
        alive, followed = np.ones(xs.shape[1], bool), np.zeros(xs.shape[1], int)
        for y, x in zip(xs[heard:], true):
            alive &= np.abs(y - x) <= tolerance
            followed += alive
        return xs[heard:], followed, np.log(tolerance / np.linalg.norm(errors) * np.sqrt(np.size(errors))) / growth
        """,
    ),
]

# ---- exercise 4, the bug: size 1, value 1, hidden 1, hidden-params 1 ----


def pieces(
    before="pass",
    starts="range(0, mask.shape[1], size)",
    zeros="0.0, {name: np.zeros_like(p) for name, p in params.items()}",
    rows="slice(b, b + size)",
    share="mask[:, rows].sum() / mask.sum()",
    total="total += share * loss",
    add="grads[name] += share * part_grads[name]",
    inner="pass",
    update="params = {name: p - rate * grads[name] for name, p in params.items()}",
    result="np.array(losses), params",
):
    """The body of the mended function, with one part of it changed."""
    return f"""
losses = []
{before}
for xs, targets, mask in batches:
    starts = {starts}
    total, grads = {zeros}
    for b in starts:
        rows = {rows}
        part = xs[:, rows], targets[:, rows], mask[:, rows]
        loss, part_grads = loss_and_grads(params, *part)
        share = {share}
        {total}
        for name in grads:
            {add}
        {inner}
    {update}
    losses.append(total)
return {result}
"""


PARTS = [
    ex4("blank", 0, "Nothing is there.", "NotImplementedError", STUB),
    ex4(
        "constant",
        0,
        "Shapes alone are no answer.",
        "losses is off",
        "return np.ones(len(batches)), params",
    ),
    ex4("nan", 0, "NaN agrees with nothing.", "NaN or inf among the numbers", pieces(share="np.nan")),
    ex4(
        "list",
        1,
        "The parameters are right; the losses are no array.",
        "losses: expected float64 (1,), got list",
        pieces(result="losses, params"),
    ),
    ex4(
        "float32",
        1,
        "The parameters are right; half of the losses' digits are lost.",
        "got float32",
        pieces(result="np.array(losses, dtype=np.float32), params"),
    ),
    ex4(
        "handed in as found",
        0,
        "The bug is still there.",
        "every part counts the same, however many steps count in it: the bug is still there",
        pieces(share="1 / len(starts)"),
    ),
    ex4(
        "share by sequences",
        0,
        "Right for a short last part, wrong as soon as there is padding, which is what the mask is for.",
        "parts are weighed by their sequences, not by the steps that count",
        pieces(share="mask[:, rows].shape[1] / mask.shape[1]"),
    ),
    ex4(
        "share by all steps",
        0,
        "The sum is divided by T B, so that padded steps count after all, with loss 0: flattering.",
        "divided by all steps, the padded ones too",
        pieces(share="mask[:, rows].sum() / mask.size"),
    ),
    ex4(
        "never divided",
        0,
        "Loss and gradient are those of the sum.",
        "the means became sums, and nothing divides them by the batch's counted steps",
        pieces(share="mask[:, rows].sum()"),
    ),
    ex4(
        "means added up",
        0,
        "The more parts, the larger the loss and the step.",
        "the parts' means are added up with weight 1",
        pieces(share="1.0"),
    ),
    ex4(
        "only the loss mended",
        2,
        "The loss of a batch is right; it is the gradient that trains.",
        "the loss is mended, but the gradient's parts still count the same",
        pieces(add="grads[name] += part_grads[name] / len(starts)"),
    ),
    ex4(
        "only the gradient mended",
        1,
        "The parameters are right; the loss that one watches is not.",
        "the gradient is mended, but in the loss the parts still count the same",
        pieces(total="total += loss / len(starts)"),
    ),
    ex4(
        "update after each part",
        0,
        "Later parts see other parameters: these are small batches, not a large one in parts.",
        "the parameters change between the parts of a batch",
        pieces(inner="params = {name: p - rate * share * part_grads[name] for name, p in params.items()}", update="pass"),
    ),
    ex4(
        "gradients overwritten",
        2,
        "The loss is right; of the gradient's sum only the last part is left.",
        "of the gradient only the last part is left: the others were overwritten",
        pieces(add="grads[name] = share * part_grads[name]"),
    ),
    ex4(
        "gradients pile up",
        2,
        "One batch is right; afterwards the gradients of the batches before are still in the sum.",
        "the gradients of the batches before are still in the sum",
        pieces(before="pile = {name: np.zeros_like(p) for name, p in params.items()}", zeros="0.0, pile"),
    ),
    ex4(
        "weighed by the first part",
        0,
        "The weight of the first part serves for all.",
        "every part is weighed by the steps that count in the first one",
        pieces(share="mask[:, :size].sum() / mask.sum()"),
    ),
    ex4(
        "last part left out",
        0,
        "Sequences are lost whenever B is no multiple of size.",
        "the last part, which is shorter, is left out",
        pieces(starts="range(0, mask.shape[1] - size + 1, size)"),
    ),
    ex4(
        "cut along time",
        1,
        "Right for a model without memory; it cuts steps, not sequences, so that the state is lost at every cut.",
        "cut along time, not along the sequences",
        pieces(starts="range(0, len(mask), size)", share="mask[rows].sum() / mask.sum()").replace("[:, rows]", "[rows]"),
    ),
    ex4(
        "climbs",
        2,
        "The loss of a batch is right; the update goes uphill.",
        "the update goes uphill",
        pieces(update="params = {name: p + rate * grads[name] for name, p in params.items()}"),
    ),
    ex4(
        "rate left out",
        2,
        "The loss of a batch is right; every rate is 1.",
        "the rate plays no part",
        pieces(update="params = {name: p - grads[name] for name, p in params.items()}"),
    ),
    ex4(
        "every batch from the start",
        2,
        "The loss of a batch is right; each update begins from the first parameters again.",
        "each batch starts from the first parameters again: earlier updates are lost",
        pieces(
            before="first = params",
            update="params = {name: p - rate * grads[name] for name, p in first.items()}",
        ),
    ),
    ex4(
        "asks the library",
        0,
        "The answer has to be one's own.",
        "rnncore",
        "from rnncore import fit\nreturn fit(params, batches), params",
    ),
]

PARTS_VARIANTS = [
    v4(
        "sums, divided at the end",
        """
        losses = np.zeros(len(batches))
        for k, (xs, targets, mask) in enumerate(batches):
            sums, counted = {}, 0
            for b in range(0, xs.shape[1], size):
                some = np.s_[:, b : b + size]
                n = np.count_nonzero(mask[some])
                loss, grads = loss_and_grads(params, xs[some], targets[some], mask[some])
                losses[k] += n * loss
                counted += n
                sums = {name: sums.get(name, 0) + n * g for name, g in grads.items()}
            losses[k] /= counted
            params = {name: params[name] - rate * sums[name] / counted for name in params}
        return losses, params
        """,
    ),
    v4(
        "the whole batch at once",
        """
        losses = []
        for batch in batches:
            loss, grads = loss_and_grads(params, *batch)
            params = dict((name, np.subtract(p, rate * grads[name])) for name, p in params.items())
            losses.append(loss)
        return np.array(losses), params
        """,
    ),
    v4(
        "one sequence at a time, in place",
        """
        losses = []
        for xs, targets, mask in batches:
            found = []
            for b in range(mask.shape[1]):
                one = slice(b, b + 1)
                if mask[:, b].any():
                    n = int(mask[:, b].sum())
                    found.append((n, *loss_and_grads(params, xs[:, one], targets[:, one], mask[:, one])))
            weights = np.array([n for n, _, _ in found]) / sum(n for n, _, _ in found)
            losses.append(weights @ [loss for _, loss, _ in found])
            for name in params:
                params[name] -= rate * np.einsum("k,k...->...", weights, np.stack([g[name] for _, _, g in found]))
        return np.array(losses), params
        """,
    ),
]

MISTAKES = STOP + DROP + FREE + PARTS
VARIANTS = STOP_VARIANTS + DROP_VARIANTS + FREE_VARIANTS + PARTS_VARIANTS
EQUIVALENT = {}
