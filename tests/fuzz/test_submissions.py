"""Every damaged submission ends graded, or rejected with a reason, in bounded time and memory."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Assignment, Course, Engine, Result
from grader.host.batch import Here, grade_class
from grader.host.engine.settings import EngineSettings
from grader.host.grade import grade, reject
from grader.host.intake.notebook import Rejected
from grader.host.intake.submission import collect
from grader.host.publish.pages import plain
from grader.host.publish.rendering import Renderer
from grader.host.result_store import ResultStore
from grader.host.tasks import find_tasks
from tests.fuzz.damage import (
    CLASSES,
    EXAMPLES,
    FOLDERS,
    bounded,
    damaged_bytes,
    damaged_cells,
    damaged_tree,
)
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
    with Engine(EngineSettings(preload=("numpy", "matplotlib.pyplot"), timeout=3)) as made:
        yield made


def hand_in(data: bytes, folder: Path, engine: Engine) -> Result:
    """What a class run does with one submission, up to the pages it writes."""
    (folder / "numbers.ipynb").write_bytes(data)
    submission = collect(ASSIGNMENT, folder, "s")
    if isinstance(submission, Rejected):
        graded = reject(ASSIGNMENT, "s", submission.reason, None)
    else:
        graded = grade(submission, engine)
    store = ResultStore(folder / "out")
    pages, _ = Renderer({ASSIGNMENT.name: ASSIGNMENT}).pages(graded.result, graded.notebooks)
    store.write(graded.result, pages)
    assert store.load("numbers", "s") == graded.result, "what was written can be read"
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


# What else of a submission is a learner's: signs that end lines, fields and strings, lead elsewhere
# or look like something else.
SIGNS = st.sampled_from([*"aé\u0301/\\.:;,=+-@<>&'\"`$%{}[]()|!#*_~\n\r\t\0 ", "\x1b[2J", "\u202e"])
ODD = st.lists(SIGNS | st.characters(), max_size=40).map("".join)
LINKS = ["javascript:", "data:text/html,", "attachment:a", "//host/", "file:///etc/passwd", "?a=b"]
MARKDOWN = st.lists(
    ODD
    | st.tuples(ODD, st.sampled_from(LINKS), ODD).map("[{0[0]}]({0[1]}{0[2]})".format)
    | st.tuples(ODD, st.sampled_from(LINKS), ODD).map("![{0[0]}]: {0[1]}{0[2]}\n".format)
    | st.sampled_from(
        ["|a|\n|-|\n|b|\n", "> " * 50, "#" * 7, "```\n", "$$", "<script>", "1. " * 40]
    ),
    max_size=12,
).map("".join)
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
BUNDLES = st.dictionaries(
    st.sampled_from(["text/plain", "text/html", "text/markdown", "text/latex", "image/png"]) | ODD,
    MARKDOWN | st.just(PICTURE) | st.binary(max_size=30).map(lambda b: b.decode("latin-1")),
    max_size=4,
)
TIMES = st.sampled_from(
    ["2026-03-02 13:00:00 UTC", "0001-01-01T00:00:00+14:00", "9999-12-31 23:59:59 -12:00", "now"]
)


@st.composite
def submissions(draw: st.DrawFn) -> dict[str, bytes]:
    """Files of a folder, by name, with what a learner may have put into all that is not code."""
    tree = json.loads(as_json(VALID))
    for cell in tree["cells"]:
        if cell["cell_type"] == "markdown" and draw(st.booleans()):
            cell["source"] = draw(MARKDOWN)
            cell["attachments"] = draw(st.dictionaries(ODD, BUNDLES, max_size=2))
        if draw(st.integers(0, 3)) == 0:
            cell["metadata"] = draw(st.dictionaries(ODD, ODD | BUNDLES, max_size=3))
    for cell in tree["cells"]:
        if cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("solution"):
            shown = draw(BUNDLES)
            cell["source"] = f"{cell['source']}\nfrom IPython.display import display\n"
            cell["source"] += f"display({shown!r}, raw=True)\nprint({draw(ODD)!r})"
    tree["metadata"].update(draw(st.dictionaries(ODD, ODD | BUNDLES, max_size=2)))
    files = {"numbers.ipynb": as_json(tree)}
    if draw(st.booleans()):
        files["timestamp.txt"] = draw(TIMES | ODD).encode("utf-8", "replace")
    for name in draw(st.lists(FOLDERS, max_size=2)):
        files[name] = draw(st.binary(max_size=20))
    return files


def test_nothing_of_one_submission_harms_another_or_the_class(
    bubblewrap: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Through intake, cleaning, rendering, gradebook, grades.csv and report, beside a classmate."""
    root = tmp_path_factory.mktemp("course")
    (root / "source/numbers").mkdir(parents=True)
    nbformat.write(SOURCE, root / "source/numbers/numbers.ipynb")
    course = Course.open(root)
    loaded = {"numbers": course.load("numbers")}

    @CLASSES
    @given(st.lists(st.tuples(FOLDERS, submissions()), min_size=1, max_size=3))
    def ends(handed_in: list[tuple[str, dict[str, bytes]]]) -> None:
        folder = tmp_path_factory.mktemp("class")
        submitted, out = folder / "submitted", folder / "out"
        for student, files in [("honest", {"numbers.ipynb": as_json(VALID)}), *handed_in]:
            for name, content in files.items():
                path = submitted / student / "numbers" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                if not path.is_dir():
                    path.write_bytes(content)
        with bounded():
            tasks, others = find_tasks(submitted, loaded)
            engine = Engine(EngineSettings(preload=(), timeout=3))
            here = partial(Here, workers=1)
            done = grade_class(course, submitted, out, loaded, tasks, engine, place=here)
        students = {student for student, _ in handed_in} | {"honest"}
        seen = {task.student for task in tasks} | set(others)
        assert len(seen) >= len({student for student in students if not student.startswith(".")})
        assert done.graded + done.rejected == len(tasks)
        honest = Result.load(out / "results/numbers/honest.json")
        assert honest is not None
        assert [item.score for item in honest.items] == [3, 2, None]
        rows = list(csv.reader((out / "grades.csv").read_text("utf-8").splitlines()))
        assert len(rows) == 1 + len(tasks)
        assert len({len(row) for row in rows}) == 1
        for cell in (cell for row in rows for cell in row):
            assert not cell.lstrip().startswith(("=", "+", "-", "@"))
            assert plain(cell) == cell
        for page in [*out.glob("feedback/**/*.html"), out / "report.html"]:
            text = page.read_text("utf-8").lower()
            assert "<script" not in text.replace("&lt;script", "")
            assert not re.search(r"(?:href|src)=[\"']?(?:javascript|file|//|data:text)", text)

    ends()
