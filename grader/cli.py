"""The command line: ``grader grade --course . --submitted DIR --out DIR``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from grader.assignment import Course
from grader.conduct import ClassResult, find_tasks, grade_class, load_assignments
from grader.errors import GraderError
from grader.intake import parse_time
from grader.pages import plain
from grader.player import TIMEOUT
from grader.results import Result

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def main() -> None:
    """Grades nbgrader courses."""


@app.command()
def grade(
    submitted: Annotated[
        Path,
        typer.Option(
            help="What was handed in, as nbgrader lays it out: STUDENT/ASSIGNMENT/*.ipynb."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Where results, gradebook, feedback and report go.")],
    course: Annotated[Path, typer.Option(help="The course, with nbgrader_config.py.")] = Path(),
    assignment: Annotated[
        list[str] | None, typer.Option(help="Only this assignment; may be repeated.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Submissions at the same time.", show_default="one a core"),
    ] = None,
    due: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=TIME", help="When an assignment was due, ISO 8601; UTC without a zone."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds a cell may take.")] = TIMEOUT,
) -> None:
    """Grades a class.

    Every submission ends as graded, or as rejected with a reason. What an earlier run into the same
    folder has graded is not graded again. Learners' code runs without a sandbox: grade people you
    trust not to attack you, or in a container.
    """
    screen = Console(highlight=False, soft_wrap=True)
    try:
        opened = Course.open(course)
        times = _due(due or [], opened)
        assignments = load_assignments(opened, submitted, assignment or [])
        tasks, others = find_tasks(submitted, assignments)
        if not tasks:
            names = " or ".join(assignment) if assignment else "any assignment of the course"
            raise GraderError(
                f"There is no submission for {names} in {submitted}: "
                "it should hold STUDENT/ASSIGNMENT/NOTEBOOK.ipynb."
            )
        for folder, reason in others.items():
            # Who names assignments knows that there are others.
            if not assignment or "/" not in folder:
                _line(screen, folder, "skipped", reason)
        with _progress(screen) as progress:
            bar = progress.add_task("Grading", total=len(tasks))

            def on_result(result: Result) -> None:
                progress.advance(bar)
                _tell(screen, result)

            done = grade_class(
                opened, submitted, out, assignments, tasks, times, workers, timeout, on_result
            )
    except GraderError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        _fail("Stopped. What was graded is kept: the same command goes on from here.", 130)
    _sum_up(screen, done)


def _due(options: list[str], course: Course) -> dict[str, datetime]:
    due = {}
    for option in options:
        name, equals, text = option.partition("=")
        try:
            due[name] = parse_time(text)
        except ValueError:
            equals = ""
        if not equals:
            raise GraderError(f"--due {option} is not NAME=TIME with a time like 2026-11-30T23:59.")
        if name not in course.assignments():
            raise GraderError(f"--due {option}: the course has no assignment {name!r}.")
    return due


def _progress(screen: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
    )


def _tell(screen: Console, result: Result) -> None:
    """One line for a submission with a problem. Nothing for the others."""
    name = f"{result.student}/{result.assignment}"
    if result.status == "rejected":
        _line(screen, name, "rejected", result.reason or "")
    elif result.notes:
        _line(screen, name, "graded", " ".join(result.notes))


def _line(screen: Console, name: str, status: str, text: str) -> None:
    # Text, not markup: names and reasons may hold brackets.
    style = {"rejected": "bold red", "skipped": "bold yellow"}.get(status, "yellow")
    line = Text.assemble((" ".join(plain(name).split()), "bold"), " ", (status, style), ": ")
    screen.print(line.append(" ".join(plain(text).split())))


def _sum_up(screen: Console, done: ClassResult) -> None:
    rejected = sum(result.status == "rejected" for result in done.results)
    late = sum(done.late[result.key] for result in done.results)
    waiting = sum(any(item.needs_manual for item in result.items) for result in done.results)
    parts = [f"{len(done.results) - rejected} graded", f"{rejected} rejected", f"{late} late"]
    if waiting:
        parts.append(f"{waiting} wait for a teacher")
    if done.reused:
        parts.append(f"{done.reused} known from an earlier run")
    screen.print(", ".join(parts) + ".")
    if done.left_over:
        screen.print(
            f"{done.left_over} earlier results have no submission any more: "
            "they are kept in results/, but are not in grades.csv."
        )
    screen.print(Text(f"Report: {done.report}"))


def _fail(sentence: str, code: int) -> NoReturn:
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(sentence))
    raise typer.Exit(code)
