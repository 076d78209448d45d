"""The runs of lesson 09: whole, fair, and none chosen at the edge of what was tried."""

from __future__ import annotations

import importlib.util

import pandas as pd
import pytest

from coursekit.nets.data import load_results
from tests.conftest import ROOT

TABLE = load_results("schedules")
SCHEDULES = ("cubic", "one cut early", "one cut midway", "rate constant", "rate rewound")


def chosen(its: pd.DataFrame) -> object:
    means = its.groupby("lr")["validation"].mean()
    return max(means.to_dict().items(), key=lambda pair: pair[1])[0]


def test_every_run_has_five_seeds() -> None:
    groups = TABLE.groupby(["part", "what", "sparsity", "lr"])
    seeds = [len(its) for _, its in groups]
    assert set(seeds) == {5}
    assert not TABLE.duplicated(["part", "what", "sparsity", "lr", "seed"]).any()
    for part in ("train", "validation", "test"):
        assert ((TABLE[part] >= 0) & (TABLE[part] <= 1)).all()


def test_each_has_three_rates_and_the_best_is_not_at_the_edge() -> None:
    trained = TABLE[TABLE.lr > 0]
    for _, its in trained.groupby(["part", "what", "sparsity"]):
        rates = sorted(its.lr.unique())
        assert len(rates) >= 3
        assert chosen(its) in rates[1:-1]


def test_every_schedule_is_there_at_every_sparsity() -> None:
    its = TABLE[(TABLE.part == "schedules") & (TABLE.sparsity > 0)]
    assert set(its.what) == set(SCHEDULES)
    assert set(its.groupby("what")["sparsity"].nunique()) == {5}


def test_as_many_weights_are_left_as_the_table_says() -> None:
    of_lenet = TABLE[(TABLE.parameters == 266_610) & (TABLE.what != "small")]
    left = of_lenet.kept.map(lambda text: sum(map(int, text.split())))
    wanted = 266_200 - (266_200 * of_lenet.sparsity).round()
    # A weight that was trained to exactly 0 is possible, many are not.
    assert ((left - wanted).abs() <= 3).all()


@pytest.mark.parametrize("equal", ["equal weights", "equal bytes", "equal bytes, gaps"])
def test_small_networks_are_as_large_as_they_should_be(equal: str) -> None:
    spec = importlib.util.spec_from_file_location(
        "make", ROOT / "course/09_when_and_how_much/make_schedules.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    its = TABLE[TABLE.what.str.fullmatch(equal + ", [12] hidden")]
    assert len(its)
    for share, some in its.groupby("sparsity"):
        wanted = script.sparse_numbers(share)[equal]
        # A whole unit has some 800 numbers.
        assert ((some.parameters - wanted).abs() <= 410).all()


def test_the_script_asks_for_what_is_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run stands in the table, so that it trains nothing."""
    spec = importlib.util.spec_from_file_location(
        "make", ROOT / "course/09_when_and_how_much/make_schedules.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a run is missing in the table")

    monkeypatch.setattr(script, "train_on_plan", refuse)
    script.schedules()
    script.budgets()
    script.lottery()
    script.small()
    script.few()
    script.batch_norm()
    script.plan_or_split()
    script.as_long_as_a_search()
