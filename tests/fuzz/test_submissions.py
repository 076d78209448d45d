"""Every damaged submission ends graded, or rejected with a reason, in bounded time and memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Assignment, Engine, Result
from grader.conduct import grade, reject
from grader.intake import Rejected, collect
from grader.output import Output
from tests.fuzz.damage import EXAMPLES, bounded, damaged_bytes, damaged_cells, damaged_tree
from tests.grader.conftest import RIGHT, answered, numbers

SOURCE = numbers()
ASSIGNMENT = Assignment.from_notebooks("numbers", {"numbers": SOURCE})
VALID: dict[str, Any] = json.loads(nbformat.writes(answered(SOURCE, RIGHT)))


def as_json(tree: Any) -> bytes:
    return json.dumps(tree).encode("utf-8", "surrogatepass")


DAMAGED = st.one_of(
    damaged_bytes(as_json(VALID)),
    damaged_tree(VALID).map(as_json),
    damaged_cells(VALID).map(as_json),
)


@pytest.fixture(scope="module")
def engine(bubblewrap: str) -> Iterator[Engine]:
    with Engine(preload=("numpy", "matplotlib.pyplot"), timeout=3) as made:
        yield made


def hand_in(data: bytes, folder: Path, engine: Engine) -> Result:
    """What a class run does with one submission, up to the pages it writes."""
    (folder / "numbers.ipynb").write_bytes(data)
    submission = collect(ASSIGNMENT, folder, "s")
    if isinstance(submission, Rejected):
        graded = reject(ASSIGNMENT, "s", submission.reason, None)
    else:
        graded = grade(submission, engine)
    output = Output(folder / "out")
    output.write(graded.result, graded.notebooks, ASSIGNMENT)
    assert output.load("numbers", "s") == graded.result, "what was written can be read"
    return graded.result


def test_what_is_not_damaged_gets_its_points(engine: Engine, tmp_path: Path) -> None:
    result = hand_in(as_json(VALID), tmp_path, engine)
    assert [item.score for item in result.items] == [3, 2, None]


def test_every_damaged_submission_ends_in_a_result(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    counts = {"graded": 0, "rejected": 0}

    @EXAMPLES
    @given(DAMAGED)
    def ends(data: bytes) -> None:
        with bounded():
            result = hand_in(data, tmp_path_factory.mktemp("s"), engine)
        counts[result.status] += 1
        if result.status == "rejected":
            assert result.reason
            assert result.items == []
            assert result.reason.strip().endswith((".", ")")), result.reason
            assert len(result.reason) < 1000
            return
        assert [item.name for item in result.items] == ["square", "triple", "why"]
        for item in result.items:
            for cell in item.cells:
                assert cell.score is None or 0 <= cell.score <= cell.points
                assert cell.score == cell.points or cell.message, "lost points have a reason"
        assert result.total is not None

    ends()
    # Damage that is always noticed, or never, would test one half only.
    assert min(counts.values()) > 0.1 * sum(counts.values()), counts
