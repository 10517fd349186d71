"""rnncore against the PyTorch that is installed: outputs, last states and all gradients, in float64, to 1e-12."""

import itertools
import json
import zlib

import numpy as np
import pytest
import torch
from torch import nn

import rnncore as rc
from rnncore.convert import load_torch, state_from_torch, state_to_torch, to_torch
from scripts import torch_values
from tests.rnncore import against_torch

TOLERANCE = 1e-12
T, B, D, H = 7, 4, 3, 5
LENGTHS = [3, 7, 1, 5]


@pytest.fixture
def rng(request):
    """Another seed for each test, the same every time."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


def assert_close(group, case):
    deviations = getattr(against_torch, group)(case)
    worst = max(deviations, key=deviations.get)
    assert deviations[worst] < TOLERANCE, f"{worst}: {deviations[worst]:.1e}"


@pytest.mark.parametrize(
    ("kind", "layers", "bidirectional", "lengths"),
    itertools.product(torch_values.RECURRENT, [1, 2, 3], [False, True], [None, LENGTHS]),
)
def test_recurrent(rng, kind, layers, bidirectional, lengths):
    sizes = {"T": T, "B": B, "D": D, "H": H}
    assert_close("recurrent", torch_values.recurrent(rng, kind, **sizes, layers=layers, bidirectional=bidirectional, lengths=lengths))


@pytest.mark.parametrize("kind", torch_values.RECURRENT)
@pytest.mark.parametrize("sizes", [(1, 4, 3, 5), (7, 1, 3, 5), (7, 4, 1, 5), (7, 4, 3, 1), (60, 8, 12, 33)], ids=str)
def test_recurrent_of_other_sizes(rng, kind, sizes):
    assert_close("recurrent", torch_values.recurrent(rng, kind, *sizes, bidirectional=True))


@pytest.mark.parametrize("kind", torch_values.RECURRENT)
def test_recurrent_without_biases(rng, kind):
    case = torch_values.recurrent(rng, kind, T, B, D, H, layers=2, bias=False)
    assert not any("bias" in name for name in case["weights"])
    assert_close("recurrent", case)
