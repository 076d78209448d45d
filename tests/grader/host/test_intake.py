"""Untrusted files: what is taken over, what is put right, what is rejected."""

from __future__ import annotations

import copy
import json
import os
from dataclasses import replace
from datetime import datetime

import nbformat
import pytest

from grader.host.intake.folder import MAX_NOTEBOOK_BYTES, read_folder
from grader.host.intake.notebook import MAX_CELLS, LearnerCell, Rejected, read_notebook
from grader.host.intake.paper import as_bytes as as_bytes_of_paper
from grader.host.intake.paper import from_bytes, put_together, read_paper
from grader.host.intake.submission import collect, timestamp_of


def as_bytes(notebook) -> bytes:
    return nbformat.writes(notebook).encode()


def small(**changes) -> dict:
    cell = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": []}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell | changes]}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"cells": "caf\xe9"}', "not a UTF-8 text"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "co', "cut off"),
        (b'{"nbformat": 4, "cells": [', "cut off"),
        (b'{"nbformat": 4 "cells": []}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"nbformat": 1' + b"0" * 5000 + b"}", "not valid JSON"),
        (b"[1, 2]", "not a notebook"),
        (b'{"cells": []}', "not a notebook"),
        (b'{"nbformat": "4", "cells": []}', "not a notebook"),
        (b'{"nbformat": 2, "worksheets": []}', "notebook format 2"),
        (b'{"nbformat": 5, "cells": []}', "notebook format 5"),
        (b'{"nbformat": 3, "worksheets": 7}', "format 3, but is not"),
        (b'{"nbformat": 4}', "without a list of cells"),
        (json.dumps(small(cell_type="heading")).encode(), "Cell 1 of x.ipynb"),
        (json.dumps(small(source=7)).encode(), "Cell 1 of x.ipynb"),
        (json.dumps(small(source=["a", 7])).encode(), "Cell 1 of x.ipynb"),
        (b" " * (MAX_NOTEBOOK_BYTES + 1), "more than 25 MB"),
        (json.dumps({"nbformat": 4, "cells": [{}] * (MAX_CELLS + 1)}).encode(), "2001 cells"),
    ],
)
def test_what_is_no_notebook_is_rejected_with_a_reason(data, reason):
    read = read_notebook(data, "x.ipynb")
    assert isinstance(read, Rejected)
    assert reason in read.reason
    assert read.reason.startswith(("x.ipynb", "Cell"))
    assert "\n" not in read.reason


def test_sloppy_files_are_read():
    sloppy = small(source=["a\r\n", "b"], metadata=None, id=5, extra=[])
    read = read_notebook(b"\xef\xbb\xbf" + json.dumps(sloppy).encode(), "x.ipynb")
    assert read == [LearnerCell("code", "a\nb")]


def test_lone_surrogates_cannot_hurt_later():
    [cell] = read_notebook(json.dumps(small(source="a\ud800b")).encode(), "x.ipynb")
    assert cell.source == "a?b"


def test_format_3_is_read():
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [
            {
                "cells": [
                    {
                        "cell_type": "code",
                        "input": "x = 1",
                        "language": "python",
                        "outputs": [],
                        "metadata": {"nbgrader": {"grade_id": "square"}},
                    }
                ]
            }
        ],
    }
    [cell] = read_notebook(json.dumps(old).encode(), "x.ipynb")
    assert (cell.source, cell.grade_id) == ("x = 1", "square")


@pytest.fixture
def paper_of(assignment):
    """The paper that a changed notebook becomes."""

    def make(notebook):
        cells = read_notebook(as_bytes(notebook), "x.ipynb")
        assert not isinstance(cells, Rejected), cells.reason
        return put_together(assignment.notebooks["numbers"], cells)

    return make


@pytest.fixture
def right(desk):
    """A right answer to everything, as a notebook to damage."""
    return nbformat.read(desk.hand_in("right"), as_version=4)


def sources(paper):
    return [cell.node.source for cell in paper.cells if cell.node.cell_type == "code"]


def at(notebook, name):
    return next(n for n, cell in enumerate(notebook.cells) if cell.get("id") == name)


def test_an_honest_submission_has_no_notes(paper_of, right, assignment):
    paper = paper_of(right)
    assert paper.notes == ()
    assert len(paper.cells) == len(assignment.notebooks["numbers"].cells)
    assert "secret" in sources(paper)[3]
    assert not any(cell.untouched for cell in paper.cells)


