"""The desk on the command line: release, collect, export, return, similar, report, forget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.text import Text

from grader.host.course.course import Course
from grader.protocol.errors import GraderError


class System(StrEnum):
    """Where submissions come from."""

    moodle = "moodle"
    canvas = "canvas"
    classroom = "classroom"
    nbgrader = "nbgrader"
    loose = "loose"


class Form(StrEnum):
    """What marks are written as."""

    moodle = "moodle"
    canvas = "canvas"
    csv = "csv"
    jsonl = "jsonl"


class Lms(StrEnum):
    """Where feedback goes back to."""

    moodle = "moodle"
    canvas = "canvas"


_Course = Annotated[Path, typer.Option(help="The course, with nbgrader_config.py.")]
_Submitted = Annotated[Path, typer.Option(help="Where `collect` laid submissions.")]
_Out = Annotated[Path, typer.Option(help="The folder that the class was graded into.")]
_Assignment = Annotated[
    str | None, typer.Option(help="Its name, or the number it begins with.", show_default="all")
]
_Pseudonyms = Annotated[
    bool,
    typer.Option(
        "--pseudonyms",
        help="Call learners by pseudonyms; OUT/results/pseudonyms.json alone says who is who.",
    ),
]
_File = Annotated[
    Path | None, typer.Option(help="Where to write it.", show_default="a name of its own in OUT")
]


def unplaced_beside(submitted: Path) -> Path:
    """Where `collect` keeps what it could not place, and what somebody has handed in before."""
    return submitted.absolute().parent / "unplaced"


def release(
    assignment: Annotated[
        str, typer.Option(help="Its name, or the number it begins with.", show_default=False)
    ],
    roster: Annotated[
        list[Path], typer.Option(help="Who is in the class, as for `collect`; may be repeated.")
    ],
    to: Annotated[Path, typer.Option(help="Where to write STUDENT/ASSIGNMENT/*.ipynb.")],
    course: _Course = Path(),
    variants: Annotated[
        int, typer.Option(min=2, max=100, help="How many different ones there are.")
    ] = 10,
) -> None:
    """Hands out an exercise that differs by learner: a folder for each, with numbers of its own.

    Who was given which is kept in variants.json, in the folder of the course; `grade` looks there.
    The same command once more writes the same.
    """
    from grader.host.desk.handing_out import hand_out
    from grader.host.desk.roster import Roster
    from grader.host.engine.autotests import filler

    screen = _screen()
    try:
        opened = replace(Course.open(course), fill=filler())
        name = _one(assignment, opened.assignments())
        people = Roster.read(roster)
        for note in people.notes:
            _say(screen, note)
        students = [person.id for person in people.people]
        hand_out(opened, name, students, variants, to)
    except GraderError as error:
        _fail(str(error))
    kept = course / "variants.json"
    screen.print(Text(f"{len(students)} folders in {to}; who has which: {kept}"))


def collect(
    sources: Annotated[
        list[Path], typer.Argument(metavar="ARCHIVE|FOLDER", help="What a system handed out.")
    ],
    submitted: Annotated[
        Path, typer.Option(help="Where to lay them: STUDENT/ASSIGNMENT/*.ipynb.")
    ] = Path("submitted"),
    course: _Course = Path(),
    roster: Annotated[
        list[Path] | None,
        typer.Option(
            help="Who is in the class: a CSV with id, name, email, group, or what the system "
            "writes, such as Moodle's grading worksheet or Canvas's gradebook; may be repeated."
        ),
    ] = None,
    assignment: Annotated[
        str | None,
        typer.Option(
            help="What they are for: its name, or the number it begins with.",
            show_default="what the names say",
        ),
    ] = None,
    system: Annotated[
        System | None,
        typer.Option("--as", help="Where they come from.", show_default="what they look like"),
    ] = None,
    zone: Annotated[
        str, typer.Option(help="The zone of times that name none, such as Europe/Berlin.")
    ] = "UTC",
    due: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When it was due, ISO 8601; UTC without a zone. What Canvas marks as late counts "
            "as one second later: it does not say when.",
        ),
    ] = None,
    unplaced: Annotated[
        Path | None,
        typer.Option(
            help="Where to keep what could not be placed.", show_default="unplaced beside SUBMITTED"
        ),
    ] = None,
) -> None:
    """Brings submissions in: from Moodle, Canvas, GitHub Classroom, nbgrader, or loose notebooks.

    What cannot be placed is listed, with a reason, in UNPLACED/unplaced.csv, and kept there. The
    same command once more changes nothing.
    """
    from grader.host.course.assignment import zone_of
    from grader.host.desk.collecting import collect as collect_
    from grader.host.desk.roster import Roster

    screen = _screen()

    def tell(place: str, reason: str) -> None:
        _line(screen, place, "not placed", f"it {reason}.")

    try:
        opened = Course.open(course)
        assignments = {
            name: sorted(path.stem for path in (opened.source / name).glob("*.ipynb"))
            for name in opened.assignments()
        }
        wanted = None if assignment is None else _one(assignment, list(assignments))
        people = Roster.read(roster, _zone(zone)) if roster else None
        for note in people.notes if people else ():
            _say(screen, note)
        aside = unplaced or unplaced_beside(submitted)
        done = collect_(
            sources,
            submitted,
            aside,
            assignments,
            people,
            system=None if system is None else system.value,
            assignment=wanted,
            due=None if due is None else _time(due),
            zone=zone_of(opened.config),
            tell=tell,
        )
    except GraderError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Stopped. What was collected is kept: the same command goes on from here.", 130)
    for name, found in done.systems.items():
        screen.print(Text(f"{name}: {found}."))
    counts = done.outcomes
    screen.print(
        f"{counts['placed']} placed, {counts['replaced']} brought up to date, "
        f"{counts['unchanged']} there already, {counts['older']} earlier than what is there, "
        f"{counts['unplaced']} not placed."
    )
    if counts["unplaced"]:
        screen.print(Text(f"Why, and what is kept of them: {aside / 'unplaced.csv'}"))
    if done.late:
        screen.print(
            f"{done.late} are marked as late without a time: --due TIME has them graded as late."
        )


def export(
    to: Annotated[Form, typer.Option(help="What to write.")],
    out: _Out,
    submitted: _Submitted = Path("submitted"),
    assignment: _Assignment = None,
    into: Annotated[
        Path | None,
        typer.Option(help="The worksheet or gradebook that the system wrote, to be filled in."),
    ] = None,
    column: Annotated[str | None, typer.Option(help="What Canvas calls the assignment.")] = None,
    scale: Annotated[
        bool | None,
        typer.Option(
            "--scale/--no-scale",
            help="Whether points become those that the system has for full marks.",
            show_default="refuse where these differ",
        ),
    ] = None,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Also marks of which a teacher has still to give a part."),
    ] = False,
    pseudonyms: _Pseudonyms = False,
    file: _File = None,
) -> None:
    """Writes marks as a system imports them: Moodle's worksheet, Canvas's gradebook, CSV, JSONL."""
    from grader.host.desk.grades import Book

    try:
        if pseudonyms and to in (Form.moodle, Form.canvas):
            raise GraderError(
                f"{to.value.capitalize()} has to know whose a mark is: --pseudonyms is for csv and "
                "jsonl."
            )
        book = Book.read(out, submitted, partial, scale)
        if pseudonyms:
            book = book.under(_drawn(out, {grade.student for grade in book.grades}))
        if to is Form.moodle:
            made = book.moodle(assignment, into)
        elif to is Form.canvas:
            made = book.canvas(assignment, into, column)
        else:
            made = book.csv(assignment) if to is Form.csv else book.jsonl(assignment)
        ending = "jsonl" if to is Form.jsonl else "csv"
        name = "-".join(["marks", to.value, *([assignment] if assignment else [])])
        _write(file or out / f"{name}.{ending}", made.data, made.notes)
    except GraderError as error:
        _fail(str(error))


def give_back(
    to: Annotated[Lms, typer.Option(help="The system that they came from.")],
    out: _Out,
    submitted: _Submitted = Path("submitted"),
    assignment: _Assignment = None,
    file: _File = None,
) -> None:
    """Lays feedback out in one zip: Moodle's multiple feedback files, Canvas's re-upload."""
    from grader.host.desk.grades import Book
    from grader.host.desk.returning import bundle

    try:
        book = Book.read(out, submitted)
        data, people, notes = bundle(book, out, to.value, assignment)
        name = "-".join(["feedback", to.value, *([assignment] if assignment else [])])
        _write(file or out / f"{name}.zip", data, [*notes, f"Feedback for {people}."])
    except GraderError as error:
        _fail(str(error))


def similar(
    out: Annotated[Path, typer.Option(help="Where the page goes.")],
    assignment: Annotated[
        str, typer.Option(help="Its name, or the number it begins with.", show_default=False)
    ],
    course: _Course = Path(),
    submitted: _Submitted = Path("submitted"),
    pseudonyms: _Pseudonyms = False,
    file: _File = None,
) -> None:
    """Shows pairs of submissions that have much in common which others have not. No proof."""
    try:
        opened = Course.open(course)
        name = _one(assignment, opened.assignments())
        from grader.host.desk.similar import find, handed_in, page
        from grader.host.engine.autotests import filler

        loaded = replace(opened, fill=filler()).load(name)
        notes: list[str] = []
        texts, found = find(loaded, submitted, notes.append)
        if not texts:
            raise GraderError(f"There is no submission for {name} in {submitted}.")
        notes.append(
            f"{len(texts)} submissions, {len(found)} pairs to look at. A likeness is no proof."
        )
        students = {folder.parent.name for folder in handed_in(loaded, submitted)}
        called = _drawn(out, students) if pseudonyms else None
        data = page(loaded, texts, found, called, submitted).encode("utf-8", "replace")
        _write(file or out / f"similar-{name}.html", data, notes)
    except GraderError as error:
        _fail(str(error))


def report(
    out: _Out,
    course: _Course = Path(),
    submitted: _Submitted = Path("submitted"),
    assignment: _Assignment = None,
    before: Annotated[
        Path | None,
        typer.Option(metavar="REPORT", help="The folder of an earlier report, to stand beside it."),
    ] = None,
    pseudonyms: _Pseudonyms = False,
    to: Annotated[
        Path | None,
        typer.Option(help="The folder to write into.", show_default="report in OUT"),
    ] = None,
) -> None:
    """Says what the class believes: difficulty and discrimination of items, misconceptions.

    A page and three tables for the class, and a page for each learner. Marks that you have given
    since are in it once `grade` has run again.
    """
    from grader.host.desk.grades import Book
    from grader.host.desk.item_report import Before, ItemReport
    from grader.host.engine.autotests import filler
    from grader.host.result_store import ResultStore

    try:
        earlier = None if before is None else Before.read(before)
        book = Book.read(out, submitted)
        names = sorted({grade.assignment for grade in book.of(assignment)})
        opened = replace(Course.open(course), fill=filler())
        loaded = [opened.load(name) for name in names if name in opened.assignments()]
        called = _drawn(out, {grade.student for grade in book.grades}) if pseudonyms else None
        folder = to or out / ("report-pseudonyms" if pseudonyms else "report")
        notes = ItemReport(ResultStore(out), book, loaded, called, earlier).write(folder)
    except GraderError as error:
        _fail(str(error))
    screen = _screen()
    for note in notes:
        screen.print(Text(note))
    screen.print(Text(f"Written: {folder / 'index.html'}"))


def forget(
    student: Annotated[str, typer.Argument(help="As grades.csv calls them.")],
    out: _Out,
    course: _Course = Path(),
    submitted: _Submitted = Path("submitted"),
    unplaced: Annotated[
        Path | None,
        typer.Option(
            help="What `collect` could not place.", show_default="unplaced beside SUBMITTED"
        ),
    ] = None,
    db_url: Annotated[
        str | None,
        typer.Option("--db-url", metavar="URL", help="The gradebook, as for `grade`."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Removes all that is kept of one student, and says what that was.

    Pages and tables of the class are removed too, as they may speak of them: make them again. It
    can't be undone.
    """
    from grader.host.desk.forgetting import Kept, remove_derived
    from grader.host.desk.forgetting import forget as forget_
    from grader.host.gradebook.connection import Database

    screen = _screen()
    try:
        opened = Course.open(course)
        address = db_url or opened.db_url
        database = Database(address) if address else Database.of_file(out / "gradebook.db")
        aside = unplaced or unplaced_beside(submitted)
        kept = Kept(student, out, submitted, aside, database)
        if not yes and not typer.confirm(f"Remove all that is kept of {student}?"):
            _fail("Nothing was removed.")
        told = forget_(kept, opened)
        if not told:
            _fail(f"Nothing is kept of {student} in {out} or {submitted}.")
        for sentence in told:
            _say(screen, f"Removed: {sentence}" if "Look at" not in sentence else sentence)
        for path in remove_derived(kept):
            _say(screen, f"Removed, as it may speak of them: {path}")
    except GraderError as error:
        _fail(str(error))
    screen.print("`grader grade` makes the report again. Downloads and backups are yours to clean.")


