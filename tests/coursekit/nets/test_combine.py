import copy
import math

import numpy as np
import pytest
import torch

from coursekit.nets import combine
from coursekit.nets.combine import Network, prune_weights, quantize, remove_units
from coursekit.nets.measure import count_macs


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Network((12, 7))


@pytest.fixture
def images():
    return torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(1))


def count_weights(model):
    return sum(layer.weight.numel() for layer in model.layers)


def zeros(model):
    return sum(int((layer.used() == 0).sum()) for layer in model.layers)


def test_a_new_network_is_a_plain_one(model, images):
    first, second, third = model.layers
    hidden = torch.relu(first.weight @ images.flatten(1).t() + first.bias[:, None])
    hidden = torch.relu(second.weight @ hidden + second.bias[:, None])
    by_hand = (third.weight @ hidden + third.bias[:, None]).t()
    assert torch.allclose(model(images), by_hand, atol=1e-5)
    assert model.hidden == (12, 7)
    assert count_weights(model) == count_macs(model, images[:1]) == 784 * 12 + 12 * 7 + 7 * 10
    assert combine.hidden_units(0.25) == (75, 25)


@pytest.mark.parametrize("share", [0.0, 0.37, 1.0])
def test_exactly_the_share_goes_and_the_smallest(model, share):
    before = torch.cat([layer.weight.detach().abs().flatten() for layer in model.layers])
    prune_weights(model, share)
    masks = torch.cat([layer.mask.flatten() for layer in model.layers])
    assert int((masks == 0).sum()) == round(share * len(masks))
    kept, gone = before[masks == 1], before[masks == 0]
    assert not len(kept) or not len(gone) or kept.min() >= gone.max()


def test_ties_are_broken_by_chance_and_what_went_stays_gone(model):
    with torch.no_grad():
        for layer in model.layers:
            layer.weight.fill_(0.5)
    other = copy.deepcopy(model)
    prune_weights(model, 0.5, seed=1)
    prune_weights(other, 0.5, seed=2)
    assert zeros(model) == zeros(other) == round(0.5 * count_weights(model))
    assert not torch.equal(model.layers[0].mask, other.layers[0].mask)
    gone = model.layers[0].mask == 0
    prune_weights(model, 0.6, seed=5)
    assert (model.layers[0].mask[gone] == 0).all()
    assert zeros(model) == round(0.6 * count_weights(model))


def test_training_keeps_the_zeros_and_the_levels(model, images):
    prune_weights(model, 0.6)
    quantize(model, 4)
    steps = [layer.steps.clone() for layer in model.layers]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(images).square().sum().backward()
    before = model.layers[0].weight.detach().clone()
    optimizer.step()
    assert not torch.equal(model.layers[0].weight, before)
    for layer, step in zip(model.layers, steps, strict=True):
        assert (layer.used()[layer.mask == 0] == 0).all()
        assert torch.equal(layer.steps, step)
        assert layer.codes().abs().max() <= 7
        assert torch.allclose(layer.used(), layer.codes() * step, atol=1e-6)


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_the_step_of_a_row_is_no_worse_than_the_widest(model, bits):
    weights = [layer.weight.detach().clone() for layer in model.layers]
    quantize(model, bits)
    top = 2 ** (bits - 1) - 1
    for layer, weight in zip(model.layers, weights, strict=True):
        step = weight.abs().amax(1, keepdim=True) / top
        widest = ((weight / step).round() * step - weight).square().sum(1)
        assert ((layer.used() - weight).square().sum(1) <= widest * 1.0001).all()
        assert layer.codes().unique().numel() <= 2 * top + 1


def test_a_row_of_zeros_stays_zero(model):
    with torch.no_grad():
        model.layers[0].weight[3] = 0
    quantize(model, 4)
    assert (model.layers[0].used()[3] == 0).all()
    assert torch.isfinite(model.layers[0].used()).all()


