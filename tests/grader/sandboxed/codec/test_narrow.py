"""Numbers that take more for equal than is: which are found, and what they come as."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from grader.sandboxed.codec.narrow import Narrow, asks_for_nan

NUMBERS = [
    np.float16(0.5),
    np.float32("inf"),
    np.full(200, 600, np.float16),
    np.float16("nan"),
    np.array([3, 1], np.uint8),
    np.int8(12),
    np.full(2, -50_000, np.int32),
]
TENSORS = [
    torch.tensor(44, dtype=torch.uint8),
    torch.tensor([7], dtype=torch.int32),
    torch.tensor(0.5, dtype=torch.bfloat16),
    torch.tensor(448.0).to(torch.float8_e4m3fn),
    torch.full((200,), 600.0, dtype=torch.half),
    torch.tensor([44, 3], dtype=torch.uint8),
    torch.tensor([44, 3], dtype=torch.int8),
]
AS_THEY_ARE = [
    np.float64(0.1),
    np.float32(0.1),
    np.int8(3),
    np.int64(3_037_000_499),
    np.full(2, 46_340, np.int32),
    np.full(9, 0.5, np.float16),
    np.empty(0),
]
TENSORS_AS_THEY_ARE = [
    torch.tensor(0.1),
    torch.tensor(3),
    torch.tensor(True),
    # How many bytes they take may be what a test is about.
    torch.full((9,), 0.5, dtype=torch.half),
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


def test_large_numbers_without_a_sign_come_as_what_does_not_wrap_round():
    tensor = torch.full((2,), 3_500_000_000, dtype=torch.int64).to(torch.uint64)
    got = Narrow(set(), widens=True).tensor(torch, tensor, "uint64")
    assert ((got - 1) ** 2).min() > 1e19


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
def test_what_is_no_number_comes_as_a_very_large_one(dtype):
    narrow = Narrow(set(), widens=True)
    got = narrow.numbers(np.array([1, np.nan], dtype))
    assert narrow.found
    assert got.dtype == dtype
    assert got[0] == 1
    assert np.isfinite(got[1])
    assert got[1].real > 6e4
    assert narrow.number(float("nan")) == 1e150


@pytest.mark.parametrize("dtype", [torch.half, torch.float32, torch.float64, torch.float8_e4m3fn])
def test_so_does_one_in_a_tensor(dtype):
    narrow = Narrow(set(), widens=True)
    tensor = torch.tensor([1, torch.nan]).to(dtype)
    got = narrow.tensor(torch, tensor, name(tensor)).double()
    assert narrow.found
    assert got[0] == 1
    assert torch.isfinite(got[1])
    assert got[1] > 6e4


def test_so_do_text_and_bytes_of_which_python_makes_one():
    narrow = Narrow(set(), widens=True)
    for text in ("nan", " NaN\n", "nan" + " " * 20):
        assert float(narrow.text(text)) == 1e150
        assert float(narrow.octets(text.encode())) == 1e150
    assert (narrow.numbers(np.array([b"nan", b"1"])).astype(float) == [1e150, 1]).all()
    assert narrow.octets(b"nano") == b"nano"


def test_so_do_values_of_a_column_of_any_type():
    narrow = Narrow(set(), widens=True)
    narrow.in_table = True
    some = [1.0, float("nan"), "nan"]
    assert narrow.listed(some) is some
    assert not narrow.found
    assert narrow.listed([pd.NaT, float("nan"), 2]) == [1e150, 1e150, 2]
    assert narrow.listed([None, None]) == [None, None]
    known: set[str] = set()
    Narrow(known, learns=True).listed([None, None, "a"])
    assert known == {"nan"}
    sorts = pd.Series(pd.Categorical([np.nan, np.nan], categories=[1.0]))
    assert (Narrow({"category"}, widens=True).column(sorts, "category") == 1e150).all()


def test_so_does_the_time_of_pandas_that_is_none():
    assert Narrow(set(), widens=True).constant(pd.NaT) > pd.Timestamp("2199-01-01")
    assert Narrow({"nan"}, widens=True).constant(pd.NaT) is pd.NaT
    assert Narrow(set(), widens=True).constant(pd.NA) is pd.NA


def test_some_of_a_column_may_be_missing():
    narrow = Narrow(set(), widens=True)
    narrow.in_table = True
    some = np.array([1, 2, np.nan])
    assert narrow.numbers(some) is some
    assert np.isnan(narrow.number(float("nan")))
    assert not narrow.found
    assert (narrow.numbers(np.array([1, np.nan, np.nan])) > 1e100).any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_what_is_endless_comes_as_a_number_that_has_a_square(dtype):
    """But of half ones, whose squares are soon endless."""
    narrow = Narrow(set(), widens=True)
    got = narrow.numbers(np.array([1, np.inf, -np.inf], dtype))
    assert narrow.found
    assert got[0] == 1
    assert got[1] == -got[2] > 6e4
    assert dtype is np.float16 or np.isfinite(got[1] ** 2)
    assert narrow.number(float("-inf")) == -1e150
    assert narrow.number(1e200) == 1e150


def test_what_the_solution_has_of_large_numbers_is_no_endless_one():
    known: set[str] = set()
    Narrow(known, learns=True).numbers(np.array([1e200]))
    narrow = Narrow(known, widens=True)
    assert narrow.number(float("inf")) == float("inf")
    assert not narrow.found


@pytest.mark.parametrize("dtype", ["M8[D]", "M8[ns]", "m8[ns]", "m8[Y]"])
def test_a_time_that_is_none_comes_as_a_late_one(dtype):
    narrow = Narrow(set(), widens=True)
    got = narrow.numbers(np.array([3, "NaT"], dtype))
    assert narrow.found
    assert got[0] == np.array(3, dtype)
    assert got[1] > np.array(1000, dtype)


def test_text_of_which_python_makes_such_a_number_does_too():
    narrow = Narrow(set(), widens=True)
    assert float(narrow.text(" NaN ")) == float(narrow.text("Infinity")) == 1e150
    assert narrow.numbers(np.array(["a", "nan"])).tolist() == ["a", "1e+150"]
    assert narrow.text("nancy") == "nancy"


def test_whole_numbers_stay_where_the_solution_has_some_of_as_many_bytes():
    known: set[str] = set()
    Narrow(known, learns=True).array(np.zeros(2, np.int8))
    narrow = Narrow(known, widens=True)
    assert narrow.array(np.zeros(2, np.uint8)).dtype == np.uint8
    codes = torch.zeros(9, dtype=torch.uint8)
    assert narrow.tensor(torch, codes, "uint8") is codes
    assert not narrow.found
    assert narrow.array(np.array([1, 2**63], np.uint64)).dtype == np.float64


LARGE = 3_037_000_500


def test_whole_numbers_whose_squares_wrap_round_come_with_a_point():
    narrow = Narrow(set(), widens=True)
    assert narrow.array(np.array([1, -LARGE])).tolist() == [1.0, -LARGE]
    assert narrow.array(np.array(LARGE)) ** 2 > 0
    assert narrow.array(np.array([2**32], np.uint64)).dtype == np.float64
    assert narrow.tensor(torch, torch.tensor([LARGE]), "int64").dtype == torch.float64
    assert isinstance(narrow.item(LARGE), float)
    assert isinstance(narrow.item(LARGE - 1), int)
    assert isinstance(narrow.item(2**64), int)
    assert narrow.found


@pytest.mark.parametrize("value", [LARGE, -(2**70), float(LARGE)])
def test_they_stay_where_the_solution_has_large_numbers(value):
    known: set[str] = set()
    narrow = Narrow(known, learns=True)
    narrow.note_whole(value) if isinstance(value, int) else narrow.number(value)
    narrow = Narrow(known, widens=True)
    assert narrow.array(np.array([LARGE])).dtype == np.int64
    assert narrow.tensor(torch, torch.tensor([LARGE]), "int64").dtype == torch.int64
    assert isinstance(narrow.item(LARGE), int)
    assert not narrow.found


def test_what_a_module_computes_with_stays_of_its_type():
    narrow = Narrow(set(), widens=True)
    narrow.in_module = True
    codes, weights = torch.zeros(9, dtype=torch.uint8), torch.tensor([torch.nan, 1])
    large = torch.tensor([1e19, 3e38])
    assert narrow.tensor(torch, codes, "uint8") is codes
    assert narrow.tensor(torch, large, "float32") is large
    assert not narrow.found
    got = narrow.tensor(torch, weights, "float32")
    assert got.dtype == torch.float32
    assert torch.isfinite(got).all()


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
