"""What exercise 04 asks to be diagnosed: each fault can be seen, and no code names it."""

from __future__ import annotations

import numpy as np

from coursekit.lesson_04.diagnose import three_colleagues
from tests.conftest import ROOT


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


def test_the_exercise_does_not_hold_what_gives_it_away():
    exercise = (ROOT / "exercises/04_integer_arithmetic/04_integer_arithmetic.ipynb").read_text()
    words = ("clip=False", "half=False", "colleague(")
    assert not [word for word in words if word in exercise]
