"""The traces of lesson 09: what their numbers and words say is so."""

import re
from itertools import pairwise

import pytest

from coursekit.learn.traces import load_trace
from tests.coursekit.stages import read


def test_four_cuts_take_what_the_curve_says():
    first, *cuts = load_trace("09", "schedule-four-cuts").stages
    assert "none of them zero" in first.text
    rows = cuts[-1].table[1:]
    wanted = [round(40 * 0.9 * (1 - (1 - cut / 4) ** 3)) for cut in range(5)]
    gone = [int(row[2]) for row in rows]
    assert gone == [after - before for before, after in pairwise(wanted)]
    for one, go, zeros, row in zip(cuts, gone, wanted[1:], rows, strict=True):
        assert f"Weights that go: **{go}**" in one.text
        assert f"{40 - zeros} are left" in one.text
        assert read(row[3]) == pytest.approx(go / (40 - zeros + go), abs=0.006)


def test_the_ticket_is_rewound_only_by_hand():
    start, _, pruned, not_rewound, ticket, control = load_trace("09", "schedule-one-ticket").stages
    assert "7,840 weights" in start.text
    assert "784 weights stay" in pruned.text
    assert ("`1.weight_orig`",) in pruned.table
    assert "biases are at their start, but not the weights" in not_rewound.text
    assert not_rewound.table[1] == ("1.weight_orig, 1.weight_mask", "1.weight")
    assert "784 values are from before" in ticket.text
    # Of 784 places in 7,840 a tenth is shared by chance.
    shared = int(re.search(r"(\d+) places are in both", control.text)[1])
    assert 40 < shared < 120
