"""Is the likelier sentence the right one? A character model on pairs that differ only in who does what.

Both sentences of a pair have the same letters, so neither is favoured by its length: only the order tells the right one from
the wrong one. The control puts the words of the right one in a random order.
"""

from itertools import islice

import numpy as np

from rnncore import (
    RNN,
    Adam,
    Characters,
    Dense,
    Embedding,
    NGram,
    Stack,
    cosine,
    fit,
    python_docs,
    sequence_loss,
    softmax_cross_entropy,
    streams,
    windows,
)

# A sentence with two places, and what stands there when it is right; swapped, it is wrong.
SWAPS = [
    ("A {} is mutable and a {} is immutable.", "list", "tuple"),
    ("An empty list is {} and a list of one item is {}.", "false", "true"),
    ("The integer {} is less than the integer {}.", "3", "4"),
    ("The first item has index {} and the second item has index {}.", "0", "1"),
    ("A class definition defines a {} and a function definition defines a {}.", "class", "function"),
    ('The "{}" statement ends the loop and the "{}" statement begins the next round.', "break", "continue"),
    ('The "{}" operator adds and the "{}" operator subtracts its arguments.', "+", "-"),
    ("A {} of a dictionary must be hashable, and a {} may be mutable.", "key", "value"),
    ('The "{}" clause comes after the "{}" clause.', "else", "try"),
    ("The {} before the {}.", "arguments are evaluated", "function is called"),
    ("A string is a sequence of {} and a bytes object is a sequence of {}.", "characters", "integers"),
    ('The "{}" statement leaves the function and the "{}" statement raises an exception.', "return", "raise"),
    ("Calling {} creates {}.", "a class", "the instance"),
    ("The {} inherits the methods of the {}.", "subclass", "base class"),
    ("The value {} has a fractional part and the value {} has none.", "0.5", "2.0"),
    ("The {} of an assignment is on the left and its {} on the right.", "target", "value"),
]


def model_bits(model, ids):
    """What a character model needs for a text, after its first character: bits in all."""
    logits, _, _ = model.forward(ids[:-1, None], keep=False)
    return float(softmax_cross_entropy(logits, ids[1:, None], reduction="sum")[0] / np.log(2))


def run(seeds, steps=1500, H=128, T=48, B=32):
    """Train with each seed; compare the pairs."""
    text = python_docs()
    chars = Characters(text)
    ids, V, f = chars.encode(text), len(chars), np.float32
    train, test = ids[:-20_000], ids[-20_000:]
    triples = []
    for n, (frame, one, other) in enumerate(SWAPS):
        right, wrong = frame.format(one, other), frame.format(other, one)
        words = right.split()
        shuffled = " ".join(words[k] for k in np.random.default_rng(n).permutation(len(words)))
        triples.append((right, wrong, shuffled))

    def judge(bits):
        """The bits of each triple, and how often the right one is the likelier."""
        table = np.array([[bits(chars.encode("\n" + sentence)) for sentence in triple] for triple in triples])
        likelier = table[:, :1] < table[:, 1:]
        return {"bits": table.tolist(), "over wrong": int(likelier[:, 0].sum()), "over shuffled": int(likelier[:, 1].sum())}

    counts = NGram(train, 5, V)
    runs = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        model = Stack(Embedding(V, 32, rng, f), RNN(32, H, rng, dtype=f), Dense(H, V, rng, f))
        pairs = windows(train, T, B, rng)

        def epoch(model=model, pairs=pairs):
            return (sequence_loss(model, xs, targets) for xs, targets in islice(pairs, steps))

        fit(model, epoch, Adam(5e-3), clip=1.0, schedule=cosine(5e-3, steps), progress=False)
        xs, targets = streams(test, 10)
        held_out = softmax_cross_entropy(model.forward(xs, keep=False)[0], targets)[0] / np.log(2)
        found = judge(lambda sentence, model=model: model_bits(model, sentence))
        runs.append({"seed": seed, "test": float(held_out)} | found)
        print(
            f"seed {seed}: {held_out:.2f} bits, {found['over wrong']} and {found['over shuffled']} of {len(triples)}",
            flush=True,
        )
    return {
        "criterion": f"how many of {len(triples)} right sentences need fewer bits than the same with two parts swapped, and "
        "than the same words in a random order",
        "model": f"Embedding({V}, 32), RNN(32, {H}), Dense({H}, {V}); Adam(5e-3), cosine, clip 1, {steps} updates of {B} "
        f"windows of {T}, on all but the last 20,000 characters of the Python documentation",
        "triples": triples,
        "counts": judge(lambda sentence: counts.bits(sentence) * len(sentence)),
        "runs": runs,
        "claims": claims(runs, len(triples)),
    }


def claims(runs, n):
    """The claim, with its verdict by rule."""
    share = [r["over wrong"] / n for r in runs]
    return [
        {
            "claim": "The most likely sentence is the right one",
            "source": "said in popular introductions",
            "criterion": f"share of {n} pairs in which the right sentence is likelier than the same with two parts swapped; "
            "reproduced if above 0.9 for every seed, not reproduced if the median is below 0.75 (a coin: 0.5)",
            "theirs": "always",
            "ours": share,
            "unit": "of the pairs",
            "verdict": "reproduced" if min(share) > 0.9 else "not reproduced" if np.median(share) < 0.75 else "in part",
        }
    ]
