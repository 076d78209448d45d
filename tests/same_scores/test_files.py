"""Files, several notebooks, partial credit: the same points from the engine as from nbgrader."""

from __future__ import annotations

import pytest

from tests.grader.conftest import (
    answered,
    first_of_pair,
    second_of_pair,
)
from tests.same_scores.classroom import Classroom, write


@pytest.mark.thorough
def test_files_notebooks_and_partial_credit(classroom: Classroom) -> None:
    write(classroom, "pair", {"first": first_of_pair(), "second": second_of_pair()})
    folder = classroom.folders[0] / "pair"
    (folder / "data.txt").write_text("ab")
    (folder / "helper.py").write_text("def double(x):\n    return x + x\n")
    release = classroom.release("pair")
    # One answer each: `share`, `text`, `plot` and `word`.
    handed_in: dict[str, dict[str, str]] = {
        "right": {
            "share": "share = 1",
            "text": "text = double(loaded)",
            "plot": "plot = 'lines'",
            "word": "word = 'hello'",
        },
        "part": {
            "share": "share = 0.25",
            "text": "text = double(open('data.txt').read())",
            "word": "word = 'bye'",
        },
        "numpy": {
            "share": "import numpy as np\nshare = np.float64(0.25)",
            "text": "from mine import twice\ntext = twice(loaded)",
        },
        "no-number": {"share": "share = [0.5]", "text": "text = loaded"},
    }
    for student, answers in handed_in.items():
        made = {name: answered(source, answers) for name, source in release.items()}
        classroom.hand_in(student, "pair", made)
    submitted = classroom.root / "submitted"
    (submitted / "numpy/pair/mine.py").write_text("def twice(x):\n    return 2 * x\n")
    (submitted / "part/pair/data.txt").write_text("changed")
    both = classroom.grade()
    assert both.lost == frozenset()
    # NumPy shows its numbers as np.float64(0.5), which nbgrader takes for no number: all points.
    assert both.differences() == {
        ("pair", "no-number", "first", "test-share"): "nbgrader 2, ours 0",
        ("pair", "numpy", "first", "test-share"): "nbgrader 2, ours 0.5",
    }
    assert both.suggested == {}
    shares = {s: both.stock["pair", s, "first", "test-share"].score for s in handed_in}
    assert shares == {"right": 2, "part": 0.5, "numpy": 2, "no-number": 2}
    texts = {s: both.stock["pair", s, "first", "test-text"].score for s in handed_in}
    assert texts == {"right": 1, "part": 1, "numpy": 1, "no-number": 0}
