"""Gradual pruning: what later lessons use is what lesson 09 built."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch

from authoring.source.definitions import definitions
from coursekit.lesson_15.gradual import (
    batches,
    cubic,
    global_masks,
    linears,
    prunable,
    stack,
    train_gradually,
)
from coursekit.nets.networks import lenet
from coursekit.nets.train import set_seed
from tests.conftest import ROOT

LESSON = ROOT / "course" / "09_when_and_how_much" / "lesson.py"


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_it_trains_and_prunes_as_lesson_09_does(share: float) -> None:
    its = definitions(LESSON)
    set_seed(0)
    images = torch.rand(1000, 1, 28, 28), torch.randint(10, (1000,))
    models = []
    for train in ("ours", "lesson"):
        set_seed(1)
        if train == "ours":
            models.append(train_gradually(lenet(), images, 4, 0.003, share, seed=2))
        else:
            plan = partial(its["cubic"], share) if share else None
            models.append(its["train_on_plan"](lenet(), images, 4, 0.003, plan, seed=2))
    for one, other in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    zeros = sum(int((weight == 0).sum()) for weight in prunable(models[0]))
    assert zeros == round(share * 266_200)


def test_the_climb_and_the_masks_are_those_of_lesson_09() -> None:
    its = definitions(LESSON)
    for done in (0.0, 0.1, 0.3, 0.5, 0.7, 1.0):
        assert cubic(0.9, done) == its["cubic"](0.9, done)
    weights = [torch.randn(4, 6), torch.randn(3, 4)]
    for one, other in zip(
        global_masks(weights, 0.7), its["global_masks"](weights, 0.7), strict=True
    ):
        assert torch.equal(one, other)


def test_every_image_is_seen_once_an_epoch() -> None:
    steps = list(batches(150, 2, seed=3))
    assert [done for done, _ in steps] == [step / 6 for step in range(6)]
    for epoch in (steps[:3], steps[3:]):
        assert sorted(torch.cat([batch for _, batch in epoch]).tolist()) == list(range(150))
    assert not torch.equal(steps[0][1], steps[3][1])


def test_a_stack_of_the_shapes_of_lenet_is_lenet() -> None:
    shapes = [(layer.out_features, layer.in_features) for layer in linears(lenet())]
    assert shapes == [(300, 784), (100, 300), (10, 100)]
    set_seed(0)
    made = stack(shapes)
    set_seed(0)
    for one, other in zip(made.state_dict().items(), lenet().state_dict().items(), strict=True):
        assert one[0] == other[0]
        assert torch.equal(one[1], other[1])
    assert sum(math.prod(shape) for shape in shapes) == 266_200
