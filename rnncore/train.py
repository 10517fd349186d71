"""Training: one step, many steps, long streams; and writing with what was learned.

The loop stands in view. An epoch is any iterator whose every `next` adds one step's gradients to `model.grads` and yields the
loss of that step, so plain batches, truncated streams and an encoder with a decoder all train with the same `fit`.
"""

import time
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from math import gcd

import numpy as np

from .checks import NotFinite, check_array, check_generator, check_size
from .functions import softmax
from .losses import softmax_cross_entropy
from .optim import clip_by_norm, global_norm


@dataclass
class History:
    """What happened in training: `loss` and `grad_norm` (before clipping) a step, `validation` an epoch, `seconds` in all."""

    loss: list = field(default_factory=list)
    grad_norm: list = field(default_factory=list)
    validation: list = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False


def sequence_loss(model, xs, targets, mask=None, rng=None, loss=softmax_cross_entropy):
    """Forward, loss at every step, backward: adds to `model.grads` and returns the loss. Many to many, aligned."""
    ys, _, cache = model.forward(xs, mask=mask, rng=rng)
    value, dys = loss(ys, targets, mask)
    model.backward(dys, cache)
    return value


def fit(model, epoch, optimiser, epochs=1, clip=None, validate=None, progress=True, history=None):
    """Zero the gradients, take the next step's, clip them, update; for every step of every epoch.

    epoch     a function of no argument that returns an iterator; each `next` adds gradients to `model.grads`, yields the loss
    clip      the largest common norm of the gradients; None does not clip
    validate  a function of no argument, called after each epoch; its numbers are kept in `history.validation`
    history   one from an earlier call, to be continued
    Returns   a History. Ctrl-C stops early and keeps the model and the history as they are
    Raises    FloatingPointError if a loss or gradient is not finite: at which step, in whose gradient; the model keeps the
              weights from before that step
    """
    from tqdm.auto import tqdm  # only here: importing rnncore stays light

    history = History() if history is None else history
    history.interrupted = False
    began = time.perf_counter()
    try:
        for k in range(check_size("epochs", epochs)):
            first = len(history.loss)
            with tqdm(desc=f"epoch {k + 1}/{epochs}", unit=" steps", disable=not progress, leave=False) as bar:
                for loss, norm in training_steps(model, epoch(), optimiser, clip, first):
                    history.loss.append(loss)
                    history.grad_norm.append(norm)
                    bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                    bar.update()
            if len(history.loss) == first:
                raise ValueError(f"epoch: expected a fresh iterator at every call, got an empty one for epoch {k + 1}")
            if validate is not None:
                history.validation.append(validate())
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        history.seconds += time.perf_counter() - began
    return history


def training_steps(model, losses, optimiser, clip=None, first=0):
    """For each loss of an iterator: zero, let it add its gradients, check, clip, update; yields the loss and the norm.

    first   the number of the first step, for the messages
    """
    losses = iter(losses)
    for number in count(first):
        model.zero_grads()
        try:
            loss = next(losses)
        except StopIteration:
            return
        except NotFinite as error:
            raise FloatingPointError(f"step {number}: {error}") from error
        with np.errstate(over="ignore"):
            norm = global_norm(model.grads)
        if not (np.isfinite(loss) and np.isfinite(norm)):
            raise FloatingPointError(f"step {number}: {diagnosis(model, loss)}")
        if clip is not None:
            clip_by_norm(model.grads, clip)
        optimiser.step(model.params, model.grads)
        yield loss, norm


def diagnosis(model, loss):
    """Say what went wrong: the loss, and whose gradient is not finite or largest."""
    bad = [name for name, g in model.grads.items() if not np.isfinite(g).all()]
    if bad:
        return f"the loss is {loss:.3g}; not finite: the gradients of {', '.join(bad)}"
    largest = max(model.grads, key=lambda name: np.abs(model.grads[name]).max())
    return f"the loss is {loss:.3g}; the largest gradient is that of {largest}"


def truncated_bptt(model, xs, targets, k1, k2, state=None, loss=softmax_cross_entropy):
    """Every k1 steps, the losses of those k1 steps go back k2 steps; the state goes on for ever, only its gradient is cut.

    A generator: each `next` adds the gradients of one group of k1 steps to `model.grads` and yields its loss; the caller
    updates in between. Memory is that of k2 steps, however long xs is.

    xs       (T, B, ...), read in pieces; a last group shorter than k1 counts too, and reaches back less than k2
    targets  (T, B, ...)
    Raises   ValueError unless 1 <= k1 <= k2
    Source   Williams and Peng 1990, BPTT(h; h')
    """
    k1, k2 = check_size("k1", k1), check_size("k2", k2)
    if k2 < k1:
        raise ValueError(f"k2: expected at least k1 = {k1}, or some losses never count, got {k2}")
    if len(xs) != len(targets) or len(xs) == 0:
        raise ValueError(f"targets: expected as many steps as xs, {len(xs)}, got {len(targets)} (none may be 0)")
    piece = gcd(k1, k2)  # caches come in pieces of this length: k1 and k2 are whole numbers of them
    caches = deque(maxlen=k2 // piece)
    for start in range(0, len(xs), k1):
        stop, fresh, total = min(start + k1, len(xs)), [], 0.0
        for a in range(start, stop, piece):
            ys, state, cache = model.forward(xs[a : min(a + piece, stop)], state)
            value, dys = loss(ys, targets[a : min(a + piece, stop)])
            share = len(ys) / (stop - start)  # the loss of a group is the mean over its steps
            total += value * share
            fresh.append(dys * share)
            caches.append((cache, np.zeros_like(dys)))
        dstate = None
        for cache, silent in reversed(caches):
            dys = fresh.pop() if fresh else silent
            _, dstate = model.backward(dys, cache, dstate)
        yield total


def sample(model, start, length, rng, temperature=1.0):
    """Write: feed the start in, then draw each item from softmax(logits / temperature) and feed it back in.

    model        takes ids (T, B) and returns logits (T, B, V)
    start        ids (T,), at least one
    temperature  below 1 keeps to the likely, above 1 dares more; 0 takes the likeliest
    Returns      ids (length,), without the start
    """
    check_array("start", start, ("T",))
    check_generator("rng", rng)
    if not np.isfinite(temperature) or temperature < 0:
        raise ValueError(f"temperature: expected a number of at least 0, got {temperature!r}")
    logits, state, _ = model.forward(start[:, None], keep=False)
    written = np.empty(check_size("length", length), int)
    for k in range(length):
        if temperature == 0:
            written[k] = logits[-1, 0].argmax()
        else:
            written[k] = rng.choice(logits.shape[-1], p=softmax(logits[-1, 0].astype(float) / temperature))
        logits, state, _ = model.forward(written[k : k + 1, None], state, keep=False)
    return written