def review(
    out: _Out,
    course: _Course = Path(),
    submitted: _Submitted = Path("submitted"),
    assignment: _Assignment = None,
    db_url: Annotated[
        str | None,
        typer.Option("--db-url", metavar="URL", help="The gradebook, as for `grade`."),
    ] = None,
    pseudonyms: _Pseudonyms = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen.", show_default="any free one")
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Whether to open the page.")
    ] = True,
) -> None:
    """Opens a page on which you mark texts, by keyboard, each mark saved at once.

    It is for this machine alone. The marks go into the gradebook that Formgrader opens; `grade`
    brings them into totals, tables and feedback.
    """
    import webbrowser

    from grader.host.desk.placing import collected
    from grader.host.desk.review_server import ReviewServer
    from grader.host.desk.reviewing import Review
    from grader.host.engine.autotests import filler
    from grader.host.gradebook.connection import Database
    from grader.host.result_store import ResultStore

    screen = _screen()
    try:
        opened = replace(Course.open(course), fill=filler())
        store = ResultStore(out)
        keys = store.keys()
        graded = sorted({name for name, _ in keys} & set(opened.assignments()))
        names = graded if assignment is None else [_one(assignment, graded)]
        address = db_url or opened.db_url
        database = Database(address) if address else Database.of_file(store.gradebook)
        called = _drawn(out, {student for _, student in keys}) if pseudonyms else None
        loaded = [opened.load(name) for name in names]
        marking = Review(store, database, loaded, called, collected(submitted))
        if not marking.places:
            raise GraderError(f"{', '.join(names) or 'What was graded'} has no item that you mark.")
        waiting = sum(count for count, _ in marking.counts().values())
        server = ReviewServer(marking, port)
        screen.print(f"{waiting} texts wait. Ctrl-C ends; each mark is saved at once.")
        screen.print(Text(server.url))
        if browser:
            webbrowser.open(server.url)
        server.serve()
    except GraderError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        screen.print("Ended. `grader grade` brings the marks into tables and feedback.")


