"""The command line for authors: `authoring --help`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from nbclient.exceptions import CellExecutionError
from rich.console import Console
from rich.markup import escape

from authoring import class_export, mark, new
from authoring.build import build as build_
from authoring.build import hosting
from authoring.build.release import ReleaseError
from authoring.check import questions, sample_class
from authoring.site import workflow
from authoring.source import guesses
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, Sources, read_cells
from grader import GraderError

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
    """Brings notebooks/, solutions/, exercises/ and banks of questions up to date with course/."""
    course = _here()
    try:
        build_.main(course, _chosen(course, number), force=force, report=console.print)
    except (SourceError, ReleaseError, CellExecutionError) as error:
        _stop(error)


@app.command()
def check(
    number: Number = None,
    variants: Annotated[
        int, typer.Option(help="Where an exercise differs by learner, for so many numbers, too.")
    ] = 0,
) -> None:
    """Runs every answer of the banks: each must get its points and its hint, no more, no less.

    The guesses of the lessons are looked at before: each is asked alone, and answered below.

    The questions of all lessons are checked first, whichever lesson is named: that takes seconds.
    """
    # It imports nbgrader, which takes as long as all else here.
    from authoring.check import answers

    course = _here()
    lessons = _chosen(course, number)
    failed = 0
    try:
        for lesson in lessons:
            guesses.check(read_cells(lesson.folder / "lesson.py"))
        for problem in questions.faults(course):
            failed += 1
            console.print("[red]no[/]  " + escape(str(problem)))
        if not failed:
            console.print("[green]ok[/]  the questions of all lessons")
        with answers.engine_for(course) as engine:
            for lesson in lessons:
                for variant in range(variants + 1):
                    named = f"{lesson.number}/{variant}" if variant else lesson.number
                    for verdict in answers.verdicts(lesson, engine, variant):
                        failed += not verdict.holds
                        mark = "[green]ok[/]  " if verdict.holds else "[red]no[/]  "
                        about = f"{verdict.item}, “{verdict.answer}”"
                        text = about if verdict.holds else str(verdict)
                        console.print(mark + escape(f"{named}  {text}"))
                for fault in answers.faults(lesson, engine):
                    failed += 1
                    console.print("[red]no[/]  " + escape(f"{lesson.number}  {fault}"))
    except (SourceError, GraderError) as error:
        _stop(error)
    if failed:
        raise typer.Exit(1)


@app.command()
def mutation(number: Number = None) -> None:
    """Hands in reference answers with small mistakes in them: the tests must notice."""
    # Here, because only authors have Cosmic Ray, and learners' teachers use this command line too.
    from authoring.check import mutation

    course = _here()
    outcomes, unlisted, stale = [], [], []
    try:
        with mutation.engine(course) as engine:
            for lesson in _chosen(course, number):
                equivalent = mutation.listed(lesson)
                found = list(mutation.tried(lesson, engine))
                for item, (count, survived) in mutation.by_item(found).items():
                    console.print(
                        f"{lesson.number}  {item}: {count - survived} of {count} lose points"
                    )
                new, old = mutation.differences(found, equivalent)
                unlisted += [f"{lesson.number}  {change}" for change in new]
                stale += [f"{lesson.number}  {change}" for change in old]
                outcomes += found
    except (SourceError, GraderError) as error:
        _stop(error)
    for line in unlisted:
        console.print("[red]survives[/]  " + escape(line))
    for line in stale:
        console.print("[red]is listed, but loses points[/]  " + escape(line))
    share = mutation.share(outcomes)
    console.print(f"{share:.1%} of {len(outcomes)} mutants lose points")
    # A lesson alone may have more answers that are as good than the course has.
    if unlisted or stale or (number is None and share < mutation.SHARE):
        raise typer.Exit(1)


@app.command("sample-class")
def sample_class_(
    submitted: Annotated[
        Path, typer.Argument(help="Where its folders go.")
    ] = sample_class.SUBMITTED,
) -> None:
    """Makes the class that `make grade` grades; course/sample_class.csv has its marks."""
    course = _here()
    console.print("Making the sample class from the answer banks: some seconds.")
    lessons = [lesson.number for lesson in course.lessons()]
    count = sample_class.main(course, lessons, submitted, course.root / sample_class.EXPECTED)
    console.print(f"{count} submissions to {len(lessons)} exercises are in {submitted}.")


@app.command("mark")
def mark_(number: Annotated[str, typer.Argument(help="A lesson's number, as in 07.")]) -> None:
    """Marks your own exercise as a teacher would, with the hidden tests; the feedback opens."""
    raise typer.Exit(mark.main([number]))


@app.command("new")
def new_(
    number: Annotated[str, typer.Argument(help="A lesson's number, as in 06.")],
    title: Annotated[str, typer.Argument(help="Its title, as on the map.")],
) -> None:
    """Writes the skeleton of a lesson into course/: it builds and passes, and is written over."""
    try:
        lesson = new.main(_here(), number, title)
    except (ValueError, FileExistsError) as error:
        _stop(error)
    console.print(f"course/{lesson.name}/ is there. Next: authoring build {number}")


@app.command("class")
def class_(
    out: Annotated[Path, typer.Argument(help="A new folder for what the class gets.")],
) -> None:
    """Exports what learners get: no sources, no solutions, nothing that holds an answer."""
    try:
        class_export.main(_here(), out)
    except FileExistsError as error:
        _stop(error)
    console.print(f"What the class gets is in {out}. Keep solutions/ private for marks that count.")


@app.command()
def site() -> None:
    """Makes the course's pages in out/site from the built notebooks."""
    # Here, because only authors have what it needs.
    from authoring.site import build as site_
    from authoring.site.faults import SiteError

    try:
        site_.main(_here())
    except SiteError as error:
        _stop(error)
    console.print(f"The site is made: open {site_.SITE / 'index.html'}.")
    console.print(f"To practise there, too: python -m http.server --directory {site_.SITE}")
    console.print(f"{site_.SITE}.zip has all of it, to put on any web server.")


@app.command()
def publish(
    repository: Annotated[str, typer.Argument(help="Where the course is hosted: owner/name.")],
    branch: Annotated[str, typer.Option(help="What badges open.")] = "main",
) -> None:
    """Names the repository in pyproject.toml, builds all badges and links to it, has it publish."""
    from authoring.site import reader

    try:
        hosting.publish(_here().root, repository, branch)
    except SourceError as error:
        _stop(error)
    # The start page shows it.
    reader.draw(_here().root, repository, _here().root / reader.PICTURE)
    build()
    workflow.write(_here().root, repository, branch)
    console.print("Commit and push what was built; notebooks fetch the commit before that one.")
    console.print(f"GitHub makes the site then, at {workflow.address(repository)}")
    console.print("once its settings say: Pages, Source, GitHub Actions.")


def _here() -> Sources:
    try:
        return Sources.at(Path.cwd())
    except LookupError as error:
        _stop(error)


def _chosen(course: Sources, number: str | None) -> list[Lesson]:
    try:
        return [course.lesson(number)] if number else course.lessons()
    except LookupError as error:
        _stop(error)


def _stop(error: Exception) -> NoReturn:
    console.print(str(error), style="red", markup=False)
    raise typer.Exit(1)
