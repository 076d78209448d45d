import math

import numpy as np
import pytest
from scipy import stats

from coursekit.nets.evidence import Verdict, by_image, verdict
from coursekit.nets.measure import Comparison


def draws(seed, *sizes):
    draw = np.random.default_rng(seed)
    return [0.8 + 0.01 * draw.standard_normal(size) for size in sizes]


@pytest.mark.parametrize("count", [2, 3, 5, 12, 21])
def test_shared_seeds_are_a_paired_t_test(count):
    one, other = draws(count, count, count)
    theirs = stats.ttest_rel(one, other)
    low, high = theirs.confidence_interval(0.95)
    ours = verdict(one, other, shared="seeds")
    assert ours.points == pytest.approx(100 * (one - other).mean())
    assert ours.half == pytest.approx(50 * (high - low), rel=1e-3)
    assert (ours.word == "indistinguishable") == (theirs.pvalue >= 0.05)


@pytest.mark.parametrize("sizes", [(5, 5), (3, 8), (2, 20), (12, 12)])
def test_nothing_shared_is_welch_with_degrees_rounded_down(sizes):
    one, other = draws(sum(sizes), *sizes)
    other = 0.8 + 3 * (other - 0.8)
    theirs = stats.ttest_ind(one, other, equal_var=False)
    low, high = theirs.confidence_interval(0.95)
    ours = verdict(one, other, shared="nothing")
    assert ours.points == pytest.approx(100 * (one.mean() - other.mean()))
    exact = 50 * (high - low)
    again = exact * stats.t.ppf(0.975, math.floor(theirs.df)) / stats.t.ppf(0.975, theirs.df)
    assert ours.half == pytest.approx(again, rel=1e-3)
    assert ours.half >= exact * 0.999


def test_pairing_sees_what_the_spread_between_seeds_hides():
    (one,) = draws(0, 5)
    other = one - np.array([0.001, 0.002, 0.001, 0.002, 0.001])
    assert verdict(one, other, shared="seeds").word == "better"
    assert verdict(other, one, shared="seeds").word == "worse"
    assert verdict(one, other, shared="nothing").word == "indistinguishable"


def test_shared_images_count_only_where_one_alone_is_right():
    one = np.array([True] * 6 + [False] * 94)
    other = np.array([False] * 6 + [False] * 94)
    ours = verdict(one, other, shared="images")
    assert (ours.points, ours.word) == (6, "better")
    assert verdict(other, one, shared="images") == Verdict(-6, ours.half)
    # As many more that both get right change the share, and not the word.
    more = [np.append(values, [True] * 900) for values in (one, other)]
    assert verdict(*more, shared="images") == Verdict(0.6, pytest.approx(ours.half / 10))


def test_the_interval_over_images_says_what_mcnemar_says():
    """It is never shorter than exact coins allow, and longer only just below 0.05."""
    for lost in range(0, 60):
        for won in range(lost, 90):
            p = stats.binomtest(lost, lost + won).pvalue if lost + won else 1.0
            word = by_image(lost, won, 1000).word
            if word == "better":
                assert p < 0.05
            else:
                assert p > 0.0487


def test_a_comparison_of_models_comes_with_its_verdict():
    found = Comparison(right=380, changed=30, lost=20, won=3, p=0.0005, images=400)
    assert found.verdict == by_image(20, 3, 400)
    assert found.verdict.word == "worse"


def test_where_no_image_differs_three_more_could():
    assert by_image(0, 0, 400) == Verdict(0, 0.75)
    assert by_image(0, 0, 400).half < by_image(1, 1, 400).half


def test_what_is_written_names_the_comparisons():
    assert str(Verdict(-1.234, 0.5)) == "-1.23 ± 0.50  worse"
    assert str(Verdict(0.1, 0.5, among=12)) == "+0.10 ± 0.50  indistinguishable, 1 of 12"
    assert verdict([0.8, 0.9], [0.8, 0.9], shared="seeds", among=3).among == 3
    assert verdict([True, False], [True, True], shared="images", among=4).among == 4


def test_equal_values_are_indistinguishable():
    for shared in ("seeds", "nothing"):
        assert verdict([0.8] * 5, [0.8] * 5, shared=shared).word == "indistinguishable"
    assert verdict([True] * 5, [True] * 5, shared="images").half == 60


def test_pairs_that_are_none_are_refused():
    with pytest.raises(ValueError, match="3 values can't be paired with 2"):
        verdict([0.8, 0.9, 0.7], [0.8, 0.9], shared="seeds")
    with pytest.raises(ValueError, match="at least two"):
        verdict([0.8], [0.9], shared="nothing")
