"""The map of the lessons: what the build takes from course/map.yaml, and the minutes it counts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from authoring.build import build
from authoring.build.lessons import lessons, minutes
from authoring.build.notebook import lesson_notebook
from authoring.check.questions import faults
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, SourceCell, Sources

ROOT = Path(__file__).parents[2]
PROBLEM = """\
- id: counting-practice
  kind: practice
  level: easy
  topic: data
  section: Sums
  prompt: What is <<a>> + 1?
  check: |
    a = one(2, 3, 4, 5)
    answer = a + {added}
  answer:
    by: number
    number: 3
  hint: Count.
  steps:
    - <<a>> + 1 = <<answer>>.
  final: It is <<answer>>.
  quick_check: More than before.
  mistakes:
    - <<a>> forgets to add.
"""


def write_map(course: Sources, text: str) -> None:
    (course.root / "course" / "map.yaml").write_text(text, encoding="utf-8")


def test_the_map_holds_what_is_there_and_what_is_to_come(course: Sources) -> None:
    write_map(
        course,
        "- part: First\n  lessons:\n"
        '  - {number: "01", needs: []}\n  - {number: "02", needs: ["01"], title: More}\n',
    )
    first, second = json.loads(lessons(course).wanted)
    assert (first["name"], first["title"], first["part"]) == ("01_counting", "Counting", "First")
    assert first["minutes"] == 5
    assert (second["name"], second["title"], second["minutes"]) == ("", "More", 0)
    assert second["needs"] == ["01"]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ('{number: "02", needs: [], title: More}', "lesson 01 is missing"),
        ('{number: "01", needs: ["02"]}', "lesson 01 needs 02, which does not come before it"),
        ('{number: "01", needs: [], title: Counting}', "lesson 01 has its title in lesson.py"),
        ('{number: "00", needs: []}', "lesson 00 is to come: give it a title"),
    ],
)
def test_a_map_that_does_not_fit_is_one_sentence(course: Sources, rows: str, problem: str) -> None:
    write_map(course, f"- part: First\n  lessons:\n  - {rows}\n")
    with pytest.raises(SourceError, match=problem):
        lessons(course)


def cell(kind: str, source: str) -> SourceCell:
    return SourceCell(Path("lesson.py"), 1, kind, source, {})


def test_minutes_are_counted_and_practice_apart() -> None:
    words = cell("markdown", "word " * 1500)  # ten minutes
    code = cell("code", "\n".join(["x = 1"] * 60))  # four
    looks = [
        cell("code", 'guess("a")'),
        cell("code", "plot.show(fig, alt='')"),
    ] * 4  # four and some
    assert minutes([words]) == 10
    assert minutes([words, code]) == 15
    assert minutes([words, code, *looks]) == 20
    assert minutes([words, cell("markdown", "## Practise\n" + "word " * 9000), code]) == 10
    assert minutes([cell("markdown", "[a link](" + "x" * 9000 + ")")]) == 5


def test_a_lesson_says_the_minutes_of_the_map(course: Sources, lesson: Lesson) -> None:
    source = lesson.folder / "lesson.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("How many are left?", "It takes {minutes} minutes."))
    assert "It takes 5 minutes." in lesson_notebook(lesson).cells[0].source


def test_outputs_stay_where_only_text_has_changed(course: Sources, lesson: Lesson) -> None:
    build.main(course, [lesson], report=lambda line: None)
    notebook = nbformat.read(lesson.notebook, as_version=4)
    ran = next(one for one in notebook.cells if one.source == "print(1 + 1)")
    ran.outputs[0].text = "as it ran"
    nbformat.write(notebook, lesson.notebook)
    source = lesson.folder / "lesson.py"
    source.write_text(source.read_text().replace("How many are left?", "How many go?"))
    build.main(course, [lesson], report=lambda line: None)
    text = lesson.notebook.read_text(encoding="utf-8")
    assert "How many go?" in text
    assert "as it ran" in text
    source.write_text(source.read_text().replace("print(1 + 1)", "print(1 + 2)"))
    build.main(course, [lesson], report=lambda line: None)
    assert "as it ran" not in lesson.notebook.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ("1", None),
        # Right as it is printed, wrong with other numbers.
        ("(1 if a == 2 else 2)", r"draw \d: .* is .*, not .*: mend it"),
        ("nothing", "the numbers can't be drawn, NameError"),
    ],
)
def test_every_draw_of_a_problem_is_checked(
    course: Sources, added: str, problem: str | None
) -> None:
    path = course.root / "course" / "01_counting" / "questions.yaml"
    path.write_text(PROBLEM.format(added=added), encoding="utf-8")
    try:
        found = [str(fault) for fault in faults(course) if re.search(r"draw \d", str(fault))]
    except SourceError as error:
        found = [str(error)]
    if problem is None:
        assert found == []
    else:
        assert [bool(re.search(problem, text)) for text in found] == [True], found