def test_removed_units_that_were_silent_change_nothing(model, images):
    with torch.no_grad():
        for layer in model.layers[:2]:
            layer.weight[: layer.out_features // 2] = 0
            layer.bias[: layer.out_features // 2] = -1
    smaller = remove_units(model, 0.5)
    assert smaller.hidden == (6, 4)
    assert torch.allclose(smaller(images), model(images), atol=1e-5)
    assert model.hidden == (12, 7)


def test_removing_units_takes_masks_steps_and_bits_along(model):
    prune_weights(model, 0.3)
    quantize(model, 8)
    smaller = remove_units(model, 0.5)
    kept = model.layers[0].used().abs().sum(1).topk(6).indices.sort().values
    assert torch.equal(smaller.layers[0].used(), model.layers[0].used()[kept])
    assert [layer.bits for layer in smaller.layers] == [8, 8, 8]
    assert smaller.layers[2].out_features == 10


def test_the_file_has_the_bytes_that_can_be_counted(model):
    weights, rows = count_weights(model), 12 + 7 + 10
    assert len(combine.encode(model)) == 4 * (weights + rows)
    assert np.frombuffer(combine.encode(model)[:4], "<f4")[0] == model.layers[0].weight[0, 0]
    quantize(model, 4)
    packed = sum(math.ceil(layer.weight.numel() / 2) for layer in model.layers)
    assert len(combine.encode(model)) == packed + 8 * rows
    first = combine.encode(model)[0] & 15
    assert first - 8 == int(model.layers[0].codes()[0, 0])
    assert combine.zipped(bytes(1000)) < 50


def test_packing_puts_the_lowest_bits_first():
    assert combine.pack(np.array([1, 0, 3, 2, 1]), 2) == bytes([0b10110001, 0b01])
    assert combine.pack(np.array([], int), 3) == b""
    with pytest.raises(ValueError, match="2 bits hold 0 to 3"):
        combine.pack(np.array([4]), 2)
    with pytest.raises(ValueError, match="hold 0"):
        combine.pack(np.array([-1]), 2)


def test_entropy_of_what_can_be_counted_by_hand(model):
    rows = 12 + 7 + 10
    with torch.no_grad():
        for layer in model.layers:
            layer.weight.fill_(0.25)
            layer.weight.view(-1)[::2] = 0
            layer.bias.zero_()
    half_zero = sum(layer.weight.numel() / 8 for layer in model.layers)
    values = sum(4 * (layer.weight.numel() // 2) for layer in model.layers)
    assert combine.entropy_bytes(model) == pytest.approx(half_zero + values + 4 * rows, rel=1e-3)
    quantize(model, 8)
    assert combine.entropy_bytes(model) == pytest.approx(half_zero + 8 * rows, rel=1e-3)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_what_is_no_share_is_refused(model, share):
    for act in (prune_weights, remove_units):
        with pytest.raises(ValueError, match="between 0 and 1"):
            act(model, share)


def test_what_is_no_number_of_bits_is_refused(model):
    for bits in (1, 9, 16):
        with pytest.raises(ValueError, match="2 to 8 bits"):
            quantize(model, bits)
    quantize(model, 32)
    assert model.layers[0].bits == 32
    with pytest.raises(ValueError, match="not quantized"):
        model.layers[0].codes()


def test_steps_are_searched_again_for_weights_that_have_grown(model):
    prune_weights(model, 0.5)
    quantize(model, 4)
    before = [layer.steps.clone() for layer in model.layers]
    combine.search_again(model)
    # Nothing has moved: the weights count, and not the levels to which they are rounded.
    assert all(
        torch.equal(layer.steps, old) for layer, old in zip(model.layers, before, strict=True)
    )
    with torch.no_grad():
        for layer in model.layers:
            layer.weight *= 3
    clipped = [layer.codes().abs().max() for layer in model.layers]
    combine.search_again(model)
    for layer, old in zip(model.layers, before, strict=True):
        assert torch.allclose(layer.steps, 3 * old)
        assert layer.bits == 4
    assert max(clipped) == 7
