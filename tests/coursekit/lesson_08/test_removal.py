"""Channels and units removed for real: as another library does it, and what is refused."""

from __future__ import annotations

import copy

import pytest
import torch
import torch_pruning as tp
from torch import nn

from coursekit.lesson_08.removal import (
    cnn,
    fold_constant_units,
    mask_2_of_4,
    remove_channels,
    silence,
    survivors,
    walk,
    weakest,
    with_constant_units,
)
from coursekit.nets.train import set_seed

IMAGES = torch.rand(20, 1, 28, 28)


@pytest.fixture
def net() -> nn.Sequential:
    set_seed(0)
    model = cnn()
    model(IMAGES)  # statistics that are not those of a fresh batch norm
    return model.eval()


def test_it_removes_what_torch_pruning_removes(net: nn.Sequential) -> None:
    theirs = copy.deepcopy(net)
    graph = tp.DependencyGraph().build_dependency(theirs, example_inputs=IMAGES[:1])
    ours = net
    for place, gone in ((0, [3, 11]), (4, [0, 17, 30]), (9, [5])):
        way = tp.prune_linear_out_channels if place == 9 else tp.prune_conv_out_channels
        graph.get_pruning_group(theirs[place], way, idxs=gone).prune()
        ours = remove_channels(ours, place, gone)
    for (name, mine), other in zip(
        ours.state_dict().items(), theirs.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, other), name
    assert [str(part) for part in ours] == [str(part) for part in theirs]


def test_silent_channels_can_go(net: nn.Sequential) -> None:
    gone = list(range(0, 32, 3))
    quiet = silence(net, 4, gone)
    assert torch.allclose(quiet(IMAGES), remove_channels(quiet, 4, gone)(IMAGES), atol=1e-5)
    assert torch.equal(net(IMAGES), remove_channels(net, 4, [])(IMAGES))


def test_what_a_channel_touches(net: nn.Sequential) -> None:
    assert walk(net, 0) == [(0, "outputs"), (1, "norm"), (4, "inputs")]
    assert walk(net, 4) == [(4, "outputs"), (5, "norm"), (9, "inputs")]
    assert walk(net, 9) == [(9, "outputs"), (11, "inputs")]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([nn.Conv2d(1, 4, 3), nn.AvgPool2d(2)], "what does AvgPool2d do"),
        ([nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=4)], "what does Conv2d do"),
        ([nn.Conv2d(1, 4, 3), nn.Linear(4, 2)], "what does Linear do"),
        ([nn.Conv2d(1, 4, 3), nn.ReLU()], "nobody reads part 0"),
    ],
)
def test_what_it_does_not_know_is_refused(parts: list[nn.Module], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        walk(nn.Sequential(*parts), 0)


@pytest.mark.parametrize("gone", [[4], [-1], range(4)])
def test_what_is_not_there_and_everything_is_refused(gone: list[int]) -> None:
    with pytest.raises(ValueError, match="can't remove"):
        survivors(4, gone)


@pytest.mark.parametrize("bias", [2.0, -1.0])
def test_a_constant_goes_into_the_readers_bias(bias: float) -> None:
    set_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 6), nn.ReLU(), nn.Linear(6, 3))
    wider = with_constant_units(model, 4, bias)
    assert torch.allclose(wider(IMAGES), model(IMAGES), atol=1e-5)
    folded = fold_constant_units(wider, 1, 3)
    assert folded[1].out_features == 6
    assert torch.allclose(folded(IMAGES), model(IMAGES), atol=1e-5)


def test_a_layer_without_any_weight_keeps_one_unit() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 3), nn.ReLU(), nn.Linear(3, 2))
    with torch.no_grad():
        model[1].weight.zero_()
    folded = fold_constant_units(model, 1, 3)
    assert folded[1].out_features == 1
    assert torch.allclose(folded(IMAGES), model(IMAGES), atol=1e-6)


def test_two_of_each_four_stay_and_the_weakest_come_first() -> None:
    weight = torch.tensor([[0.3, 0.3, -0.3, 0.3, 0.0, 0.0, 0.0, -1.1]])
    assert mask_2_of_4(weight).reshape(-1, 4).sum(1).tolist() == [2, 2]
    assert mask_2_of_4(weight)[0, 7] == 1
    with pytest.raises(ValueError, match="groups of four"):
        mask_2_of_4(torch.ones(2, 6))
    assert weakest(torch.tensor([3.0, 1.0, 2.0, 1.0]), 3) == [1, 3, 2]
