"""The small networks: what is shipped trained, folding, and the runs of lesson 06 from there."""

import importlib.util

import pytest
import torch
from torch import nn

from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.measure import accuracy, count_parameters
from coursekit.nets.networks import depthwise_cnn, float_network, folded
from tests.conftest import ROOT


def test_the_depthwise_network_is_that_of_the_data_card():
    model = float_network("depthwise")
    assert not model.training
    assert count_parameters(model) == 4602
    assert abs(accuracy(model, *load_fashion_mnist().test.tensors()) - 0.847) < 0.002


def test_depthwise_convolutions_read_one_channel_each():
    convolutions = [layer for layer in depthwise_cnn() if isinstance(layer, nn.Conv2d)]
    alone = [layer for layer in convolutions if layer.groups > 1]
    assert len(alone) == 4
    for layer in alone:
        assert layer.groups == layer.in_channels == layer.out_channels
        assert layer.weight.shape[1:] == (1, 3, 3)


@pytest.mark.parametrize("name", ["cnn", "depthwise"])
def test_a_folded_network_computes_the_same_without_batch_norm(name):
    model, images = float_network(name), load_fashion_mnist().test.tensors()[0][:200]
    other = folded(model)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in other)
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in model)
    with torch.no_grad():
        assert torch.allclose(model(images), other(images), atol=1e-4)


def test_folding_takes_the_running_statistics_even_of_a_network_in_training():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)).train()
    model(torch.randn(8, 1, 5, 5))
    images = torch.randn(4, 1, 5, 5)
    other = folded(model)
    assert model.training
    with torch.no_grad():
        assert torch.allclose(model.eval()(images), other(images), atol=1e-5)


def test_the_runs_of_lesson_06_are_whole_and_begin_with_the_shipped_networks():
    table = load_results("qat")
    for network, name, seeds in (("mlp", "mlp", 5), ("depthwise", "depthwise", 3)):
        its = table[table.network == network]
        assert sorted(its.seed.unique()) == list(range(seeds))
        for _, run in its.groupby(["seed", "what", "bits", "lr"]):
            assert run.epoch.tolist() == list(range(len(run)))
        first = its[(its.what == "float") & (its.seed == 0) & (its.epoch == 0)]
        model = float_network(name)
        for part, images in (
            ("validation", load_fashion_mnist().train.hold_out(2000)[1]),
            ("test", load_fashion_mnist().test),
        ):
            assert abs(accuracy(model, *images.tensors()) - first[part].item()) < 0.002
    assert table[["validation", "test"]].stack().between(0, 1).all()
    assert (table.validation_anew.notna() == (table.network == "depthwise")).all()


def test_the_script_makes_the_runs_that_are_shipped():
    """It runs the lesson's own functions: what these are called must fit what it asks for."""
    spec = importlib.util.spec_from_file_location(
        "make_qat", ROOT / "course/06_quantization_aware_training/make_qat.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    its = script.page_functions(script.parts(), script.FURTHER)
    table = load_results("qat")
    for network, runs in (("mlp", script.mlp_runs), ("depthwise", script.depthwise_runs)):
        shipped = table[(table.network == network) & (table.seed == 0)]
        groups = dict(list(shipped.groupby(["what", "bits", "lr"])))
        model = float_network(network)
        asked = [script.Run(*parts) for parts in runs(its, model, 0)]
        if network == "mlp":
            asked += [*script.compared_runs(its, model), *script.sgd_runs(its, model)]
        assert sorted((run.what, run.bits, run.lr) for run in asked) == sorted(groups)
        for run in asked:
            validation = groups[run.what, run.bits, run.lr].validation.tolist()
            last = len(validation) - 1
            # It ends with its last epoch, or when so many in a row have brought nothing.
            best = validation.index(max(validation))
            assert last == run.epochs or (last < run.epochs and last - best == run.patience)


def test_the_controls_of_lesson_06_ended_before_the_search_did():
    table = load_results("qat")
    alone = table[table.what.str.endswith("biases alone")]
    best = alone.loc[alone.groupby(["what", "seed"]).validation.idxmax()]
    assert sorted(best.what.value_counts()) == [5, 5, 5, 5]
    assert (best.epoch < 40).all()
    assert table.changed.notna().equals(table.what.str.startswith("SGD"))
    frozen = table[table.what == "SGD, true derivative: 0"]
    assert (frozen.changed == 0).all()
