"""The command line for learners: `coursekit --help`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console

from coursekit.desk import workspace
from coursekit.desk.workspace import Change
from coursekit.exercises.folders import FOLDER, WorkspaceError, course_root

app = typer.Typer(
    help="For learners: open the course, begin a lesson anew, find out what is wrong.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
console = Console(highlight=False, soft_wrap=True)
T = TypeVar("T")

# More goes to JupyterLab as it is: coursekit lab --port 9999.
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(context_settings=_PASSED_ON)
def lab(context: typer.Context) -> None:
    """Opens JupyterLab on your workspace. Options go to JupyterLab: --port 9999."""
    from coursekit.desk import lab as lab_

    folder = _filled()
    console.print("Starting JupyterLab. Control-C stops it.")
    raise typer.Exit(lab_.main(folder, context.args))


@app.command()
def fill() -> None:
    """Brings your workspace up to date with the course, and opens nothing."""
    _filled()


@app.command()
def again(
    lesson: Annotated[str, typer.Argument(help="The lesson's number, as in 07.")],
) -> None:
    """Begins a lesson and its exercise anew. What you had is kept beside it."""
    course = _or_stop(course_root)
    folder = course / FOLDER
    for kept in _or_stop(lambda: workspace.again(course, folder, lesson)):
        console.print(f"Kept: {FOLDER}/{kept}")
    console.print(f"Lesson {lesson.zfill(2)} is as new, in {FOLDER}/.")


@app.command()
def check(
    exercise: Annotated[str, typer.Argument(help="A lesson's number, as in 07, or a notebook.")],
) -> None:
    """Says of each item of your exercise whether it is done, as far as you can see."""
    from coursekit.exercises import check as check_

    raise typer.Exit(check_.main([exercise]))


@app.command("test")
def test_(
    lessons: Annotated[
        list[str] | None, typer.Argument(help="Numbers, as in 07; without, all.")
    ] = None,
) -> None:
    """Runs every lesson, and the given cells of exercises: does all of it work here?"""
    from coursekit.exercises import try_out

    course = _or_stop(course_root)
    failed = 0
    for tried in _or_stop(lambda: try_out.main(course, lessons or [])):
        mark = "[red]no[/]" if tried.problem else "[green]ok[/]"
        console.print(f"{mark}  {tried.name}  {tried.seconds:.0f} s, {tried.mebibytes:,.0f} MiB")
        if tried.problem:
            failed += 1
            console.print(tried.problem, markup=False)
    if failed:
        console.print("`coursekit doctor` may say why.")
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Says what is installed, what works, what does not, and how to mend it."""
    from coursekit.desk import doctor as doctor_

    found = list(doctor_.main())
    for finding in found:
        mark = "[green]ok[/]  " if finding.works else "[red]no[/]  "
        console.print(mark + finding.what)
        if finding.remedy:
            console.print(f"    {finding.remedy}", markup=False)
    if any(not finding.works and finding.needed for finding in found):
        raise typer.Exit(1)


def _filled() -> Path:
    """The workspace, up to date; says what came."""
    course = _or_stop(course_root)
    folder = course / FOLDER
    first = not folder.exists()
    changes = _or_stop(lambda: workspace.fill(course, folder))
    if first:
        console.print(f"Your own copies are in {FOLDER}/.")
    else:
        for change in changes:
            console.print(_told(change))
    return folder


def _told(change: Change) -> str:
    match change.what:
        case "new":
            return f"New: {change.path}"
        case "updated":
            return f"Brought up to date: {change.path}"
        case "beside":
            return f"You have changed this one, so the new version lies beside yours: {change.path}"


def _or_stop(work: Callable[[], T]) -> T:
    try:
        return work()
    except WorkspaceError as error:
        _stop(error)


def _stop(error: Exception) -> NoReturn:
    console.print(str(error), style="red", markup=False)
    raise typer.Exit(1)
