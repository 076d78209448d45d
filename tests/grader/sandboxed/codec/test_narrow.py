"""Numbers that take more for equal than is: which are found, and what they come as."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from grader.sandboxed.codec.narrow import Narrow

NUMBERS = [np.float16(0.5), np.float32("inf"), np.full(200, 600, np.float16), np.float16("nan")]
TENSORS = [
    torch.tensor(44, dtype=torch.uint8),
    torch.tensor([7], dtype=torch.int32),
    torch.tensor(0.5, dtype=torch.bfloat16),
    torch.tensor(448.0).to(torch.float8_e4m3fn),
    torch.full((200,), 600.0, dtype=torch.half),
    torch.tensor(float("inf")),
]
AS_THEY_ARE = [
    np.float64(0.1),
    np.float32(0.1),
    np.int8(3),
    np.full(9, 0.5, np.float16),
    np.empty(0),
]
TENSORS_AS_THEY_ARE = [
    torch.tensor(0.1),
    torch.tensor(3),
    torch.tensor(True),
    # How many bytes they take may be what a test is about.
    torch.full((9,), 0.5, dtype=torch.half),
    torch.zeros(9, dtype=torch.uint8),
]


def name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


@pytest.mark.parametrize("number", NUMBERS)
def test_narrow_numbers_come_as_wide_ones_of_the_same_value(number):
    narrow = Narrow(set(), widens=True)
    got = narrow.array(np.asarray(number))
    assert narrow.found
    assert got.dtype.itemsize > number.dtype.itemsize
    assert np.array_equal(got, number, equal_nan=True)


@pytest.mark.parametrize("tensor", TENSORS)
def test_so_do_tensors(tensor):
    narrow = Narrow(set(), widens=True)
    got = narrow.tensor(torch, tensor, name(tensor))
    assert narrow.found
    assert got.dtype.itemsize > tensor.dtype.itemsize
    assert torch.equal(got.double(), tensor.double())


@pytest.mark.parametrize("number", AS_THEY_ARE)
def test_others_stay(number):
    narrow = Narrow(set(), widens=True)
    assert narrow.array(np.asarray(number)).dtype == number.dtype
    assert not narrow.found


@pytest.mark.parametrize("tensor", TENSORS_AS_THEY_ARE)
def test_and_so_do_other_tensors(tensor):
    narrow = Narrow(set(), widens=True)
    assert narrow.tensor(torch, tensor, name(tensor)) is tensor
    assert not narrow.found


def test_what_the_solution_has_stays():
    known: set[str] = set()
    Narrow(known, learns=True).array(np.asarray(np.float16(1)))
    narrow = Narrow(known, widens=True)
    assert narrow.array(np.asarray(np.float16(2))).dtype == np.float16
    assert not narrow.found


def test_they_stay_until_the_test_runs_again():
    narrow = Narrow(set())
    assert narrow.array(np.asarray(np.float16(2))).dtype == np.float16
    assert narrow.found


def test_columns_come_as_plain_ones():
    column = pd.Series([1, 2], dtype="Int64")
    assert Narrow(set(), widens=True).column(column, "Int64").dtype == np.int64
