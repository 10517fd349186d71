"""Training: one step, many steps; and writing with what was learned.

The loop stands in view. An epoch is any iterator whose every `next` adds one step's gradients to `model.grads` and yields the
loss of that step, so plain batches, truncated streams and an encoder with a decoder all train with the same `fit`.
"""

import time
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from .checks import NotFinite, check_array, check_generator, check_size
from .functions import softmax
from .losses import softmax_cross_entropy
from .optim import clip_by_norm, global_norm, is_number


@dataclass
class History:
    """What happened in training: `loss` and `grad_norm` (before clipping) a step, `validation` an epoch, `seconds` in all.

    With `patience` also the place of the best epoch in `validation`, and a copy of its parameters.
    """

    loss: list = field(default_factory=list)
    grad_norm: list = field(default_factory=list)
    validation: list = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    best_epoch: int | None = None
    best_params: dict | None = field(default=None, repr=False)


def sequence_loss(model, xs, targets, mask=None, rng=None, loss=softmax_cross_entropy):
    """Forward, loss at every step, backward: adds to `model.grads` and returns the loss. Many to many, aligned."""
    ys, _, cache = model.forward(xs, mask=mask, rng=rng)
    value, dys = loss(ys, targets, mask)
    model.backward(dys, cache)
    return value


def fit(model, epoch, optimiser, epochs=1, clip=None, validate=None, progress=True, history=None, schedule=None, patience=None):
    """Zero the gradients, take the next step's, clip them, update; for every step of every epoch.

    epoch     a function of no argument that returns an iterator; each `next` adds gradients to `model.grads`, yields the loss
    clip      the largest common norm of the gradients; None does not clip
    validate  a function of no argument, called after each epoch; its numbers are kept in `history.validation`
    history   one from an earlier call, to be continued
    schedule  a function from the number of a step, counted through `history`, to its learning rate; see schedules
    patience  stop after so many epochs in a row that did not lower the first number of `validate`, and put the parameters
              of the best epoch in `history` back; also when the epochs run out, or at Ctrl-C. NaN is never the best
    Returns   a History. Ctrl-C stops early and keeps the history and, without `patience`, the model as they are
    Raises    FloatingPointError if a loss or gradient is not finite: at which step, in whose gradient; the model keeps the
              weights from before that step
    """
    from tqdm.auto import tqdm  # only here: importing rnncore stays light

    if patience is not None:
        check_size("patience", patience)
        if validate is None:
            raise ValueError("validate: expected a function, whose first number patience watches, got None")
    waited = 0
    history = History() if history is None else history
    history.interrupted = False
    began = time.perf_counter()
    try:
        for k in range(check_size("epochs", epochs)):
            first = len(history.loss)
            with tqdm(desc=f"epoch {k + 1}/{epochs}", unit=" steps", disable=not progress, leave=False) as bar:
                for loss, norm in training_steps(model, epoch(), optimiser, clip, first, schedule):
                    history.loss.append(loss)
                    history.grad_norm.append(norm)
                    bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                    bar.update()
            if len(history.loss) == first:
                raise ValueError(f"epoch: expected a fresh iterator at every call, got an empty one for epoch {k + 1}")
            if validate is not None:
                history.validation.append(validate())
            if patience is not None:
                waited = 0 if keep_the_best(model, history) else waited + 1
                if waited == patience:
                    break
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        history.seconds += time.perf_counter() - began
    if patience is not None and history.best_params is not None:
        for name, p in model.params.items():
            p[...] = history.best_params[name]
    return history


def training_steps(model, losses, optimiser, clip=None, first=0, schedule=None):
    """For each loss of an iterator: zero, let it add its gradients, check, clip, update; yields the loss and the norm.

    first   the number of the first step, for the messages and the schedule
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
        if schedule is not None:
            optimiser.lr = scheduled_rate(schedule, number)
        optimiser.step(model.params, model.grads)
        yield loss, norm


def scheduled_rate(schedule, number):
    """The rate at a step, if it is a finite number of at least 0."""
    rate = schedule(number)
    if not is_number(rate) or not np.isfinite(rate) or rate < 0:
        raise ValueError(f"schedule({number}): expected a finite number of at least 0, got {rate!r}")
    return rate


def keep_the_best(model, history):
    """If the first number of the last validation is the lowest so far, copy the parameters; say whether it is."""
    lowest = np.inf if history.best_epoch is None else first_number(history.validation[history.best_epoch])
    if not first_number(history.validation[-1]) < lowest:
        return False
    history.best_epoch = len(history.validation) - 1
    history.best_params = {name: p.copy() for name, p in model.params.items()}
    return True


def first_number(value):
    """A number itself, or the first of several."""
    several = value.ravel().tolist() if isinstance(value, np.ndarray) else value
    first = several[0] if isinstance(several, (tuple, list)) and several else several
    if not is_number(first):
        raise ValueError(f"validate: expected a number, or several whose first counts, got {value!r}")
    return first


def diagnosis(model, loss):
    """Say what went wrong: the loss, and whose gradient is not finite or largest."""
    bad = [name for name, g in model.grads.items() if not np.isfinite(g).all()]
    if bad:
        return f"the loss is {loss:.3g}; not finite: the gradients of {', '.join(bad)}"
    largest = max(model.grads, key=lambda name: np.abs(model.grads[name]).max())
    return f"the loss is {loss:.3g}; the largest gradient is that of {largest}"


def draw(logits, rng, temperature=1.0):
    """One item a row, with the probabilities softmax(logits / temperature): logits (B, V) -> ids (B,)."""
    check_array("logits", logits, ("B", "V"), logits.dtype)
    if not is_number(temperature) or not np.isfinite(temperature) or temperature < 0:
        raise ValueError(f"temperature: expected a number of at least 0, got {temperature!r}")
    if temperature == 0:
        return logits.argmax(axis=-1)
    check_generator("rng", rng)
    with np.errstate(over="ignore"):  # a tiny temperature leaves the likeliest alone, as it should
        p = softmax((logits - logits.max(axis=-1, keepdims=True)).astype(float) / temperature)
    up_to = p.cumsum(axis=-1)
    return (up_to / up_to[:, -1:] <= rng.random((len(p), 1))).sum(axis=-1)


def sample(model, start, length, rng, temperature=1.0):
    """Write: feed the start in, then draw each item from softmax(logits / temperature) and feed it back in.

    model        takes ids (T, B) and returns logits (T, B, V)
    start        ids (T,), at least one
    temperature  below 1 keeps to the likely, above 1 dares more; 0 takes the likeliest
    Returns      ids (length,), without the start
    """
    check_array("start", start, ("T",))
    check_generator("rng", rng)
    logits, state, _ = model.forward(start[:, None], keep=False)
    written = np.empty(check_size("length", length), int)
    for k in range(length):
        written[k : k + 1] = draw(logits[-1], rng, temperature)
        logits, state, _ = model.forward(written[k : k + 1, None], state, keep=False)
    return written
