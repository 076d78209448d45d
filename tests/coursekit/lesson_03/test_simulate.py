"""Networks with other numbers inside: what changes, and what must not."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from coursekit.lesson_03 import simulate
from coursekit.lesson_03.simulate import after_relus, sqnr, with_activations, with_weights
from coursekit.nets.networks import lenet, small_cnn


def test_weights_of_linear_layers_change_and_nothing_else() -> None:
    model = small_cnn()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    changed = with_weights(model, lambda weight: weight * 2)
    for name, value in changed.state_dict().items():
        linear = name in ("7.weight", "9.weight")
        assert torch.equal(value, before[name] * 2 if linear else before[name]), name
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_what_leaves_a_relu_is_seen_and_changed() -> None:
    torch.manual_seed(0)
    model, images = lenet(), torch.rand(5, 1, 28, 28)
    first, second = after_relus(model, images)
    assert first.shape == (5, 300)
    assert second.shape == (5, 100)
    assert torch.equal(first, model[:3](images))
    same = with_activations(model, [torch.clone, torch.clone])
    assert torch.equal(same(images), model(images))
    dead = with_activations(model, [torch.clone, torch.zeros_like])
    assert torch.equal(dead(images), model[5].bias.expand(5, 10))
    assert isinstance(model[2], nn.ReLU), "the model itself must stay"
    with pytest.raises(ValueError, match="2 ReLUs, but 1 changes"):
        with_activations(model, [torch.clone])


def test_the_ratio_of_signal_and_noise() -> None:
    assert sqnr(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 5.0])) == pytest.approx(
        13.979, abs=1e-3
    )
    assert sqnr(torch.ones(3), torch.ones(3)) == math.inf
    assert sqnr(torch.tensor([1e30]), torch.tensor([1.1e30])) == pytest.approx(20, abs=0.01)
    with pytest.raises(ValueError, match="all values are 0"):
        sqnr(torch.zeros(3), torch.ones(3))


def test_trained_networks_are_the_same_each_time() -> None:
    [one], train, validation = simulate.trained_lenets(seeds=1, epochs=1)
    [other], *_ = simulate.trained_lenets(seeds=1, epochs=1)
    assert all(map(torch.equal, one.parameters(), other.parameters()))
    assert len(train[0]) == 8000
    assert len(validation[0]) == 2000
    assert not one.training
