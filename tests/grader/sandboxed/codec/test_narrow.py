"""Numbers that take more for equal than is: which are found, and what they come as."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from grader.sandboxed.codec.narrow import Narrow, asks_for_nan

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


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex128])
def test_what_is_no_number_comes_as_an_endless_one(dtype):
    narrow = Narrow(set(), widens=True)
    got = narrow.numbers(np.array([1, np.nan], dtype))
    assert narrow.found
    assert got.dtype == dtype
    assert got[0] == 1
    assert np.isinf(got[1])
    assert np.isinf(narrow.number(float("nan")))


@pytest.mark.parametrize("dtype", [torch.half, torch.float32, torch.float64, torch.float8_e4m3fn])
def test_so_does_one_in_a_tensor(dtype):
    narrow = Narrow(set(), widens=True)
    tensor = torch.tensor([1, torch.nan]).to(dtype)
    got = narrow.tensor(torch, tensor, name(tensor)).double()
    assert narrow.found
    assert got[0] == 1
    assert torch.isinf(got[1])


def test_some_of_a_column_may_be_missing():
    narrow = Narrow(set(), widens=True)
    narrow.in_table = True
    some = np.array([1, 2, np.nan])
    assert narrow.numbers(some) is some
    assert np.isnan(narrow.number(float("nan")))
    assert not narrow.found
    assert np.isinf(narrow.numbers(np.array([1, np.nan, np.nan]))).any()


@pytest.mark.parametrize(
    ("source", "asks"),
    [
        ("assert f([]) is None or math.isnan(f([]))", True),
        ("assert np.nanmax(f(x)) < 1", True),
        ("assert df.isna().sum().sum() == 0", True),
        ("assert abs(f(finance) - 3) < 1e-6", False),
        ("assert not (abs(nano(x)) > 1).any()", False),
    ],
)
def test_a_test_may_say_itself_what_comes_of_what_is_no_number(source, asks):
    assert asks_for_nan(source) == asks
