"""What lesson 10 sells: its shelf, what a budget buys, and what the order of two steps is worth."""

import numpy as np
import pytest

from coursekit.lesson_10 import pictures, shop
from coursekit.nets.data import load_results, load_tradeoffs


@pytest.fixture(scope="module")
def models():
    return shop.shelf()


def test_each_setting_stands_on_the_shelf_once_with_its_seeds_in_order(models):
    table = load_tradeoffs()
    assert len(models) == 112
    row = models.iloc[40]
    same = table[(table[shop.SETTING] == row[shop.SETTING]).all(axis=1)].sort_values("seed")
    assert list(row.seeds) == list(same.validation)
    assert row.low <= row.accuracy <= row.high
    assert row.kind == f"{shop.PRUNED[row.structure]}, {row.bits} bits"


def test_what_a_budget_buys_is_within_it_and_the_best_of_its_kind(models):
    best = shop.best_of_kinds(models, "gzip_bytes", 20_000)
    assert (best.gzip_bytes <= 20_000).all()
    assert best.kind.is_unique
    assert best.accuracy.is_monotonic_decreasing
    for _, row in best.iterrows():
        of_kind = models[(models.kind == row.kind) & (models.gzip_bytes <= 20_000)]
        assert row.accuracy == of_kind.accuracy.max()


def test_what_the_order_is_worth_is_what_the_table_holds():
    effects = shop.order_effects()
    assert len(effects) == 4 * 3 * 2
    table = load_results("orders")
    some = table[(table.structure == "weights") & (table.share == 0.95) & (table.bits == 4)]
    some = some[some.steps == "again"]
    tests = {}
    for order in ("prune, quantize, tune", "quantize, prune, tune"):
        rows = some[some.order == order]
        rate = rows.groupby("lr").validation.mean().idxmax()
        tests[order] = rows[rows.lr == rate].test.mean()
    wanted = 100 * (tests["quantize, prune, tune"] - tests["prune, quantize, tune"])
    [row] = effects.query(
        "structure == 'weights' and share == 0.95 and bits == 4 and steps == 'again'"
    ).itertuples()
    assert row.points == pytest.approx(wanted)
    assert row.clipped < 0.05


def test_no_best_learning_rate_lies_at_the_edge_of_those_tried():
    table = load_results("orders")
    key = ["structure", "share", "bits", "order", "steps"]
    for _, some in table.groupby(key):
        means = some.groupby("lr").validation.mean()
        assert means.index.min() < means.idxmax() < means.index.max()
        assert set(some.groupby("lr").seed.nunique()) == {5}


def test_agreement_is_drawn_for_each_cost():
    both = {"setting": False, "bits": True, "pruning": True}
    agree = {(cost, budget, 0): both for cost in shop.COSTS for budget in (10_000, 50_000)}
    fig = pictures.agreement(agree)
    heights = [line.get_ydata() for line in fig.axes[0].lines]
    assert [round(float(np.mean(one))) for one in heights] == [0, 1, 1]
