"""What lesson 14 trains with, and what its table and its teacher are."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from authoring.source.definitions import definitions
from coursekit.lesson_14 import distilled as taught
from coursekit.lesson_14.distilled import (
    MOVES,
    by_rate,
    chosen,
    compared,
    points,
    shifted,
    shuffled_wrong,
    two_thin,
)
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.measure import accuracy, count_parameters
from coursekit.nets.networks import float_network, student_mlp, teacher_cnn
from coursekit.nets.train import learn
from tests.conftest import ROOT


def test_images_are_moved_by_a_pixel_and_what_comes_in_is_background():
    images = torch.rand(3, 1, 28, 28) + 0.1
    views = shifted(images)
    assert views.shape == (len(MOVES), 3, 1, 28, 28)
    still, up, down, left, right = views
    assert torch.equal(still, images)
    assert torch.equal(up[..., :-1, :], images[..., 1:, :])
    assert torch.equal(down[..., 1:, :], images[..., :-1, :])
    assert torch.equal(left[..., :-1], images[..., 1:])
    assert torch.equal(right[..., 1:], images[..., :-1])
    for view, edge in ((up, up[..., -1, :]), (right, right[..., 0])):
        assert not edge.any()
        assert int((view == 0).sum()) == 3 * 28
    assert torch.equal(shifted(images, pixels=2)[1][..., :-2, :], images[..., 2:, :])


def trained(seed: int, lr: float = 0.01, epochs: int = 3) -> tuple[nn.Linear, list[torch.Tensor]]:
    """A small layer that learns, and the batches that it was asked about."""
    torch.manual_seed(0)
    model, x = nn.Linear(4, 3), torch.randn(50, 4)
    model.bias.requires_grad_(False)
    asked = []

    def loss(batch: torch.Tensor) -> torch.Tensor:
        assert model.training
        asked.append(batch)
        return F.cross_entropy(model(x[batch]), batch % 3)

    learn(model, loss, 50, epochs=epochs, lr=lr, batch_size=16, seed=seed)
    return model, asked


def test_learning_sees_each_example_once_per_epoch_in_an_order_of_the_seed():
    model, asked = trained(0)
    assert not model.training
    assert [len(batch) for batch in asked] == 3 * [16, 16, 16, 2]
    for epoch in range(3):
        seen = torch.cat(asked[4 * epoch : 4 * epoch + 4])
        assert torch.equal(seen.sort().values, torch.arange(50))
    again, other = trained(0), trained(1)
    assert all(torch.equal(a, b) for a, b in zip(asked, again[1], strict=True))
    assert torch.equal(model.weight, again[0].weight)
    assert not torch.equal(asked[0], other[1][0])


def test_learning_moves_what_requires_a_gradient_and_slows_down_to_nothing():
    before, _ = trained(0, lr=0.0)
    after, _ = trained(0)
    assert torch.equal(before.bias, after.bias)
    assert not torch.equal(before.weight, after.weight)
    torch.manual_seed(0)
    model = nn.Linear(1, 1, bias=False)
    path = []

    def loss(batch: torch.Tensor) -> torch.Tensor:
        path.append(model.weight.item())
        return 100 * model.weight.sum()

    learn(model, loss, 100, epochs=1, lr=0.1, batch_size=1)
    steps = [a - b for a, b in itertools.pairwise(path)]
    assert abs(steps[0] - 0.1) < 1e-4
    assert all(a > b for a, b in itertools.pairwise(steps))
    assert steps[-1] < 0.001


def test_the_teacher_is_that_of_the_data_card():
    teacher = float_network("teacher")
    assert not teacher.training
    assert count_parameters(teacher) == count_parameters(teacher_cnn()) == 29_178
    assert abs(accuracy(teacher, *load_fashion_mnist().test.tensors()) - 0.8725) < 0.002
    assert count_parameters(student_mlp()) == 785 * 32 + 330


def test_the_table_has_five_seeds_of_everything():
    table = load_results("taught")
    keys = ["part", "way", "size", "epochs", "lr"]
    assert not table.duplicated([*keys, "seed"]).any()
    for _, rows in table.groupby(keys):
        assert sorted(rows.seed) == list(range(5))
    assert table[["validation", "test"]].stack().between(0, 1).all()
    assert table.macs.notna().equals(table.part == "factored")
    with_adapters = table.way.isin(["residual", "zero", "loftq", "residual and biases"])
    assert table.merged.notna().equals(with_adapters)
    trained = table[table.epochs > 0]
    # Whatever is trained has had three learning rates or more, and what is compared the same.
    assert trained.groupby(keys[:-1]).lr.nunique().min() >= 3
    rates = trained.groupby(["part", "way", "size"]).lr.agg(lambda its: frozenset(its))
    assert rates["factored"].groupby("way").nunique().max() == 1
    assert len({rates["factored", way, 16] for way in ("plain", "aware", "units")}) == 1
    students = rates["taught"].map(lambda its: its - {0.001})
    assert students.nunique() == 1
    # Each control has as many MACs as the factored network that it stands beside.
    macs = table[table.part == "factored"].groupby(["size", "way"]).macs.first()
    for rank in (4, 8, 16, 32):
        for way in ("units", "small"):
            assert 0.998 < macs[rank, way] / macs[rank, "plain"] < 1.05


def test_shuffling_keeps_the_first_choice_and_deals_the_others_anew():
    torch.manual_seed(0)
    logits = torch.randn(200, 10)
    kept = logits.clone()
    dealt = shuffled_wrong(logits)
    assert torch.equal(logits, kept)
    assert torch.equal(dealt.argmax(1), logits.argmax(1))
    assert torch.equal(dealt.amax(1), logits.amax(1))
    assert torch.equal(dealt.sort(1).values, logits.sort(1).values)
    stays = (dealt == logits).sum() - 200
    assert 100 < stays < 300  # one of nine, by chance
    assert torch.equal(dealt, shuffled_wrong(logits))


def test_two_thin_layers_compute_their_product_and_the_bias():
    torch.manual_seed(0)
    layer, left, right = nn.Linear(5, 4), torch.randn(4, 2), torch.randn(2, 5)
    pair, x = two_thin(layer, left, right), torch.randn(7, 5)
    assert torch.allclose(pair(x), x @ (left @ right).T + layer.bias, atol=1e-5)
    assert [tuple(part.weight.shape) for part in pair] == [(2, 5), (4, 2)]
    assert pair[0].bias is None
    before = layer.bias.detach().clone()
    with torch.no_grad():
        pair[1].bias.add_(1)
    assert torch.equal(layer.bias, before)


def some_runs() -> pd.DataFrame:
    """Two ways with two rates; the better one on validation images is the worse one on test."""
    rows = []
    for way, lr, validation, test in (
        ("a", 0.1, 0.8, 0.70),
        ("a", 0.2, 0.9, 0.60),
        ("b", 0.1, 0.9, 0.62),
        ("b", 0.2, 0.8, 0.90),
    ):
        for seed in (4, 3, 2, 1, 0):
            off = 0.01 * seed * (1 if way == "a" else -1)
            row = {"part": "p", "way": way, "size": 0.0, "epochs": 5, "lr": lr, "seed": seed}
            rows.append(row | {"validation": validation, "test": test + off, "agree": 0.5})
    rows.append(rows[0] | {"size": 1.0, "test": 0.1})
    rows += [rows[s] | {"epochs": 0, "validation": 1.0, "test": 0.2} for s in range(5)]
    return pd.DataFrame(rows)


def test_the_rate_is_chosen_on_validation_images_and_seeds_are_pairs(monkeypatch):
    monkeypatch.setattr(taught, "load_results", lambda name: {"taught": some_runs()}[name])
    one, other = chosen("p", "a", epochs=5), chosen("p", "b")
    assert one.index.tolist() == [0, 1, 2, 3, 4]
    assert set(one.lr) == {0.2}
    assert one.test.tolist() == pytest.approx([0.6, 0.61, 0.62, 0.63, 0.64])
    assert chosen("p", "a").test.tolist() == [0.2] * 5
    mean, half = points(one, other)
    differences = 100 * np.array([-0.02, 0, 0.02, 0.04, 0.06])
    assert mean == pytest.approx(differences.mean())
    assert half == pytest.approx(2.776 * differences.std(ddof=1) / 5**0.5)
    assert set(chosen("p", "b", epochs=5, lr=0.2).validation) == {0.8}
    pairs = by_rate({"a less b": (("a", 0), ("b", 0))}, (0.1, 0.2), "p")
    assert pairs.columns.tolist() == ["both 0.1", "both 0.2", "each its best"]
    assert pairs["both 0.2"].iloc[0].startswith("-26.0 ± ")
    table = compared({"first": ("b", 0), "second": ("b", 0)}, "p")
    assert table.index.tolist() == ["first", "second"]
    assert table["less the first"].tolist() == ["", "+0.0 ± 0.0"]
    assert table.rate.tolist() == ["0.1", "0.1"]


def test_the_script_finds_what_it_runs_in_the_lesson():
    """It runs the lesson's own functions: what these are called must fit what it asks for."""
    folder = ROOT / "course" / "14_taught_and_factored"
    its = definitions(folder / "lesson.py")
    text = (folder / "make_taught.py").read_text(encoding="utf-8")
    asked = set(re.findall(r'its\["(\w+)"\]', text))
    assert {"distillation_loss", "factored", "adapted", "Adapted"} == asked
    assert asked <= its.keys()
