"""What exercise 03 asks to be diagnosed: each fault can be seen, and no code names it."""

from __future__ import annotations

import torch

from coursekit.lesson_03.diagnose import five_layers
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


def test_the_exercise_does_not_hold_what_gives_it_away():
    exercise = (ROOT / "exercises/03_choosing_the_range/03_choosing_the_range.ipynb").read_text()
    assert not [
        word for word in ("torch.randn(40", "_far", "_short", "_positive") if word in exercise
    ]
