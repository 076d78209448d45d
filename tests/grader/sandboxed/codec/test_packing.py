"""Whether a value has changed is told without packing it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from grader.protocol.values import CannotCross
from grader.sandboxed.codec.packing import Packer


def no_live(value):
    raise CannotCross("live")


def looks(value) -> object:
    return Packer(no_live, {}, [value]).look(0)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.int8, torch.bfloat16, torch.bool, torch.complex64]
)
def test_a_look_tells_whether_a_tensor_has_changed(dtype):
    tensor = torch.ones(2, 3).to(dtype)
    before = looks(tensor)
    assert looks(tensor) == before
    assert looks(tensor.clone()) == before
    view = tensor.T
    assert looks(view) != before
    tensor.data[1, 2] = 0
    assert looks(tensor) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.requires_grad_(False),
        lambda t: setattr(t, "grad", torch.ones(2)),
        lambda t: t.data.mul_(2),
        lambda t: t.detach().numpy().__setitem__(0, 5),
        lambda t: setattr(t, "data", torch.ones(2, dtype=torch.float64)),
        lambda t: setattr(t, "data", torch.ones(4)[::2]),
        lambda t: setattr(t, "data", torch.ones(2, 1)),
    ],
)
def test_a_look_sees_every_change_of_a_parameter(change):
    parameter = nn.Parameter(torch.ones(2))
    before = looks(parameter)
    change(parameter)
    assert looks(parameter) != before


def test_a_look_takes_what_is_no_number_for_itself():
    tensor = torch.tensor([float("nan")])
    assert looks(tensor) == looks(tensor.clone())


def pruned(module):
    prune.random_unstructured(module, "weight", 0.5)


MODULES = [
    lambda m: m.eval(),
    lambda m: setattr(m, "stride", (2, 2)),
    lambda m: setattr(m, "weight", nn.Parameter(m.weight.clone())),
    lambda m: setattr(m, "bias", None),
    lambda m: m.register_buffer("table", torch.ones(2)),
    lambda m: m.add_module("more", nn.ReLU()),
    lambda m: m.register_forward_hook(lambda *args: None),
    lambda m: m.register_forward_pre_hook(lambda *args: None),
    pruned,
]


@pytest.mark.parametrize("change", MODULES)
def test_a_look_sees_every_change_of_a_layer(change):
    layer = nn.Conv2d(1, 1, 2)
    before = looks(layer)
    assert looks(layer) == before
    change(layer)
    assert looks(layer) != before


def test_and_of_a_pruned_one_and_of_a_network():
    layer, network = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2))
    pruned(layer)
    before = looks(layer), looks(network)
    prune.remove(layer, "weight")
    network[0] = nn.Linear(2, 2)
    assert looks(layer) != before[0]
    assert looks(network) != before[1]