def _drawn(out: Path, students: Iterable[str]) -> dict[str, str]:
    from grader.host.publish.pseudonyms import pseudonyms
    from grader.host.result_store import cannot_write

    with cannot_write(out, "The marks are kept"):
        return pseudonyms(out, students)


def _write(path: Path, data: bytes, notes: list[str]) -> None:
    from grader.host.result_store import cannot_write
    from grader.host.results.result import write_atomically

    with cannot_write(path.parent):
        write_atomically(path, data)
    screen = _screen()
    for note in notes:
        _say(screen, note)
    screen.print(Text(f"Written: {path}"))


def _one(begin: str, names: list[str]) -> str:
    fitting = [name for name in names if name == begin] or [
        name for name in names if name.startswith(begin)
    ]
    if len(fitting) != 1:
        raise GraderError(
            f"The course has no one assignment {begin!r}; it has {', '.join(names) or 'none'}."
        )
    return fitting[0]


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise GraderError(f"--zone {name} is no zone such as Europe/Berlin.") from error


def _time(text: str) -> datetime:
    from grader.host.intake.submission import TYPED, parse_time

    try:
        return parse_time(text, typed=True)
    except ValueError as error:
        raise GraderError(f"--due {text} is no time like {TYPED}.") from error


def _screen() -> Console:
    return Console(highlight=False, soft_wrap=True)


def _line(screen: Console, name: str, status: str, text: str) -> None:
    from grader.host.publish.pages import plain

    line = Text.assemble((" ".join(plain(name).split()), "bold"), " ", (status, "yellow"), ": ")
    screen.print(line.append(" ".join(plain(text).split())))


def _say(screen: Console, sentence: str) -> None:
    """Names in it are what people or their systems have written."""
    from grader.host.publish.pages import plain

    # What is no UTF-8 can't be printed.
    screen.print(Text(plain(sentence.encode("utf-8", "backslashreplace").decode())))


def _fail(sentence: str, code: int = 1) -> NoReturn:
    _say(Console(stderr=True, highlight=False, soft_wrap=True), sentence)
    raise typer.Exit(code)
