"""The command line for authors: `authoring --help`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from nbclient.exceptions import CellExecutionError
from rich.console import Console

from authoring import build as build_
from authoring import handout
from authoring.problems import SourceError
from authoring.release import ReleaseError
from authoring.sources import Course, Lesson

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
    course = Course.at(Path.cwd())
    try:
        build_.main(course, _chosen(course, number), force=force, report=console.print)
    except (SourceError, ReleaseError, CellExecutionError) as error:
        _stop(error)


@app.command("class")
def class_(
    out: Annotated[Path, typer.Argument(help="A new folder for what the class gets.")],
) -> None:
    """Exports what learners get: no sources, no solutions, nothing that holds an answer."""
    try:
        handout.main(Course.at(Path.cwd()), out)
    except FileExistsError as error:
        _stop(error)
    console.print(f"What the class gets is in {out}. Keep solutions/ private for marks that count.")


def _chosen(course: Course, number: str | None) -> list[Lesson]:
    try:
        return [course.lesson(number)] if number else course.lessons()
    except LookupError as error:
        _stop(error)


def _stop(error: Exception) -> NoReturn:
    console.print(str(error), style="red", markup=False)
    raise typer.Exit(1)
