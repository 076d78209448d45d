"""What layers cost, against PyTorch's own count, and the roof of a machine."""

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from coursekit.nets.costs import LayerCost, Machine, draw_roof, layer_costs, peak_activations
from coursekit.nets.measure import Latency, count_macs, count_parameters, slowest
from coursekit.nets.networks import batch_norm_cnn, six_for_one_job, small_cnn
from coursekit.pictures.plot import figure


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("name", list(six_for_one_job()))
def test_costs_add_up_to_what_pytorch_counts(name, images):
    model = six_for_one_job()[name]
    inputs = torch.rand(images, 1, 28, 28)
    costs = layer_costs(model, inputs)
    assert sum(cost.macs for cost in costs) == count_macs(model, inputs)
    assert sum(cost.parameters for cost in costs) == count_parameters(model)
    assert sum(cost.weights for cost in costs) == 4 * count_parameters(model)


def test_the_six_are_what_the_lesson_says():
    models = six_for_one_job()
    for dense, pruned in zip(models["wide"][1::2], models["wide, pruned"][1::2], strict=True):
        kept = pruned.weight != 0
        assert float((~kept).float().mean()) == pytest.approx(0.9, abs=1e-3)
        assert torch.equal(dense.weight[kept], pruned.weight[kept])
        assert torch.equal(dense.bias, pruned.bias)
    assert len(layer_costs(models["thin and deep"], torch.rand(1, 1, 28, 28))) == 121
    assert not any(model.training for model in models.values())


def test_inputs_and_outputs_grow_with_the_batch_and_weights_do_not():
    layer = nn.Linear(6, 3)
    [one], [four] = (layer_costs(layer, torch.rand(n, 6)) for n in (1, 4))
    assert (one.weights, one.activations, one.moved) == (84, 36, 120)
    assert (four.weights, four.activations) == (84, 4 * 36)
    assert four.intensity == pytest.approx(2 * 4 * 18 / (84 + 144))


@pytest.mark.parametrize("count", [layer_costs, count_macs, peak_activations])
def test_each_part_of_a_model_keeps_its_own_mode(count):
    model = batch_norm_cnn().train()
    frozen = model[1].eval()
    count(model, torch.rand(2, 1, 28, 28))
    assert [part for part in model.modules() if not part.training] == [frozen]


def test_counting_leaves_the_model_as_it_was():
    model = batch_norm_cnn().train()
    before = {name: values.clone() for name, values in model.state_dict().items()}
    layer_costs(model, torch.rand(2, 1, 28, 28))
    assert model.training
    assert not any(layer._forward_hooks for layer in model.modules())
    assert all(torch.equal(values, before[name]) for name, values in model.state_dict().items())
    with pytest.raises(RuntimeError):
        layer_costs(model, torch.rand(2, 5, 28, 28))
    assert model.training
    assert not any(layer._forward_hooks for layer in model.modules())


@pytest.mark.parametrize("images", [1, 5])
def test_the_peak_is_a_layers_input_and_output_and_the_images_that_are_held(images):
    inputs = torch.rand(images, 1, 28, 28)
    for model in (six_for_one_job()["CNN"], small_cnn()):
        largest = max(cost.activations for cost in layer_costs(model, inputs))
        assert peak_activations(model, inputs) == largest + inputs.nbytes


def test_the_peak_of_a_first_layer_counts_the_images_once():
    inputs = torch.rand(8, 100)
    assert peak_activations(nn.Linear(100, 2), inputs) == inputs.nbytes + 8 * 2 * 4


def test_the_longer_of_both_times_decides_and_calls_cost():
    machine = Machine(peak=100, bandwidth=10, overhead=5)
    assert machine.ridge == 10
    slow = LayerCost("moves", 0, 50, 40, 40)  # 100 FLOPs, 1 s; 80 bytes, 8 s
    busy = LayerCost("computes", 0, 500, 10, 10)  # 1000 FLOPs, 10 s; 20 bytes, 2 s
    assert machine.least_time([slow]) == 13
    assert machine.least_time([busy]) == 15
    assert machine.least_time([slow, busy]) == 28
    assert machine.least_time([]) == 0


def test_the_roof_rises_to_the_ridge_and_is_flat_from_there():
    fig, ax = figure()
    draw_roof(ax, Machine(peak=8e9, bandwidth=2e9), low=1, high=64)
    x, y = (values.tolist() for values in ax.lines[0].get_data())
    plt.close(fig)
    assert (x[0], y[0], y[-1]) == pytest.approx((1, 2, 8))
    assert all(speed == pytest.approx(min(2 * at, 8)) for at, speed in zip(x, y, strict=True))


def time(low, middle, high):
    return Latency((low, low, middle, high, high), 1, "shuffled")


def test_what_cannot_be_told_from_the_slowest_is_named_too():
    times = {"a": time(1, 2, 3), "b": time(2.5, 4, 5), "c": time(3.5, 4.5, 6), "d": time(8, 9, 10)}
    assert slowest(times) == ("d",)
    assert slowest({name: times[name] for name in "abc"}) == ("b", "c")


def test_what_the_lesson_says_of_silence_is_so():
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        torch.rand(8, 8) @ torch.rand(8)
    assert counter.get_total_flops() == 0


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("gradients", [False, True])
def test_attention_is_silent_in_evaluation_mode_without_gradients_only(training, gradients):
    attention = nn.MultiheadAttention(64, 4, batch_first=True).train(training)
    tokens = torch.rand(1, 16, 64)
    with FlopCounterMode(display=False) as counter, torch.set_grad_enabled(gradients):
        attention(tokens, tokens, tokens)
    assert counter.get_total_flops() == (589_824 if training or gradients else 0)
