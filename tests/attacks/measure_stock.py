"""Measures what stock nbgrader makes of each attack, and writes it into the attack's file.

    python -m tests.attacks.measure_stock  # attacks that are not measured yet
    python -m tests.attacks.measure_stock --again forging  # those whose name begins so, once more

Each attack is graded by nbgrader's own autograder in a copy of the catalogue's course that holds a
classmate's ten points already. Where an attack may harm those who come after it (see `HARMFUL`), it
has the copy to itself, and a blank submission is graded after it in the same run. All of that
happens in a bubblewrap: nothing outside it is writable, and its disk, its time and the memory of
its processes are limited. Its number of processes is not, so an attack that says `STOCK = "not
measured: …"` is never run. It takes 10 to 20 s an attack.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from tests.attacks import catalogue, course
from tests.attacks.catalogue import Attack

ROOT = Path(__file__).resolve().parents[2]
# For one attack, and for a cell of it.
SECONDS = 300
CELL_SECONDS = 60
DISK = 1500 * 10**6
MEMORY = 8 * 10**9
CLASSMATE, LATER = "amy", "zoe"
# Groups, and attacks by the beginning of their names, that others may feel.
HARMFUL = (
    *("writing", "escaping", "forging-36", "forging-39", "forging-45"),
    *("exhausting-17", "exhausting-18", "exhausting-19", "exhausting-20", "exhausting-38"),
)
# How many of the others share a sandbox.
TOGETHER = 8
NOT_RUN = ("not measured: ", "does not apply: ")


def measure(attacks: Sequence[Attack], template: Path) -> Iterator[tuple[Attack, str]]:
    """What stock nbgrader does, in a few words each, as far as the sandbox lived to tell.

    Args:
        template: the course, with amy graded in it.
    """
    with tempfile.TemporaryDirectory(prefix="attacks-stock-") as temporary:
        report = Path(temporary, "measured")
        report.touch()
        command = [
            *("bwrap", "--ro-bind", "/", "/", "--size", str(DISK), "--tmpfs", "/tmp"),
            *("--ro-bind", template, "/tmp/template", "--dev", "/dev", "--proc", "/proc"),
            *("--bind", report, "/tmp/measured", "--unshare-all", "--die-with-parent"),
            *("--new-session", "--chdir", str(ROOT), "--setenv", "HOME", "/tmp/home"),
            *("--setenv", "TMPDIR", "/tmp"),
            *("--setenv", course.ENVIRONMENT_VARIABLE, course.ENVIRONMENT_MARK),
            *("prlimit", f"--as={MEMORY}", f"--fsize={DISK}", "--core=0"),
            *(sys.executable, "-W", "ignore", "-m", "tests.attacks.measure_stock", "--inside"),
            *(str(attack.path) for attack in attacks),
        ]
        ended = "the whole run is killed"
        try:
            subprocess.run(command, stderr=subprocess.DEVNULL, timeout=SECONDS * len(attacks))
        except subprocess.TimeoutExpired:
            ended = f"no mark after {SECONDS * len(attacks)} s"
        lines = report.read_text().splitlines()
        for attack, line in zip(attacks, lines, strict=False):
            yield attack, describe(json.loads(line))
        if len(lines) < len(attacks):
            yield attacks[len(lines)], ended


def inside(paths: Sequence[Path]) -> None:
    """In the sandbox: grades the attacks, one after the other, and writes down what came of it."""
    root = Path("/tmp") / course.GRADEBOOK_MARK
    shutil.copytree("/tmp/template", root, symlinks=True)
    Path("/tmp/home").mkdir()
    api = nbgrader(root)
    for number, path in enumerate(paths):
        attack = catalogue.load(path)
        student = f"bob{number}"
        attack.lay(root, root / "submitted" / student / course.ASSIGNMENT)
        alone = len(paths) > 1
        # All are in one run, as with the command; amy is done and left out.
        said = api.autograde(course.ASSIGNMENT, student if alone else "*", force=False)
        if score(root, student) is None:
            print(attack.name, *str(said["log"]).splitlines()[-12:], sep="\n  ")
        if path.parent.name == "showing":
            api.generate_feedback(course.ASSIGNMENT, student)
        feedback = root / "feedback" / student / course.ASSIGNMENT / f"{course.ASSIGNMENT}.html"
        measured = {
            "mark": score(root, student),
            "classmate": score(root, CLASSMATE),
            "later": "not looked at" if alone else score(root, LATER),
            "found": catalogue.TROPHY in str(said) + outputs(root, student),
            "shown": feedback.is_file() and active(feedback.read_text("utf-8", "replace")),
        }
        with Path("/tmp/measured").open("a") as file:
            print(json.dumps(measured), file=file)


def nbgrader(root: Path) -> NbGraderAPI:
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "exercises"
    # Importing torch takes more than nbgrader's 30 s on a machine that is busy otherwise.
    config.Execute.timeout = CELL_SECONDS
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def score(root: Path, student: str) -> float | None:
    """None where there is no mark."""
    try:
        with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
            submission = book.find_submission(course.ASSIGNMENT, student)
            notebooks = submission.notebooks
            graded = any(g.auto_score is not None for n in notebooks for g in n.grades)
            by_hand = any(g.manual_score is not None for n in notebooks for g in n.grades)
            return float(submission.score) if graded or by_hand else None
    except MissingEntry:
        return None


def outputs(root: Path, student: str) -> str:
    """All that a notebook shows in its autograded version, but for its own code."""
    path = root / "autograded" / student / course.ASSIGNMENT / f"{course.ASSIGNMENT}.ipynb"
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception:
        return ""
    return json.dumps([cell.get("outputs") for cell in notebook.cells])


def active(page: str) -> bool:
    """Whether the attack's own script stands in a page as such."""
    return bool(re.search(r"<[^<>]*\bPWNED\b|<script[^>]*>[^<]*\bPWNED\b", page))