def test_the_solution_has_no_notes(paper_of, desk):
    assert paper_of(desk.source("numbers")).notes == ()


def test_an_untouched_release_is_untouched(paper_of, desk):
    paper = paper_of(desk.release("numbers"))
    assert [cell.teacher.grade_id for cell in paper.cells if cell.untouched] == [
        "square",
        "triple",
        "why",
    ]
    assert paper.notes == ()


def test_tests_given_cells_and_points_are_the_teachers(paper_of, right):
    for name in ("test-square-1", "given-1"):
        right.cells[at(right, name)].source = "square = 'mine'"
    right.cells[at(right, "test-triple")].metadata.nbgrader.points = 100
    right.cells[at(right, "square")].metadata.nbgrader.solution = False
    paper = paper_of(right)
    assert "square = 'mine'" not in sources(paper)
    assert paper.notes == (
        "Given cell given-1 was changed; the teacher's was used.",
        "Test test-square-1 was changed; the teacher's was used.",
        "The points of test test-triple were changed; the teacher's count.",
    )


def test_points_of_any_size_are_compared(paper_of, right):
    right.cells[at(right, "test-triple")].metadata.nbgrader.points = 10**400
    assert "The points of test test-triple" in paper_of(right).notes[0]


def test_deleted_cells_come_back_and_deleted_answers_are_missing(paper_of, right):
    for name in ("test-square-1", "triple"):
        del right.cells[at(right, name)]
    paper = paper_of(right)
    assert "two squared is four" in sources(paper)[2]
    assert [cell.teacher.grade_id for cell in paper.cells if cell.untouched] == ["triple"]
    assert paper.notes == (
        "Test test-square-1 was missing; it was put back.",
        "Answer triple was missing; it counts as not answered.",
    )


def test_the_first_of_several_copies_is_the_answer_and_the_others_run_after_it(paper_of, right):
    place = at(right, "square")
    twin = copy.deepcopy(right.cells[place])
    twin.id, twin.source = "twin", "square = abs"
    right.cells.insert(place + 3, twin)
    paper = paper_of(right)
    assert sources(paper)[1:3] == ["def square(x):\n    return x ** 2", "square = abs"]
    assert paper.notes == (
        "There are 2 copies of answer square; the first was graded. The others ran after it.",
    )


def test_a_copy_that_reads_as_released_is_no_answer(paper_of, right, desk):
    untouched = desk.release("numbers").cells[at(right, "square")]
    untouched.id = "copy"
    right.cells.insert(at(right, "square"), untouched)
    paper = paper_of(right)
    assert [s for s in sources(paper) if "NotImplementedError" in s] == []
    assert not any(cell.untouched for cell in paper.cells)


def strip(notebook, *, ids=True):
    for cell in notebook.cells:
        cell.metadata.clear()
        if ids:
            del cell["id"]
    if ids:
        notebook.nbformat_minor = 4


@pytest.mark.parametrize("ids", [True, False])
def test_without_metadata_answers_are_still_found(paper_of, right, ids):
    strip(right, ids=ids)
    paper = paper_of(right)
    assert sources(paper)[1] == "def square(x):\n    return x ** 2"
    assert [cell.node.source for cell in paper.cells if cell.teacher is None] == []
    assert not any(cell.untouched for cell in paper.cells)
    assert len(paper.notes) == 1
    assert "metadata was lost" in paper.notes[0]


def test_without_metadata_and_with_changes_answers_are_still_found(paper_of, right):
    strip(right)
    prompt = next(n for n, c in enumerate(right.cells) if c.source == "Write `triple(x)`.")
    right.cells[prompt].source += " Done!"
    right.cells.insert(prompt + 2, nbformat.v4.new_code_cell("print(triple(1))"))
    right.cells.insert(0, nbformat.v4.new_code_cell("import math"))
    for cell in right.cells:
        cell.pop("id", None)
    paper = paper_of(right)
    assert sources(paper)[0] == "import math"
    answers = {c.teacher.grade_id: c.node.source for c in paper.cells if c.teacher}
    assert answers["triple"] == "def triple(x):\n    return x + x + x"
    assert answers["why"] == "Because minus times minus is plus."
    added = [cell.node.source for cell in paper.cells if cell.teacher is None]
    assert added == ["import math", "print(triple(1))"]


def test_an_untouched_notebook_without_metadata_is_untouched(paper_of, desk):
    bare = desk.release("numbers")
    strip(bare)
    paper = paper_of(bare)
    assert sum(cell.untouched for cell in paper.cells) == 3


