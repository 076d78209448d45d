"""`authoring build`: brings notebooks and banks up to date with course/."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import nbformat.reader

from authoring.build import glossary, stills
from authoring.build.execute import executed
from authoring.build.glossary_page import glossary_notebook
from authoring.build.lessons import lessons as lessons_file
from authoring.build.notebook import instructor_notebook, lesson_notebook, reading_notebook
from authoring.build.practice_bank import practice_bank
from authoring.build.release import release_notebooks
from authoring.build.sheet import sheet
from authoring.build.start import start_notebook
from authoring.build.text_file import TextFile
from authoring.source.questions import Source, sources
from authoring.source.sources import Lesson, Sources
from coursekit.learn.questions.schema import GENERAL


@dataclass(frozen=True)
class Target:
    """A built notebook and what it should be, outputs apart."""

    path: Path
    wanted: nbformat.NotebookNode
    run: bool = False

    @property
    def is_fresh(self) -> bool:
        """Whether the file has the wanted cells, metadata and ids; outputs do not count."""
        if not self.path.is_file():
            return False
        try:
            there = nbformat.read(self.path, as_version=4)
        except nbformat.reader.NotJSONError:
            # As a merge leaves it.
            return False
        return without_outputs(there) == without_outputs(self.wanted)

    def write(self, force: bool = False) -> None:
        """Writes the file, after running the notebook if its outputs belong to it.

        Where only text has changed since it ran, its outputs stay, unless it is forced to run.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        notebook = self.wanted
        if self.run and (force or not self._take_outputs()):
            notebook = executed(self.wanted, self.path.parent)
        nbformat.write(notebook, self.path)

    def _take_outputs(self) -> bool:
        """Takes over the outputs of the file; whether they are those of the same code."""
        try:
            there = nbformat.read(self.path, as_version=4)
        except (OSError, nbformat.reader.NotJSONError):
            return False
        old, new = (
            [cell for cell in one.cells if cell.cell_type == "code"] for one in (there, self.wanted)
        )
        if [cell.source for cell in old] != [cell.source for cell in new]:
            return False
        for one, other in zip(old, new, strict=True):
            other.outputs, other.execution_count = one.outputs, one.execution_count
        return True


Built = Target | TextFile


def main(
    course: Sources,
    lessons: Sequence[Lesson],
    *,
    force: bool = False,
    report: Callable[[str], None] = print,
) -> None:
    """Builds what differs from its source, and says what it built.

    Raises:
        SourceError: for a mistake in a source; nothing of that lesson is written then.
    """
    for lesson in lessons:
        # The bank first: the lesson shows it when it runs.
        wanted: list[Built] = [*_banks(course, lesson.name), *targets(lesson), *_sheets(lesson)]
        for target in wanted:
            _bring_up(course, target, force, report)
        # What it prints counts in the minutes that it says, and in its measure.
        again = lesson_target(lesson)
        if not again.is_fresh:
            again.write()
    for target in [*_shared(course), *_banks(course, GENERAL)]:
        _bring_up(course, target, force, report)
    # Last: what computes a trace may change how libraries log.
    for path in [*(one.notebook for one in lessons), *(page.path for page in _pages(course))]:
        if stills.refresh(path):
            report(f"  questions   {path.relative_to(course.root)}")


def _shared(course: Sources) -> list[Built]:
    """What is of no single lesson, but for banks."""
    return [_start(course), lessons_file(course), *_glossary(course), *_pages(course)]


def _start(course: Sources) -> Target:
    return Target(course.root / "notebooks" / "start.ipynb", start_notebook(course))


def _glossary(course: Sources) -> list[Target]:
    """The page of words and symbols, if there are any."""
    found = glossary.read(course)
    path = course.root / "notebooks" / f"{glossary.NAME}.ipynb"
    return [Target(path, glossary_notebook(course, found))] if found else []


def _pages(course: Sources) -> list[Target]:
    """The notebooks that belong to no lesson, such as the primers, as far as they are written."""
    return [
        Target(
            course.root / "notebooks" / f"{source.stem}.ipynb",
            reading_notebook(course, source, source.stem),
            run=True,
        )
        for source in sorted((course.root / "course" / GENERAL).glob("*.py"))
    ]


def _banks(course: Sources, name: str) -> list[TextFile]:
    """The bank of this name, if it has been written."""
    source = Source(course, name)
    return [practice_bank(source)] if source.path.is_file() else []


def _sheets(lesson: Lesson) -> list[TextFile]:
    """The cheat sheet, if the lesson has one."""
    found = sheet(lesson)
    return [found] if found else []


def targets(lesson: Lesson) -> list[Target]:
    """The three notebooks of a lesson, and what goes further, if there is anything."""
    instructor = instructor_notebook(lesson)
    release = release_notebooks([(lesson.name, instructor)])[lesson.name]
    return [
        Target(lesson.solution, instructor),
        Target(lesson.exercise, release),
        lesson_target(lesson),
        *_further(lesson),
    ]


def lesson_target(lesson: Lesson) -> Target:
    """The notebook to read and run."""
    return Target(lesson.notebook, lesson_notebook(lesson), run=True)


def _further(lesson: Lesson) -> list[Target]:
    if not lesson.further.is_file():
        return []
    course, name = lesson.course, f"further/{lesson.name}"
    path = course.root / "notebooks" / f"{name}.ipynb"
    return [Target(path, reading_notebook(course, lesson.further, name), run=True)]


def stale(course: Sources) -> Iterator[Path]:
    """Built files that differ from their source, and files that nothing builds."""
    all_targets = _shared(course)
    for lesson in course.lessons():
        all_targets += [*targets(lesson), *_sheets(lesson)]
    all_targets += [practice_bank(source) for source in sources(course)]
    yield from (target.path for target in all_targets if not target.is_fresh)
    wanted = {target.path for target in all_targets}
    for folder in ("notebooks", "solutions", "exercises"):
        for path in sorted((course.root / folder).rglob("*.ipynb")):
            if path not in wanted and ".ipynb_checkpoints" not in path.parts:
                yield path
    for path in sorted((course.root / "coursekit" / "learn" / "questions" / "banks").glob("*.*")):
        if path not in wanted:
            yield path


def _bring_up(course: Sources, target: Built, force: bool, report: Callable[[str], None]) -> None:
    shown = target.path.relative_to(course.root)
    if target.is_fresh and not force:
        report(f"  up to date  {shown}")
        return
    target.write(force)
    report(f"  built       {shown}")


def without_outputs(notebook: nbformat.NotebookNode) -> list[tuple[object, ...]]:
    """What is compared: cells as they are written, pictures too, and the notebook's metadata."""
    cells = [
        (c.id, c.cell_type, c.source, dict(c.metadata), dict(c.get("attachments", {})))
        for c in notebook.cells
    ]
    return [*cells, (dict(notebook.metadata),)]