def describe(measured: dict[str, object]) -> str:
    """One line."""
    mark = measured["mark"]
    said = ["no mark" if mark is None else f"{mark:g} of {course.POINTS}"]
    if measured["found"]:
        said.append("it gets what it is after")
    if measured["shown"]:
        said.append("its script stands in the feedback")
    if measured["classmate"] != course.POINTS:
        said.append(f"a classmate's {course.POINTS} points become {measured['classmate'] or 0:g}")
    if measured["later"] is None:
        said.append("those after it are not graded")
    elif measured["later"] not in (0, "not looked at"):
        said.append(f"a blank submission after it gets {measured['later']:g}")
    return "; ".join(said)


def make_template(root: Path) -> Path:
    """The course, with amy's ten points in its gradebook and zoe's blank notebook handed in."""
    course.make(root)
    notebooks = {CLASSMATE: course.honest(root), LATER: course.hand_in(root, {})}
    for student, notebook in notebooks.items():
        folder = root / "submitted" / student / course.ASSIGNMENT
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{course.ASSIGNMENT}.ipynb")
    api = nbgrader(root)
    # Once more, with a gradebook this time: stock needs the assignment in it.
    api.generate_assignment(course.ASSIGNMENT, force=True)
    said = api.autograde(course.ASSIGNMENT, CLASSMATE)
    assert score(root, CLASSMATE) == course.POINTS, said
    return root


def write(path: Path, measured: str) -> None:
    """Puts the STOCK line into an attack's file, after its docstring."""
    text = path.read_text("utf-8")
    line = f"STOCK = {json.dumps(measured, ensure_ascii=False)}\n"
    text = re.sub(r"^STOCK = .*\n\n?", "", text, count=1, flags=re.MULTILINE)
    end = re.match(r'""".*?"""\n\n*', text, re.DOTALL)
    assert end, path
    rest = text[end.end() :]
    blank = "" if re.match(r"[A-Z]+ =", rest) else "\n\n" if rest.startswith("def ") else "\n"
    path.write_text(f"{end[0].rstrip()}\n\n{line}{blank}{rest}", "utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("names", nargs="*", help="only attacks whose names begin so")
    options.add_argument("--again", action="store_true", help="measure anew what was measured")
    options.add_argument("--inside", type=Path, nargs="+", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.inside:
        return inside(asked.inside)
    todo = [
        attack
        for attack in catalogue.load_all()
        if attack.name.startswith(tuple(asked.names) or "")
        and not attack.stock.startswith(NOT_RUN)
        and (asked.again or attack.stock in catalogue.UNMEASURED)
    ]
    with tempfile.TemporaryDirectory(prefix="attacks-stock-") as temporary:
        template = make_template(Path(temporary) / "course")
        while todo:
            together = 1 if todo[0].name.startswith(HARMFUL) else TOGETHER
            some = [a for a in todo[:together] if together == 1 or not a.name.startswith(HARMFUL)]
            for attack, measured in measure(some, template):
                write(attack.path, measured)
                print(f"{attack.name}: {measured}", flush=True)
                todo.remove(attack)


if __name__ == "__main__":
    main()