def test_the_item_is_enough(paper_of, right):
    for cell in right.cells:
        cell.metadata.pop("nbgrader", None)
        cell.id = f"other-{cell.id}"
    paper = paper_of(right)
    answers = {c.teacher.grade_id: c.node.source for c in paper.cells if c.teacher}
    assert answers["square"] == "def square(x):\n    return x ** 2"
    assert answers["why"] == "Because minus times minus is plus."


def test_renamed_grade_ids_fall_back_to_the_cell_id(paper_of, right):
    right.cells[at(right, "square")].metadata.nbgrader.grade_id = "mine"
    del right.cells[at(right, "square")].metadata["course"]
    assert sources(paper_of(right))[1] == "def square(x):\n    return x ** 2"


def test_the_teachers_order_is_used(paper_of, right):
    right.cells.append(right.cells.pop(at(right, "square")))
    paper = paper_of(right)
    assert sources(paper)[1] == "def square(x):\n    return x ** 2"
    assert paper.notes == ("The cells stand in another order; the teacher's was used.",)


def test_added_cells_run_after_the_cell_before_them(paper_of, right):
    place = at(right, "test-square-1")
    right.cells.insert(place, nbformat.v4.new_code_cell("a = 1"))
    right.cells.insert(place + 1, nbformat.v4.new_markdown_cell("a note"))
    right.cells.insert(0, nbformat.v4.new_code_cell("first = True"))
    paper = paper_of(right)
    assert sources(paper)[0] == "first = True"
    assert sources(paper)[3] == "a = 1"
    ids = [cell.node.id for cell in paper.cells]
    assert len(set(ids)) == len(ids)
    nbformat.validate(paper.as_notebook())


def test_pictures_in_a_written_answer_are_kept(paper_of, right):
    right.cells[-1].attachments = {"a.png": {"image/png": "aGk="}}
    assert paper_of(right).cells[-1].node.attachments == {"a.png": {"image/png": "aGk="}}


def test_an_answer_that_became_another_type_of_cell_is_what_the_teacher_made_it(paper_of, right):
    place = at(right, "square")
    right.cells[place] = nbformat.v4.new_markdown_cell(
        right.cells[place].source, metadata=right.cells[place].metadata
    )
    assert sources(paper_of(right))[1] == "def square(x):\n    return x ** 2"


# --- Folders -----------------------------------------------------------------------------------


def test_a_wrong_name_is_noted(desk, assignment):
    path = desk.hand_in("s")
    path.rename(path.with_name("numbers (1).ipynb"))
    submission = collect(assignment, path.parent, "s")
    assert submission.notes == ("The notebook is named numbers (1).ipynb, not numbers.ipynb.",)
    assert submission.papers["numbers"].notes == ()


def test_of_several_wrong_names_none_is_guessed(desk, assignment):
    path = desk.hand_in("s")
    path.rename(path.with_name("a.ipynb")).with_name("b.ipynb").write_bytes(b"{}")
    rejected = collect(assignment, path.parent, "s")
    assert "None of its notebooks (a.ipynb, b.ipynb) is named numbers.ipynb." in rejected.reason


def test_a_notebook_too_many_is_noted(desk, assignment):
    path = desk.hand_in("s")
    path.with_name("draft.ipynb").write_bytes(b"{}")
    [note] = collect(assignment, path.parent, "s").notes
    assert note == "draft.ipynb is no notebook of this assignment and was not graded."


def test_empty_folders_and_links_are_rejected(desk, assignment, tmp_path):
    folder = desk.folder("s")
    assert collect(assignment, folder, "s") == Rejected("The folder holds no notebook.")
    target = tmp_path / "elsewhere.ipynb"
    nbformat.write(desk.source("numbers"), target)
    (folder / "numbers.ipynb").symlink_to(target)
    assert "numbers.ipynb is not a plain file" in collect(assignment, folder, "s").reason


def test_a_folder_that_cannot_be_read_is_rejected(assignment, tmp_path):
    assert "cannot be read" in collect(assignment, tmp_path / "gone", "s").reason


def test_one_missing_of_two_leaves_the_other(desk, pair):
    nbformat.write(desk.release("pair", "second"), desk.folder("s", "pair") / "second.ipynb")
    submission = collect(pair, desk.folder("s", "pair"), "s")
    assert submission.papers["first"] == Rejected("first.ipynb was not handed in.")
    assert not isinstance(submission.papers["second"], Rejected)


