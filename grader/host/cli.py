"""The command line: ``grader grade --course . --submitted DIR --out DIR``."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from grader.host import kept_contracts
from grader.host.course import not_honoured
from grader.host.course.course import Course, file_of
from grader.host.desk import commands
from grader.host.engine.engine import Engine
from grader.host.engine.settings import EngineSettings
from grader.host.imports import modules, preload
from grader.host.marking import Marking
from grader.host.settings import AUTO, TIMEOUT
from grader.protocol.errors import GraderError

if TYPE_CHECKING:
    from grader.host.batch import ClassResult, Place
    from grader.host.results.result import Result
    from grader.host.station import Station

# For so few submissions the engine does not prepare as for many.
FEW = 10

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def main() -> None:
    """Grades nbgrader courses."""
    try:
        Path.home()
    except RuntimeError:
        # Jupyter asks for it, and says so in many lines.
        _fail("You have no home folder on this machine: set HOME to a folder.", 1)


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
    timeout: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS|auto",
            help="How long a cell or a test may take. With auto: twenty times as long as it takes "
            f"with your solution, from 15 s to {TIMEOUT:g} s.",
            show_default=f"{TIMEOUT:g}",
        ),
    ] = None,
    regrade: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ITEM",
            help="Give this item a new mark in every submission that was graded before, whatever "
            "changed since, and leave the marks of all other items as they are; may be repeated. "
            "Without it, a run gives new marks to the items of which something changed: the "
            "submission, the item's own tests, or what all items share.",
        ),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ITEM",
            help="Let the tests of this item run beside the learner's code, which can then forge "
            "their result, where they can't be judged apart from it; may be repeated. Without it, "
            "such marks are left to a teacher, with what the tests gave as a suggestion.",
        ),
    ] = None,
    beside_all: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ASSIGNMENT",
            help="The same for all tests of an assignment that can't be judged apart.",
        ),
    ] = None,
    db_url: Annotated[
        str | None,
        typer.Option(
            "--db-url",
            metavar="URL",
            help="The gradebook, for example postgresql://NAME@SERVER/DATABASE. Without it, the "
            "one that c.Grader.db_url or c.CourseDirectory.db_url names, or OUT/gradebook.db.",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Grade on the workers of a Dask cluster, tcp://HOST:PORT, or on local:N, N "
            "processes on this machine.",
        ),
    ] = None,
    show_hidden_tests: Annotated[
        bool,
        typer.Option(
            "--show-hidden-tests", help="Show the code of hidden tests in notebooks and feedback."
        ),
    ] = False,
    ignore_timestamps: Annotated[
        bool,
        typer.Option(
            "--ignore-timestamps",
            help="Take nobody for late: a timestamp.txt beside a notebook may be the learner's.",
        ),
    ] = False,
    no_kept_contracts: Annotated[
        bool,
        typer.Option(
            "--no-kept-contracts",
            help="Make every contract anew: what may cross between a submission and the tests, as "
            "the solution shows. Contracts are kept, each for what it was made for, in the folder "
            f"{kept_contracts.VARIABLE} names, or in your cache.",
        ),
    ] = False,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            show_default=False,
            help="Say what is being done; -vv says it of every submission.",
        ),
    ] = 0,
    no_sandbox: Annotated[
        bool,
        typer.Option(
            "--no-sandbox",
            help="Run learners' code with your own rights: it can then read and change your files "
            "and use the network.",
        ),
    ] = False,
) -> None:
    """Grades a class.

    Every submission ends as graded, or as rejected with a reason. What an earlier run into the same
    folder has graded is not graded again. Marks and comments that you give in Formgrader stay.

    What c.Grader in nbgrader_config.py says holds where no option says otherwise.
    """
    screen = Console(highlight=False, soft_wrap=True)
    _log_for(verbose, screen)
    try:
        opened = Course.open(course)
        not_honoured.check_elsewhere(opened.config)
        settings = opened.settings
        wanted = assignment or opened.handed_in(submitted)
        limit = settings.timeout if timeout is None else _seconds(timeout)
        if cluster is not None and no_sandbox:
            raise GraderError("--no-sandbox is for this machine only: leave it out, or --cluster.")
        with Engine(
            EngineSettings(
                preload=preload(opened, wanted),
                timeout=TIMEOUT if isinstance(limit, str) else limit,
                output_limit=settings.output_limit,
                follows_solution=limit == AUTO,
                shut_in=not no_sandbox,
                show=opened.shown,
                hide=[
                    *opened.hidden,
                    *file_of(db_url),
                    *(submitted, commands.unplaced_beside(submitted), out),
                ],
                limits=settings.limits,
                keep=None if no_kept_contracts else kept_contracts.folder(),
                many=opened.count_handed_in(submitted, wanted) > FEW,
            )
        ) as engine:
            # It warms up while nbgrader is imported here.
            if cluster is None and len(wanted) == 1:
                engine.rooms.import_soon(modules(opened, wanted[0]))
            elif cluster is None:
                engine.rooms.launch()
            from grader.host.batch import Here, grade_class
            from grader.host.contract import Trouble
            from grader.host.engine.autotests import filler
            from grader.host.tasks import find_tasks, load_assignments

            opened = replace(opened, fill=filler(not no_sandbox))
            marking = Marking(
                due=_due(due or [], opened),
                regrade=regrade or [],
                beside=settings.beside if beside is None else beside,
                beside_all=settings.beside_all if beside_all is None else beside_all,
                show_hidden_tests=show_hidden_tests or settings.show_hidden_tests,
                timestamps=settings.timestamps and not ignore_timestamps,
            )
            here = partial(Here, workers=workers or settings.workers)
            assignments = load_assignments(opened, submitted, wanted)
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

                def on_trouble(assignment: str, trouble: Trouble) -> None:
                    status = "broken" if trouble.broken else "by hand"
                    _line(screen, assignment, status, trouble.sentence)

                def on_worker(address: str, why: str) -> None:
                    _line(screen, address, "not used", why)

                done = grade_class(
                    opened,
                    submitted,
                    out,
                    assignments,
                    tasks,
                    engine,
                    marking,
                    db_url,
                    on_result,
                    on_trouble,
                    here if cluster is None else _place(cluster, opened, wanted, on_worker),
                )
    except GraderError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        _fail("Stopped. What was graded is kept: the same command goes on from here.", 130)
    _sum_up(screen, done)


@app.command()
def contract(
    assignment: Annotated[str, typer.Argument(help="Its name, or the number it begins with.")],
    course: Annotated[Path, typer.Option(help="The course, with nbgrader_config.py.")] = Path(),
) -> None:
    """Shows what may cross between a submission and each test, as the solution shows it (JSON)."""
    try:
        opened = Course.open(course)
        from grader.host.engine.autotests import filler

        opened = replace(opened, fill=filler())
        names = [name for name in opened.assignments() if name.startswith(assignment)]
        loaded = opened.load(names[0] if len(names) == 1 else assignment)
        wanted = preload(opened, [loaded.name])
        with Engine(
            EngineSettings(wanted, show=opened.shown, keep=kept_contracts.folder(), many=False)
        ) as engine:
            from grader.host.get_contract import get_contract

            for name in loaded.notebooks:
                print(kept_contracts.shown(get_contract(loaded, name, engine)))
    except GraderError as error:
        _fail(str(error), 1)


@app.command()
def doctor(
    course: Annotated[Path, typer.Option(help="A course, with nbgrader_config.py.")] = Path(),
) -> None:
    """Says what is installed, what works, what does not, and how to mend it."""
    from grader.host.doctor import look

    screen = Console(highlight=False, soft_wrap=True)
    fine = True
    for found in look(course):
        sign, style = ("ok", "green") if found.works else ("no", "bold red")
        if not found.works and not found.needed:
            sign, style = "--", "yellow"
        fine = fine and (found.works or not found.needed)
        screen.print(Text.assemble((sign, style), "  ", found.what))
        if found.remedy and not found.works:
            screen.print(Text(f"    {found.remedy}"))
    if not fine:
        raise typer.Exit(1)


app.command()(commands.release)
app.command()(commands.collect)
app.command()(commands.export)
app.command("return")(commands.give_back)
app.command()(commands.similar)
app.command()(commands.report)
app.command()(commands.forget)
app.command()(commands.review)


def _log_for(verbose: int, screen: Console) -> None:
    """What the grader logs, on the screen: warnings only, unless more is asked for."""
    logger = logging.getLogger("grader")
    logger.setLevel([logging.WARNING, logging.INFO, logging.DEBUG][min(verbose, 2)])
    if verbose and not logger.handlers:
        logger.addHandler(RichHandler(console=screen, show_path=False, markup=False))


def _place(
    address: str, course: Course, names: list[str], tell: Callable[[str, str], None]
) -> Callable[[Station], Place]:
    """A cluster to grade on."""
    try:
        from grader.host.cluster.conductor import place
    except ImportError as error:
        raise GraderError(
            f"--cluster needs Dask, which is missing ({error}): pip install distributed."
        ) from error
    return place(address, course, names, tell)


@app.command()
def leaderboard(
    out: Annotated[Path, typer.Option(help="The folder that a class was graded into.")],
    course: Annotated[Path, typer.Option(help="The course, with nbgrader_config.py.")] = Path(),
    assignment: Annotated[
        str | None,
        typer.Option(help="Its name, or the number it begins with.", show_default="the only one"),
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="Show students by their names, not by pseudonyms.")
    ] = False,
    final: Annotated[
        bool,
        typer.Option(
            "--final", help="Rank by the half that is kept for the end, and show it for all."
        ),
    ] = False,
    ledger: Annotated[
        bool,
        typer.Option("--ledger", help="Show the way down over all assignments, not one ranking."),
    ] = False,
) -> None:
    """Makes one page of a graded class from the figures that its tests have reported: a ranking.

    c.Grader.leaderboards, and c.Grader.ledger, in nbgrader_config.py say which figures, and what
    else is on the page.
    """
    from grader.host.desk.grades import counted
    from grader.host.publish.leaderboard import make_leaderboard
    from grader.host.publish.ledger import make_ledger

    try:
        if ledger and (assignment or final):
            raise GraderError("--ledger shows all assignments, and no half that is kept for later.")
        settings = Course.open(course).settings
        if ledger:
            page = make_ledger(settings.ledger, counted(out), out, names)
        else:
            boards = settings.leaderboards
            page = make_leaderboard(boards, counted(out), out, assignment, names, final)
    except GraderError as error:
        _fail(str(error), 1)
    Console(highlight=False, soft_wrap=True).print(Text(f"Leaderboard: {page}"))


def _seconds(timeout: str) -> float | str:
    if timeout == AUTO:
        return AUTO
    try:
        seconds = float(timeout)
    except ValueError:
        seconds = 0.0
    # Not a number compares as false, too.
    if not 0.1 <= seconds < float("inf"):
        raise GraderError(f"--timeout {timeout} is neither a number of seconds nor {AUTO}.")
    return seconds


def _due(options: list[str], course: Course) -> dict[str, datetime]:
    from grader.host.intake.submission import TYPED, parse_time

    due = {}
    for option in options:
        name, equals, text = option.partition("=")
        try:
            due[name] = parse_time(text, typed=True)
        except ValueError:
            equals = ""
        if not equals:
            raise GraderError(f"--due {option} is not NAME=TIME with a time like {TYPED}.")
        if name not in course.assignments():
            raise GraderError(f"--due {option}: the course has no assignment {name!r}.")
    return due


class _Rate(ProgressColumn):
    """Submissions a second, or a minute where that is less than one."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min")


def _progress(screen: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left:"),
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
    from grader.host.publish.pages import plain

    # Text, not markup: names and reasons may hold brackets.
    styles = {"rejected": "bold red", "broken": "bold red", "skipped": "bold yellow"}
    style = styles.get(status, "yellow")
    line = Text.assemble((" ".join(plain(name).split()), "bold"), " ", (status, style), ": ")
    screen.print(line.append(" ".join(plain(text).split())))


def _sum_up(screen: Console, done: ClassResult) -> None:
    parts = [f"{done.graded} graded", f"{done.rejected} rejected", f"{done.late} late"]
    if done.waiting:
        parts.append(f"{done.waiting} wait for a teacher")
    if done.reused:
        parts.append(f"{done.reused} known from an earlier run")
    screen.print(", ".join(parts) + ".")
    if done.left_over:
        screen.print(
            f"{done.left_over} earlier results have no submission or assignment any more, or can't "
            "be read: they are kept in results/, but are not in grades.csv."
        )
    screen.print(Text(f"Report: {done.report}"))


def _fail(sentence: str, code: int) -> NoReturn:
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(sentence))
    raise typer.Exit(code)
