"""What a test sets around a call counts for the learner's code while it runs, and no longer."""

from __future__ import annotations

import decimal
import os
import sys
import warnings
from decimal import Decimal

import numpy as np
import pytest
import torch

from grader.protocol.calls import Raised, Reply
from grader.protocol.terms import Terms
from grader.sandboxed.calls.ambient import Ambient
from tests.grader.sandboxed.conftest import handle


@pytest.fixture
def around(talk):
    """Makes a judge whose tests have set nothing yet."""

    def make(terms=None, **names):
        judge = talk(terms, **names)
        judge.ambient = Ambient()
        return judge

    return make


def test_numpy_computes_as_the_test_says(around):
    judge = around(Terms(), e=lambda x: np.exp(np.float64(x)))
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        judge["e"](1000)
    assert judge["e"](1) == np.e


def test_torch_computes_as_the_test_says(around):
    def ones():
        return torch.ones(1, requires_grad=True) * 2

    judge = around(Terms(), ones=ones)
    with torch.no_grad():
        assert not judge["ones"]().requires_grad
    with torch.inference_mode():
        assert not judge["ones"]().requires_grad
    assert judge["ones"]().requires_grad
    torch.set_default_dtype(torch.float64)
    try:
        assert judge["ones"]().dtype is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert judge["ones"]().dtype is torch.float32


def test_a_property_is_asked_for_in_the_same_way(around):
    class Net:
        @property
        def size(self):
            warnings.warn("size goes", FutureWarning, stacklevel=1)
            return (torch.ones(2, requires_grad=True) * 2).numpy()

    judge = around(Terms({"instance"}, {"size"}), net=Net())
    with torch.no_grad(), pytest.warns(FutureWarning, match="goes"):
        assert judge["net"].size.tolist() == [2, 2]
    with pytest.raises(RuntimeError):
        assert judge["net"].size


def test_numbers_are_printed_as_the_test_says(around):
    judge = around(Terms(), text=lambda x: str(x), many=lambda: len(str(10**4999)))
    with np.printoptions(precision=2):
        assert judge["text"](np.array([1.234])) == "[1.23]"
    assert judge["text"](np.array([1.234])) == "[1.234]"
    digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        assert judge["many"]() == 5_000
    finally:
        sys.set_int_max_str_digits(digits)
    with pytest.raises(ValueError, match="limit"):
        judge["many"]()


def test_python_was_started_and_its_environment_is_as_the_test_says(around, monkeypatch):
    monkeypatch.setenv("GONE", "1")
    seen = []

    def look():
        seen.append((sys.argv[-1], os.environ.get("MODE"), os.environ.get("GONE")))
        return list(seen[-1])

    judge = around(Terms(), look=look)
    before = judge["look"]()
    assert before == [sys.argv[-1], None, "1"]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", ["prog", "x"])
        patch.setenv("MODE", "prod")
        patch.delenv("GONE")
        assert judge["look"]() == ["x", "prod", None]
    assert judge["look"]() == before


def test_decimals_are_computed_as_the_test_says(around):
    judge = around(Terms(), third=lambda: Decimal(1) / 3, of_float=lambda: Decimal(float(1)) > 0)
    with decimal.localcontext() as context:
        context.prec = 3
        assert judge["third"]() == Decimal("0.333")
        context.traps[decimal.FloatOperation] = True
        with pytest.raises(ArithmeticError):
            judge["of_float"]()
    assert judge["of_float"]() is True


def test_calls_are_nested_as_deep_as_the_test_says(around):
    def down(n):
        return 0 if n == 0 else 1 + down(n - 1)

    judge, limit = around(Terms(), down=down), sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(limit + 5_000)
        assert judge["down"](limit + 1_000) == limit + 1_000
        sys.setrecursionlimit(300)
        with pytest.raises(RecursionError):
            judge["down"](500)
    finally:
        sys.setrecursionlimit(limit)
    assert judge["down"](300) == 300


def test_a_warning_is_an_error_where_the_test_says_so(around):
    def old(text):
        warnings.warn(text, DeprecationWarning, stacklevel=1)
        return text

    judge = around(Terms(), old=old)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "bad", DeprecationWarning)
        warnings.filterwarnings("ignore", "good")
        assert judge["old"]("good") == "good"
        with pytest.raises(DeprecationWarning, match="bad"):
            judge["old"]("bad")


def test_warnings_of_a_call_are_there_where_the_test_records_them(around):
    def old():
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    judge = around(Terms(), old=old, calm=lambda: 1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        judge["calm"]()
        assert caught == []
        judge["old"](), judge["old"]()
    assert [(one.category, str(one.message)) for one in caught] == [(DeprecationWarning, "old")] * 2
    with pytest.warns(DeprecationWarning, match="old"):
        judge["old"]()


def test_a_warning_that_is_none_or_that_nobody_records_is_passed_over(hear):
    said = Reply(1, warned=[Raised(["KeyboardInterrupt"], "x"), Raised(["ValueError"], "x")])
    judge = hear(said)
    judge.ambient = Ambient()
    with warnings.catch_warnings(record=True) as caught:
        assert handle(judge)() is None
    assert caught == []
    judge = hear(Reply(1, warned=[Raised(["UserWarning"], "x")]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judge.ambient = Ambient()
        assert handle(judge)() is None


def test_what_a_given_cell_sets_is_set_in_both(around):
    judge = around(Terms(), ratio=lambda: np.errstate(divide="ignore")(np.divide)(1.0, 0.0))
    before = np.seterr()
    try:
        with judge.ambient.given():
            np.seterr(divide="raise")
        assert judge.ambient.changed() == ()
        assert judge["ratio"]() == np.inf
    finally:
        np.seterr(**before)


def test_so_does_what_a_test_lends_as_who_calls_it_says(around):
    """A learner's code may forbid gradients, or have a division by 0 raise, around a callback."""

    def without(f):
        with torch.inference_mode():
            return f(1).requires_grad

    def safe(f):
        with np.errstate(divide="raise"):
            try:
                return float(f(0))
            except FloatingPointError:
                return None

    def odd(f):
        np.geterr, usual = (lambda: {"divide": "call", **usual()}), np.geterr
        try:
            return f(1)
        finally:
            np.geterr = usual

    judge = around(Terms(), without=without, safe=safe, odd=odd)
    assert judge["without"](lambda x: torch.ones(x, requires_grad=True) * 2) is False
    assert judge["safe"](lambda x: np.float64(1) / x) is None
    assert judge["odd"](lambda x: x) == 1
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    assert np.geterr()["divide"] == "warn"