def test_a_name_that_a_mac_spells_in_another_way_is_the_same(desk, pair):
    first, second = pair.notebooks.values()
    both = replace(pair, notebooks={"\u00fcber": first, "second": second})
    for name, stem in (("u\u0308ber", "first"), ("second", "second")):
        path = desk.folder("s", "pair") / f"{name}.ipynb"
        nbformat.write(desk.release("pair", stem), path)
    submission = collect(both, desk.folder("s", "pair"), "s")
    assert not any(isinstance(paper, Rejected) for paper in submission.papers.values())
    assert submission.notes == ()


def test_time_and_files_beside_the_notebook(desk, assignment):
    path = desk.hand_in("s", timestamp="2026-03-02 13:00:00 +0200")
    (path.parent / "sub").mkdir()
    (path.parent / "sub/more.txt").write_text("x")
    (path.parent / ".ipynb_checkpoints").mkdir()
    (path.parent / ".ipynb_checkpoints/numbers.ipynb").write_text("x")
    submission = collect(assignment, path.parent, "s")
    assert submission.timestamp.isoformat() == "2026-03-02T11:00:00"
    assert list(submission.files) == ["sub/more.txt"]
    (path.parent / "timestamp.txt").write_text("yesterday, I think")
    submission = collect(assignment, path.parent, "s")
    assert submission.timestamp is None
    assert submission.notes == ("timestamp.txt cannot be read as a time.",)


@pytest.mark.parametrize(
    ("setting", "taken"),
    [
        ("", {"my.csv", "notes.txt", "sub/my.csv"}),
        ("c.CourseDirectory.ignore.append('*.csv')", {"notes.txt"}),
        ("c.CourseDirectory.ignore = ['sub']", {"feedback/a.txt", "my.csv", "notes.txt", "x.pyc"}),
    ],
)
def test_files_that_nbgrader_passes_over_are_not_taken(desk, setting, taken):
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write(setting)
    folder = desk.hand_in("s").parent
    for name in ("feedback/a.txt", "my.csv", "notes.txt", "sub/my.csv", "x.pyc"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    submission = collect(desk.course().load("numbers"), folder, "s")
    assert submission.files.keys() == taken
    assert submission.papers["numbers"].notes == ()


def test_a_time_says_what_its_zone_is_called_then(desk):
    folder = desk.hand_in("s").parent

    def read(text: str, zone: str = "Europe/Berlin") -> str | None:
        (folder / "timestamp.txt").write_text(text, "utf-8")
        when = timestamp_of(read_folder(folder), zone)
        return when and when.isoformat()

    assert read("2026-06-30 23:30:00.000000 CEST") == "2026-06-30T21:30:00"
    # Each hour that comes twice has its own name.
    assert read("2026-10-25 02:30:00.000000 CEST") == "2026-10-25T00:30:00"
    assert read("2026-10-25 02:30:00.000000 CET") == "2026-10-25T01:30:00"
    assert read("2026-06-30 23:30:00.000000 EDT", "America/New_York") == "2026-07-01T03:30:00"
    for zone in ("UTC", "Europe/Berlin", "no zone"):
        assert read("2026-06-30 23:30:00.000000 KDT", zone) is None
        assert read("2026-06-30 23:30:00.000000 America/New_York", zone) == "2026-07-01T03:30:00"
        # With the mark that editors of Windows begin a file with.
        assert read("\ufeff2026-06-30 23:30:00 UTC\r\n", zone) == "2026-06-30T23:30:00"


def test_too_many_files_are_left_out_but_the_notebook_is_not(desk, assignment, monkeypatch):
    monkeypatch.setattr("grader.host.intake.folder.MAX_FILES", 3)
    path = desk.hand_in("s")
    for number in range(9):
        (path.parent / f"a{number}").write_text("x")
    submission = collect(assignment, path.parent, "s")
    assert len(submission.files) == 3
    assert "6 files beside the notebook were left out" in submission.notes[0]
    assert submission.papers["numbers"].notes == ()


@pytest.mark.parametrize("limit", ["MAX_FILES", "MAX_FILES_BYTES", "MAX_ENTRIES"])
def test_nobody_is_less_late_for_files_that_leave_no_room(desk, monkeypatch, limit):
    monkeypatch.setattr(f"grader.host.intake.folder.{limit}", 100)
    folder = desk.hand_in("s", timestamp="2026-03-03 09:15:00 UTC").parent
    for number in range(120):
        (folder / f"a{number}").write_text("x")
    assert timestamp_of(read_folder(folder)) == datetime(2026, 3, 3, 9, 15)


def test_what_tools_keep_takes_no_room_from_what_was_written(desk, assignment, monkeypatch):
    monkeypatch.setattr("grader.host.intake.folder.MAX_FILES", 3)
    folder = desk.hand_in("x").parent
    for name in (".venv/lib/a.py", ".venv/lib/b.py", ".git/c", "helpers/__init__.py", "z/data.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    submission = collect(assignment, folder, "x")
    assert {"helpers/__init__.py", "z/data.csv"} < set(submission.files)


def test_the_fingerprint_is_of_all_that_was_handed_in(desk):
    path = desk.hand_in("s")
    seen = {read_folder(path.parent).fingerprint()}
    os.utime(path, (1, 1))
    assert read_folder(path.parent).fingerprint() in seen
    for change in ("timestamp.txt", "other.py"):
        (path.parent / change).write_text("2026-01-01 00:00:00 UTC")
        seen.add(read_folder(path.parent).fingerprint())
    path.write_text(path.read_text() + " ")
    seen.add(read_folder(path.parent).fingerprint())
    path.rename(path.with_name("b.ipynb"))
    seen.add(read_folder(path.parent).fingerprint())
    assert len(seen) == 5


# --- Folders and files that take too much ------------------------------------------------------


@pytest.mark.parametrize("level", [700_000_000, 10**30, 0, -1, 7, "9", 2.0, True, None, [1]])
def test_a_heading_of_format_3_has_one_of_six_levels(level):
    heading = {"cell_type": "heading", "level": level, "source": "x", "metadata": {}}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [heading]}]}
    rejected = read_notebook(json.dumps(old).encode(), "x.ipynb")
    assert rejected == Rejected("x.ipynb says it is of notebook format 3, but is not.")
    heading["level"] = 2
    # On disk, texts are lists of lines.
    for source in ("x", ["x"]):
        heading["source"] = source
        [cell] = read_notebook(json.dumps(old).encode(), "x.ipynb")
        assert cell.source == "## x"


