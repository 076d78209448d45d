"""The command line for authors: `authoring --help`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from nbclient.exceptions import CellExecutionError
from rich.console import Console
from rich.markup import escape

from authoring import build as build_
from authoring import handout, sample_class, verify
from authoring.problems import SourceError
from authoring.release import ReleaseError
from authoring.sources import Course, Lesson
from grader.player import Player

app = typer.Typer(
    help="For authors: from course/ to notebooks, and its checks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, soft_wrap=True)

Number = Annotated[str | None, typer.Argument(help="A lesson's number, as in 07; without, all.")]


@app.command()
def build(
    number: Number = None,
    force: Annotated[bool, typer.Option(help="Build even what is up to date.")] = False,
) -> None:
    """Brings notebooks/, solutions/ and exercises/ up to date with course/."""
    course = _here()
    try:
        build_.main(course, _chosen(course, number), force=force, report=console.print)
    except (SourceError, ReleaseError, CellExecutionError) as error:
        _stop(error)


@app.command()
def check(number: Number = None) -> None:
    """Runs every answer of the banks: each must get its points and its hint, no more, no less."""
    lessons = _chosen(_here(), number)
    failed = 0
    try:
        with Player(timeout=verify.TIMEOUT) as player:
            for lesson in lessons:
                for verdict in verify.verdicts(lesson, player):
                    failed += not verdict.holds
                    mark = "[green]ok[/]  " if verdict.holds else "[red]no[/]  "
                    text = f"{verdict.item}, “{verdict.answer}”" if verdict.holds else str(verdict)
                    console.print(mark + escape(f"{lesson.number}  {text}"))
                for name in sorted(verify.undeclared_changes(lesson, player)):
                    failed += 1
                    console.print(
                        f"[red]no[/]  {lesson.number}  the reference solution changes the given "
                        f"value {name}: declare it in answers=, or leave it alone"
                    )
    except SourceError as error:
        _stop(error)
    if failed:
        raise typer.Exit(1)


@app.command("sample-class")
def sample_class_(
    out: Annotated[Path, typer.Argument(help="Where it goes.")] = Path("data/sample_class"),
) -> None:
    """Writes the made-up class that `make grade` grades, and the marks that it must get."""
    course = _here()
    sample_class.main(course, [lesson.number for lesson in course.lessons()], out)


@app.command("class")
def class_(
    out: Annotated[Path, typer.Argument(help="A new folder for what the class gets.")],
) -> None:
    """Exports what learners get: no sources, no solutions, nothing that holds an answer."""
    try:
        handout.main(_here(), out)
    except FileExistsError as error:
        _stop(error)
    console.print(f"What the class gets is in {out}. Keep solutions/ private for marks that count.")


def _here() -> Course:
    try:
        return Course.at(Path.cwd())
    except LookupError as error:
        _stop(error)


def _chosen(course: Course, number: str | None) -> list[Lesson]:
    try:
        return [course.lesson(number)] if number else course.lessons()
    except LookupError as error:
        _stop(error)


def _stop(error: Exception) -> NoReturn:
    console.print(str(error), style="red", markup=False)
    raise typer.Exit(1)
