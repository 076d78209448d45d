"""What exercises ask to be diagnosed: each fault can be seen, and no code names it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from coursekit.diagnose import five_layers, three_colleagues, three_students
from tests.conftest import ROOT


def test_each_of_five_layers_shows_one_finding():
    layers = five_layers()
    assert sorted(layers) == [*"ABCDE"]
    largest = {name: codes.abs().amax(1) for name, codes in layers.items()}
    ends = {name: float((codes.abs() == 127).float().mean()) for name, codes in layers.items()}
    median = {name: float(codes.float().abs().median()) for name, codes in layers.items()}
    seen = {
        "one-sided": [n for n, codes in layers.items() if codes.min() >= 0],
        "too short": [n for n in layers if ends[n] > 0.2],
        "one scale": [n for n in layers if largest[n].min() < 20],
        "too long": [n for n in layers if largest[n].min() == 127 and median[n] < 5],
    }
    assert all(len(found) == 1 for found in seen.values())
    assert len({name for found in seen.values() for name in found}) == 4  # the fifth is fine
    assert all(codes.dtype == torch.int8 and codes.shape == (40, 500) for codes in layers.values())
    assert all(torch.equal(codes, layers[name]) for name, codes in five_layers().items())


def test_each_of_three_colleagues_shows_one_mistake():
    right, theirs = three_colleagues()
    off = {name: made - right for name, made in theirs.items()}
    assert sorted(off) == [*"ABC"]
    inside = (right > -128) & (right < 127)
    rounded_down = [n for n, gap in off.items() if set(np.unique(gap[inside])) == {-1.0, 0.0}]
    not_clipped = [n for n, gap in off.items() if not gap[inside].any() and gap.any()]
    bands = [name for name, gap in off.items() if 1 < np.abs(gap[inside]).max() < 10]
    assert len(rounded_down) == len(not_clipped) == len(bands) == 1
    assert {*rounded_down, *not_clipped, *bands} == {*"ABC"}


@pytest.mark.parametrize(
    ("lesson", "words"),
    [
        ("03_choosing_the_range", ("torch.randn(40", "_far", "_short", "_positive")),
        ("04_integer_arithmetic", ("clip=False", "half=False", "colleague(")),
    ],
)
def test_no_exercise_holds_what_gives_it_away(lesson, words):
    exercise = (ROOT / "exercises" / lesson / f"{lesson}.ipynb").read_text()
    assert not [word for word in words if word in exercise]


def test_each_of_three_students_can_be_told_from_the_others():
    teacher, students = three_students()
    assert sorted(students) == [*"ABC"]
    assert {tuple(logits.shape) for logits in (teacher, *students.values())} == {(500, 10)}

    def wrong(logits: torch.Tensor) -> torch.Tensor:
        others = torch.ones_like(teacher, dtype=torch.bool)
        others.scatter_(1, teacher.argmax(1, keepdim=True), value=False)
        values = logits[others].reshape(500, 9)
        return (values - values.mean(1, keepdim=True)).flatten()

    like = {
        name: float(torch.cosine_similarity(wrong(logits), wrong(teacher), dim=0))
        for name, logits in students.items()
    }
    first, second, third = sorted(like, key=lambda name: like[name])
    assert like[third] > like[second] + 0.1 > like[first] + 0.2
    assert students[first].std() < 0.5 * students[second].std()