def test_what_takes_no_room_on_a_disk_is_not_read(desk, assignment):
    path = desk.hand_in("s")
    for name in ("more.ipynb", "more.bin"):
        with path.with_name(name).open("wb") as file:
            file.truncate(3 * 10**12)
    submission = collect(assignment, path.parent, "s")
    assert submission.files == {}
    assert len(submission.notes) == 2
    os.truncate(path, 3 * 10**12)
    assert "3000000 MB; more than 25 MB is not read" in collect(assignment, path.parent, "s").reason


def test_deep_and_wide_folders_are_looked_at_in_part(desk, assignment, monkeypatch):
    monkeypatch.setattr("grader.host.intake.folder.MAX_ENTRIES", 300)
    path = desk.hand_in("s")
    below = os.open(path.parent, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d", dir_fd=below)
        below, above = os.open("d", os.O_RDONLY, dir_fd=below), below
        os.close(above)
    os.close(below)
    submission = collect(assignment, path.parent, "s")
    assert "deeper folders than are looked at" in submission.notes[0]
    for number in range(400):
        path.with_name(f"x{number}").touch()
    submission = collect(assignment, path.parent, "s")
    assert len(submission.files) < 300
    assert submission.papers["numbers"].notes == ()


def test_of_notes_of_one_kind_there_are_ten(desk, assignment):
    path = desk.hand_in("s")
    for number in range(3000):
        path.with_name(f"link{number}").symlink_to("/etc/passwd")
    os.mkfifo(path.with_name("pipe"))
    notes = collect(assignment, path.parent, "s").notes
    assert len(notes) == 11
    assert notes[10] == "The same is true of 2,991 more."


def test_a_paper_comes_back_as_it_was(desk, assignment):
    teacher = assignment.notebooks["numbers"]

    def change(notebook):
        notebook.cells.insert(2, nbformat.v4.new_raw_cell("raw"))
        notebook.cells[0].attachments = {"a.png": {"image/png": "half a sign"}}

    data = desk.hand_in("s", change=change).read_bytes().replace(b"half", rb"\ud800")
    paper = read_paper(teacher, data, "numbers.ipynb")
    assert from_bytes(teacher, as_bytes_of_paper(paper)) == paper
    assert from_bytes(teacher, as_bytes_of_paper(Rejected("no"))) == Rejected("no")
