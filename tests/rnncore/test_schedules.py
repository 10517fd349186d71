"""Schedules: the rates worked out by hand, and a training that follows them."""

import numpy as np
import pytest

import rnncore as rc
from rnncore.schedules import cosine, exponential_decay, step_decay


def rates(schedule, *steps):
    return [schedule(k) for k in steps]


def test_step_decay_is_a_staircase():
    assert rates(step_decay(0.8, 0.5, 10), 0, 9, 10, 19, 20, 35) == [0.8, 0.8, 0.4, 0.4, 0.2, 0.1]


def test_exponential_decay_meets_the_staircase_where_it_steps():
    smooth, stairs = exponential_decay(0.8, 0.5, 10), step_decay(0.8, 0.5, 10)
    assert rates(smooth, 0, 10, 20) == pytest.approx(rates(stairs, 0, 10, 20))
    assert smooth(5) == pytest.approx(0.8 / np.sqrt(2))
    assert rates(exponential_decay(1.0, 0.9), 0, 1, 2) == pytest.approx([1, 0.9, 0.81])


def test_cosine_goes_up_in_a_line_and_down_in_half_a_wave():
    schedule = cosine(1.0, 104, warm_up=4, last=0.2)
    assert rates(schedule, 0, 1, 2, 3, 4) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates(schedule, 29, 54, 79) == pytest.approx([0.6 + 0.4 / np.sqrt(2), 0.6, 0.6 - 0.4 / np.sqrt(2)])
    assert rates(schedule, 104, 105, 10_000) == [0.2, 0.2, 0.2]
    assert rates(cosine(3e-3, 10), 0, 5, 10, 11) == pytest.approx([3e-3, 1.5e-3, 0, 0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: step_decay(0, 0.5, 10), "lr: expected a finite number above 0, got 0"),
        (lambda: step_decay(0.1, 1.0, 10), r"factor: expected a number in \[0, 1\), got 1.0"),
        (lambda: step_decay(0.1, 0.0, 10), "factor: expected a finite number above 0, got 0.0"),
        (lambda: step_decay(0.1, 0.5, 0), "every: expected a whole number of at least 1, got 0"),
        (lambda: exponential_decay(np.nan, 0.5), "lr: expected a finite number above 0, got nan"),
        (lambda: exponential_decay(0.1, 0.5, 2.5), "every: expected a whole number of at least 1, got 2.5"),
        (lambda: cosine("fast", 10), "lr: expected a finite number above 0, got 'fast'"),
        (lambda: cosine(0.1, 0), "steps: expected a whole number of at least 1, got 0"),
        (lambda: cosine(0.1, 10, warm_up=-1), "warm_up: expected a whole number of at least 1, got -1"),
        (lambda: cosine(0.1, 10, warm_up=10), "warm_up: expected fewer than steps = 10, got 10"),
        (lambda: cosine(0.1, 10, last=0.2), "last: expected a number from 0 to lr = 0.1, got 0.2"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


class Slope:
    """A model of one parameter whose gradient is always 1: a step with SGD takes the learning rate off it."""

    def __init__(self):
        self.params, self.grads = {"w": np.zeros(1)}, {"w": np.zeros(1)}

    def zero_grads(self):
        self.grads["w"][...] = 0

    def epoch(self, steps):
        for _ in range(steps):
            self.grads["w"] += 1
            yield 1.0


def test_fit_counts_the_steps_through_epochs_and_continued_histories():
    model, optimiser, schedule = Slope(), rc.SGD(123.0), cosine(0.1, 20, warm_up=3)
    history = rc.fit(model, lambda: model.epoch(5), optimiser, 2, progress=False, schedule=schedule)
    assert model.params["w"][0] == pytest.approx(-sum(rates(schedule, *range(10))))
    assert optimiser.lr == schedule(9)
    rc.fit(model, lambda: model.epoch(4), optimiser, progress=False, schedule=schedule, history=history)
    assert model.params["w"][0] == pytest.approx(-sum(rates(schedule, *range(14))))
    afresh = Slope()
    rc.fit(afresh, lambda: afresh.epoch(4), optimiser, progress=False, schedule=schedule)
    assert afresh.params["w"][0] == pytest.approx(-sum(rates(schedule, *range(4))))


@pytest.mark.parametrize("rate", [np.nan, np.inf, -0.1, "0.1", None])
def test_a_schedule_that_returns_no_rate_stops_before_the_update(rate):
    model = Slope()
    with pytest.raises(ValueError, match=r"schedule\(2\): expected a finite number of at least 0, got"):
        rc.fit(model, lambda: model.epoch(5), rc.SGD(1), progress=False, schedule=lambda k: rate if k == 2 else 0.5)
    assert model.params["w"][0] == -1
