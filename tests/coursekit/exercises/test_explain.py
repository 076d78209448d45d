import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit import explain
from coursekit.exercises.explain import NEUTRAL

HINTS = {1000: "the share that goes", 0.25: "per cent", "relu": "the name", True: "a yes"}


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1000, "the share that goes"),
        (1000.0, "the share that goes"),
        (np.int64(1000), "the share that goes"),
        (torch.tensor(1000), "the share that goes"),
        (1000.0005, "the share that goes"),
        (np.float32(0.25), "per cent"),
        (torch.tensor([0.25]), "per cent"),
        ("relu", "the name"),
        (True, "a yes"),
    ],
)
def test_a_known_wrong_value_earns_its_hint(value, hint):
    assert explain(value, HINTS) == hint


@pytest.mark.parametrize(
    "value",
    [
        4000,
        1000.01,
        -1000,
        "1000",
        "Relu",
        None,
        False,
        1,  # equals True in Python, but nobody meant it
        float("nan"),
        [1000],
        np.array([1000, 1000]),
        torch.tensor([0.25, 0.25]),
        object(),
    ],
)
def test_any_other_value_earns_the_neutral_sentence(value):
    assert explain(value, HINTS) == NEUTRAL


def test_the_neutral_sentence_can_be_another():
    assert explain(3, HINTS, otherwise="Look at part 2.") == "Look at part 2."


def test_a_number_is_not_taken_for_a_truth_value():
    assert explain(True, {1: "one"}) == NEUTRAL
    assert explain(1, {True: "yes"}) == NEUTRAL


def test_of_two_hints_that_match_the_first_counts():
    assert explain(2.0, {2: "first", 2.0000001: "second"}) == "first"


def test_a_value_that_refuses_to_be_compared_matches_nothing():
    class Refuses:
        def __eq__(self, other):
            raise RuntimeError("no")

        __hash__ = None

        def __sub__(self, other):
            raise RuntimeError("no")

    assert explain(Refuses(), HINTS) == NEUTRAL


def test_zero_matches_zero_alone():
    assert explain(0.0, {0: "none"}) == "none"
    assert explain(1e-9, {0: "none"}) == NEUTRAL


@given(st.floats(allow_nan=False, allow_infinity=False, width=32).filter(lambda x: abs(x) > 1e-30))
def test_a_number_that_went_through_float32_still_matches(number):
    assert explain(np.float32(number), {number: "hint"}) == "hint"
    assert explain(2 * number, {number: "hint"}) == NEUTRAL
