"""Learning-rate schedules: how fast to learn at which step.

    schedule = cosine(1e-2, steps=1000, warm_up=50)
    schedule(0), schedule(1), ...                    the rate at each step, the first of which is step 0
    fit(..., schedule=schedule)                      sets `optimiser.lr` before each update

A schedule is any function from the number of a step to a rate of at least 0; these are the usual ones.
"""

from math import cos, pi

from .checks import check_size
from .optim import check_fraction, check_rate, is_number


def step_decay(lr, factor, every):
    """lr_k = lr * factor ** floor(k / every): a staircase.

    factor  in (0, 1); every `every` steps the rate is multiplied by it
    """
    lr, factor, every = check_decay(lr, factor, every)
    return lambda step: lr * factor ** (step // every)


def exponential_decay(lr, factor, every=1):
    """lr_k = lr * factor ** (k / every): the same fall as `step_decay`, without the stairs."""
    lr, factor, every = check_decay(lr, factor, every)
    return lambda step: lr * factor ** (step / every)


def cosine(lr, steps, warm_up=0, last=0.0):
    """lr_k = last + (lr - last) (1 + cos(pi (k - warm_up) / (steps - warm_up))) / 2: half a wave from lr down to `last`.

    steps    the step that would be the first at `last`; later ones stay there
    warm_up  so many steps climb in a line first: lr_k = lr * (k + 1) / (warm_up + 1)
    last     in [0, lr]
    Source   Loshchilov and Hutter 2017, equation 5, one period; the warm-up: Goyal et al. 2017, section 2.2
    """
    lr, steps = check_rate("lr", lr), check_size("steps", steps)
    if warm_up != 0:
        check_size("warm_up", warm_up)
    if warm_up >= steps:
        raise ValueError(f"warm_up: expected fewer than steps = {steps}, got {warm_up}")
    if not is_number(last) or not 0 <= last <= lr:
        raise ValueError(f"last: expected a number from 0 to lr = {lr}, got {last!r}")

    def schedule(step):
        if step < warm_up:
            return lr * (step + 1) / (warm_up + 1)
        done = min(1.0, (step - warm_up) / (steps - warm_up))
        return last + (lr - last) * (1 + cos(pi * done)) / 2

    return schedule


def check_decay(lr, factor, every):
    """Return what the two decays take, if the rate is above 0, the factor in (0, 1) and `every` at least 1."""
    return check_rate("lr", lr), check_rate("factor", check_fraction("factor", factor)), check_size("every", every)
