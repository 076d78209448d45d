"""The course itself: what is built is fresh, and releases give nothing away."""

from __future__ import annotations

import ast
import symtable

import nbformat
import pytest

from authoring.build import build
from authoring.source.exercise import BEGIN_HIDDEN, BEGIN_SOLUTION, END_HIDDEN, END_SOLUTION
from authoring.source.sources import Lesson, Sources
from tests.conftest import ROOT

COURSE = Sources.at(ROOT)
LESSONS = COURSE.lessons()

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])


def test_what_is_built_is_what_the_sources_say() -> None:
    assert list(build.stale(COURSE)) == [], "run make build, and commit what it built"


@each_lesson
def test_the_release_holds_no_line_of_a_solution_or_a_hidden_test(lesson: Lesson) -> None:
    secret: set[str] = set()
    shown: set[str] = set()
    for cell in nbformat.read(lesson.solution, as_version=4).cells:
        inside = False
        for line in map(str.strip, cell.source.splitlines()):
            inside = (inside or line in (BEGIN_SOLUTION, BEGIN_HIDDEN)) and line not in (
                END_SOLUTION,
                END_HIDDEN,
            )
            (secret if inside else shown).add(line)
    released = {
        line.strip()
        for cell in nbformat.read(lesson.exercise, as_version=4).cells
        for line in cell.source.splitlines()
    }
    # A line that stands in a visible test too, or one as short as `return x`, gives nothing away.
    assert {line for line in secret & released - shown if len(line) > 12} == set()
    assert {BEGIN_SOLUTION, BEGIN_HIDDEN} <= secret


@each_lesson
def test_no_test_remembers_an_answer_for_a_later_one(lesson: Lesson) -> None:
    """Learners may bind another one in between, of which it would be told nothing."""
    cells = nbformat.read(lesson.solution, as_version=4).cells
    course = [cell.metadata.get("course", {}) for cell in cells]
    answers = {name for found in course for name in found.get("answers", ())}
    remembered: set[str] = set()
    for cell in cells:
        if cell.cell_type != "code" or not cell.metadata.get("nbgrader", {}).get("grade"):
            continue
        kept = {
            node.name
            for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, ast.FunctionDef)
            and any("cache" in ast.unparse(one) for one in node.decorator_list)
        }
        for table in symtable.symtable(cell.source, cell.id, "exec").get_children():
            if table.get_name() in kept and isinstance(table, symtable.Function):
                remembered |= answers.intersection(table.get_globals())
    assert remembered == set()


@each_lesson
def test_no_cell_of_a_lesson_is_longer_than_a_screen(lesson: Lesson) -> None:
    cells = nbformat.read(lesson.notebook, as_version=4).cells
    shown = [
        len([line for line in cell.source.splitlines() if line.strip()])
        for cell in cells
        if cell.cell_type == "code" and not cell.metadata.get("jupyter", {}).get("source_hidden")
    ]
    assert max(shown) <= 25


@each_lesson
def test_the_readme_leads_to_every_lesson(lesson: Lesson) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"- {lesson.number} [" in readme
    assert f"](notebooks/{lesson.name}.ipynb): " in readme
