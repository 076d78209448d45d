"""Every attack of the catalogue, in one class with honest classmates: none wins anything.

The class is graded from the command line, as a teacher does it. Who is graded among the attackers
gets the same, byte for byte, as in a class without them.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from tests.attacks import catalogue, course, what_is_seen
from tests.attacks.catalogue import REJECTED, TROPHY, Attack
from tests.conftest import system_package_missing

ATTACKS = catalogue.load_all()
# Sorted, they come before, among and after the attackers.
HONEST = ("a-honest", "m-honest", "z-honest")
BLANK = ("b-blank", "n-blank", "zz-blank")
# Most of them wait until their time is up.
WORKERS = 4
# Seconds a cell or a test may take: honest ones take a hundredth of it.
TIMEOUT = 3
# For the whole class: after so many seconds it hangs. Bytes of the conductor.
MOST_SECONDS = 600
MOST_MEMORY = 700 * 2**20
# The attack that leaves a process behind, what it calls it, and how many seconds that may live on.
LEAVES = "escaping-07_left_behind"
# What `make test` hands in: one of each group.
ONE_OF_EACH = {attack.path.parent: attack.name for attack in reversed(ATTACKS)}.values()
LEFT_BEHIND = "leftbehind"
LEAVE = 5


@dataclass(frozen=True)
class Class:
    """A class that was graded.

    Attributes:
        said: what the command printed.
        memory: bytes that the conductor had at most.
        stayed: whether a process outlived the grading of who started it.
        changed: files of the course and of what was handed in that are not as they were.
    """

    root: Path
    submitted: Path
    out: Path
    said: str
    code: int
    memory: int
    stayed: bool
    changed: set[Path]

    def result(self, student: str) -> dict:
        path = self.out / "results" / course.ASSIGNMENT / f"{student}.json"
        return json.loads(path.read_text("utf-8"))

    def pages(self, student: str) -> dict[str, str]:
        """What is written for one submission, by name: results, feedback, notebook, line, row."""
        name = course.ASSIGNMENT
        feedback = self.out / "feedback" / student / name / f"{name}.html"
        pages = {
            "result": json.dumps(self.result(student), ensure_ascii=False),
            "feedback": feedback.read_text("utf-8"),
            "lines": "\n".join(x for x in self.said.splitlines() if x.startswith(f"{student}/")),
            "row": "\n".join(self.rows()[student]),
        }
        notebook = self.notebook(student)
        if notebook is not None:
            pages["autograded"] = notebook.read_text("utf-8")
        return pages

    def notebook(self, student: str) -> Path | None:
        folder = self.out / "autograded" / student / course.ASSIGNMENT
        path = folder / f"{course.ASSIGNMENT}.ipynb"
        return path if path.is_file() else None

    def rows(self) -> dict[str, list[str]]:
        with (self.out / "grades.csv").open(newline="", encoding="utf-8") as file:
            return {row[1]: row for row in csv.reader(file)}

    def told(self, student: str) -> str:
        result = self.result(student)
        return "\n".join([result["reason"] or "", *result["notes"]])


@cache
def exporter() -> HTMLExporter:
    return HTMLExporter()


def students(attack: Attack) -> list[str]:
    return [attack.name, f"{attack.name}-too"] if attack.twice else [attack.name]


def grade(root: Path, submitted: Path, out: Path, seconds: float, *options: str) -> Class:
    """Grades a class in a process of its own, shut away from the processes of this one."""
    command = [
        *world(),
        *(sys.executable, "-m", "grader", "grade", "--course", str(root)),
        *("--submitted", str(submitted), "--out", str(out)),
        *("--timeout", str(TIMEOUT), "--workers", str(WORKERS), *options),
    ]
    environment = os.environ | {course.ENVIRONMENT_VARIABLE: course.ENVIRONMENT_MARK}
    before = fingerprints(root / "solutions", root / "exercises", submitted)
    begun = time.monotonic()
    said = out.parent / f"said-{out.name}"
    with said.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        memory, stayed = 0, False
        while process.poll() is None:
            if time.monotonic() - begun > seconds:
                process.kill()
                process.wait()
                text = said.read_text("utf-8", "replace")
                pytest.fail(f"the class is not done after {seconds:.0f} s:\n{text}")
            memory = max(memory, memory_of_conductor())
            stayed = stayed or outstays(out)
            time.sleep(0.2)
    text = said.read_text("utf-8", "replace")
    after = fingerprints(root / "solutions", root / "exercises", submitted)
    changed = {path for path, _ in before.items() ^ after.items()}
    return Class(root, submitted, out, text, process.returncode, memory, stayed, changed)


def world() -> list[str]:
    """A command that gives what follows process numbers of its own, where that is allowed.

    It keeps a hole in the sandbox from ending the session of who runs the tests.
    """
    own = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if os.getuid() != 0:
        own += ["--user", "--map-current-user"]
    try:
        works = subprocess.run([*own, "true"], capture_output=True).returncode == 0
    except OSError:
        works = False
    return own if works else []


def processes() -> Iterator[Path]:
    """Those that this one can see."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            yield entry


def memory_of_conductor() -> int:
    """Its resident bytes."""
    most = 0
    for process in processes():
        with contextlib.suppress(OSError, ValueError):
            if b"\0grader\0grade\0" in (process / "cmdline").read_bytes():
                pages = int((process / "statm").read_text().split()[1])
                most = max(most, pages * os.sysconf("SC_PAGE_SIZE"))
    return most


def outstays(out: Path) -> bool:
    """Whether a process is there though the submission that started it has been graded."""
    result = out / "results" / course.ASSIGNMENT / f"{LEAVES}.json"
    if not result.is_file() or time.time() - result.stat().st_mtime < LEAVE:
        return False
    for process in processes():
        with contextlib.suppress(OSError):
            if (process / "comm").read_text() == f"{LEFT_BEHIND}\n":
                return True
    return False


def fingerprints(*folders: Path) -> dict[Path, str]:
    """What the files below some folders hold, but for the largest."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 10**7
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("bwrap") is None:
        system_package_missing("bubblewrap")
    return course.make(tmp_path_factory.mktemp("attacked") / "course")


def hand_in_honestly(root: Path, submitted: Path) -> None:
    for names, notebook in ((HONEST, course.honest(root)), (BLANK, course.hand_in(root, {}))):
        for student in names:
            folder = submitted / student / course.ASSIGNMENT
            folder.mkdir(parents=True)
            nbformat.write(notebook, folder / f"{course.ASSIGNMENT}.ipynb")


@pytest.fixture(scope="module")
def among_themselves(root: Path) -> Class:
    """The honest and the blank, without an attacker."""
    submitted = root / "submitted-honestly"
    hand_in_honestly(root, submitted)
    return grade(root, submitted, root / f"{course.GRADEBOOK_MARK}-before", 90)


@dataclass(frozen=True)
class Lures:
    """Sockets that a learner's code must not reach."""

    sockets: tuple[socket.socket, ...]

    def visitors(self) -> int:
        count = 0
        for listener in self.sockets:
            with contextlib.suppress(BlockingIOError):
                listener.accept()
                count += 1
        return count


@pytest.fixture(scope="module")
def lures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lures]:
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(socket.socket())
        network.bind(("127.0.0.1", 0))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind("\0attacks-lure")
        path = stack.enter_context(socket.socket(socket.AF_UNIX))
        path.bind(str(tmp_path_factory.mktemp("lure") / "socket"))
        for listener in (network, abstract, path):
            listener.listen()
            listener.setblocking(False)
        yield Lures((network, abstract, path))


@pytest.fixture(scope="module")
def handed_in(request: pytest.FixtureRequest) -> list[Attack]:
    """The attacks that this run asks for."""
    asked = [getattr(item, "callspec", None) for item in request.session.items]
    named = {call.params["attack"].name for call in asked if call and "attack" in call.params}
    return [attack for attack in ATTACKS if attack.name in named]


@pytest.fixture(scope="module")
def attacked(
    root: Path, among_themselves: Class, lures: Lures, handed_in: list[Attack]
) -> Iterator[Class]:
    """The same with the attacks among them."""
    assert among_themselves.code == 0, among_themselves.said
    submitted = root / "submitted"
    hand_in_honestly(root, submitted)
    for attack in handed_in:
        for student in students(attack):
            attack.lay(root, submitted / student / course.ASSIGNMENT)
    try:
        yield grade(root, submitted, root / course.GRADEBOOK_MARK, MOST_SECONDS)
    finally:
        # 200 MB of notebooks, and links.
        shutil.rmtree(submitted, ignore_errors=True)


# --- The class as a whole ----------------------------------------------------------------------


def test_the_class_is_graded_to_the_last(attacked: Class, handed_in: list[Attack]) -> None:
    assert attacked.code == 0, attacked.said
    expected = {*HONEST, *BLANK, *(s for attack in handed_in for s in students(attack))}
    assert set(attacked.rows()) - {"student"} == expected


def test_a_classmate_gets_the_same_byte_for_byte(attacked: Class, among_themselves: Class) -> None:
    for student in (*HONEST, *BLANK):
        before, after = among_themselves.result(student), attacked.result(student)
        # Wall time is all that may differ.
        assert isinstance(before.pop("seconds"), float)
        assert before["times"].keys() == after["times"].keys()
        for result in (before, after):
            result.pop("seconds", None)
            result.pop("times")
        assert after == before
        assert after["total"] == (course.POINTS if student in HONEST else 0)
        for kind in ("autograded", "feedback", "row", "lines"):
            assert attacked.pages(student).get(kind) == among_themselves.pages(student).get(kind)


def test_the_gradebook_holds_what_was_found(attacked: Class) -> None:
    with Gradebook(f"sqlite:///{attacked.out / 'gradebook.db'}") as book:
        marks = {s.student.id: s.score for s in book.assignment_submissions(course.ASSIGNMENT)}
    assert len(marks) == len(attacked.rows()) - 1
    for student, mark in marks.items():
        assert mark == (attacked.result(student)["total"] or 0), student


def test_nothing_is_left_behind(attacked: Class) -> None:
    assert not attacked.stayed


def test_nothing_of_the_teachers_is_changed(attacked: Class) -> None:
    assert attacked.changed == set()


def test_nobody_came_by(attacked: Class, lures: Lures) -> None:
    assert lures.visitors() == 0


def test_the_conductor_stays_small(attacked: Class) -> None:
    assert 0 < attacked.memory < MOST_MEMORY, f"{attacked.memory / 2**20:.0f} MiB"


def test_the_teachers_screen_is_plain(attacked: Class) -> None:
    assert what_is_seen.controls(attacked.said) == []
    for row in attacked.rows().values():
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
            assert what_is_seen.controls(cell) == []


def test_the_report_is_plain(attacked: Class) -> None:
    page = (attacked.out / "report.html").read_text("utf-8")
    assert what_is_seen.active(page) == []
    assert "<script" not in page
    for name, secret in course.SECRETS.items():
        assert what_is_seen.leaks(page, secret) is None, name


# --- Each attack -------------------------------------------------------------------------------

thorough = pytest.mark.thorough
each = pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=name, marks=() if name in {*ONE_OF_EACH, LEAVES} else thorough)
        for attack, name in ((attack, attack.name) for attack in ATTACKS)
    ],
)


@each
def test_no_point_that_was_not_earned(attacked: Class, attack: Attack) -> None:
    for student in students(attack):
        result = attacked.result(student)
        got = REJECTED if result["status"] == "rejected" else result["total"]
        assert got == attack.ours, f"{attack.idea}\n{attacked.told(student)}"
        assert "The grader failed on it" not in attacked.told(student)


@each
def test_no_secret_comes_out(attacked: Class, attack: Attack) -> None:
    for student in students(attack):
        for page, text in attacked.pages(student).items():
            assert TROPHY not in text, f"{attack.idea} It says so in {page}."
            for name, secret in course.SECRETS.items():
                form = what_is_seen.leaks(text, secret)
                assert form is None, f"{attack.idea} {name}, {form}, is in {page}"


@each
def test_nothing_runs_in_the_teachers_browser(attacked: Class, attack: Attack) -> None:
    for student in students(attack):
        pages = attacked.pages(student)
        assert what_is_seen.active(pages["feedback"]) == []
        assert "<script" not in pages["feedback"]
        assert what_is_seen.controls(pages["feedback"]) == []
        assert re.search(r"Content-Security-Policy[^>]*default-src 'none'", pages["feedback"])
        path = attacked.notebook(student)
        if path is None:
            continue
        assert what_is_seen.controls(json.dumps(json.loads(pages["autograded"]))) == []
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert what_is_seen.SIGN not in json.dumps(notebook.metadata)
        assert what_is_seen.SIGN not in json.dumps([cell.metadata for cell in notebook.cells])
        # As Formgrader shows it: nbconvert lets scripts of outputs and markdown through.
        notebook.cells = unlike(notebook.cells)
        page, _ = exporter().from_notebook_node(notebook)
        assert what_is_seen.active(page) == []


def unlike(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells without those that are like another but for numbers: 400 take a minute to show."""
    found = {re.sub(r"\d+", "0", json.dumps({**cell, "id": 0})): cell for cell in cells}
    return list(found.values())


@each
def test_the_teacher_is_told_why(attacked: Class, attack: Attack) -> None:
    for student in students(attack):
        told = attacked.told(student)
        if attack.ours == REJECTED:
            assert told.strip()
        if attack.reason is not None:
            assert re.search(attack.reason, told), f"{attack.idea}\n{told or 'nothing was said'}"


# --- The catalogue itself ----------------------------------------------------------------------


def test_the_catalogue_says_what_stock_nbgrader_does() -> None:
    unmeasured = [attack.name for attack in ATTACKS if attack.stock in catalogue.UNMEASURED]
    assert unmeasured == []
    assert len(ATTACKS) >= 60
    assert {attack.path.parent.name for attack in ATTACKS} == set(catalogue.GROUPS)


@pytest.mark.parametrize("secret", course.SECRETS.values())
def test_what_looks_for_secrets_finds_them(secret: str) -> None:
    import base64

    shown = f"aa{secret}bb"
    for text in (
        shown,
        shown[::-1],
        base64.b64encode(shown.encode()).decode(),
        base64.b64encode(f"x{shown}".encode()).decode()[::-1],
        base64.b85encode(f"xx{shown}y".encode()).decode(),
        shown.encode().hex(),
        " ".join(secret),
        ",".join(secret),
    ):
        assert what_is_seen.leaks(text, secret), text
    assert what_is_seen.leaks("nothing of it", secret) is None


def test_what_looks_for_scripts_finds_them() -> None:
    for page in (
        "<script>PWNED()</script>",
        "<img src=x onerror='PWNED()'>",
        "<a href='javascript:PWNED()'>",
        "<p style='background:url(//x/PWNED)'>",
        "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
        "<iframe srcdoc='&lt;script&gt;PWNED()'>",
    ):
        assert what_is_seen.active(page), page
    for page in ("&lt;script&gt;PWNED()", "<img alt='PWNED'>", "<a href='https://PWNED'>x</a>"):
        assert what_is_seen.active(page) == [], page


# These only compute: they do nothing to the machine, whoever runs them.
PURE = ("07", "08", "09", "14", "15", "47", "55", "56")


def forgers(root: Path, submitted: Path, attacks: list[Attack], old: bool) -> None:
    """Hands in attacks, beside an honest and a blank notebook, in format 3 if wanted."""
    hand_in_honestly(root, submitted)
    for attack in attacks:
        attack.lay(root, submitted / attack.name / course.ASSIGNMENT)
    for path in submitted.glob(f"*/{course.ASSIGNMENT}/*.ipynb") if old else ():
        made = nbformat.read(path, as_version=4)
        path.write_text(nbformat.writes(nbformat.convert(made, 3)), "utf-8")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("old", "options"), [(True, ()), (False, ("--no-sandbox",))], ids=["format 3", "no sandbox"]
)
def test_nobody_forges_in_an_old_format_or_without_a_sandbox(
    root: Path, tmp_path: Path, old: bool, options: tuple[str, ...]
) -> None:
    """Without a sandbox files can be read and written; patching and lying still wins nothing."""
    forging = [attack for attack in ATTACKS if attack.path.parent.name == "forging"]
    chosen = [
        attack
        for attack in forging
        if (old and attack.change is None and attack.beside is None) or attack.path.stem[:2] in PURE
    ]
    assert len(chosen) >= len(PURE)
    submitted = tmp_path / "submitted"
    forgers(root, submitted, chosen, old)
    graded = grade(root, submitted, tmp_path / "out", 300, *options)
    assert graded.code == 0, graded.said
    for attack in chosen:
        assert (graded.result(attack.name)["total"] or 0) == attack.ours, attack.name
    assert {graded.result(student)["total"] for student in HONEST} == {course.POINTS}


@pytest.mark.thorough
def test_nobody_forges_for_another_notebook_of_the_assignment(root: Path, tmp_path: Path) -> None:
    """What one does to get points wins and costs none in the one before it and the one after it."""
    course_of_three = tmp_path / "course"
    shutil.copytree(root, course_of_three, ignore=shutil.ignore_patterns("submitted*", "*mark*"))
    # Notebooks are graded in the order of their names.
    others = "aa_before", "zz_after"
    for folder in ("solutions", "exercises"):
        path = course_of_three / folder / course.ASSIGNMENT / f"{course.ASSIGNMENT}.ipynb"
        for other in others:
            shutil.copy2(path, path.with_stem(other))
    chosen = [
        attack
        for attack in ATTACKS
        if attack.path.parent.name == "forging" and attack.ours != REJECTED and not attack.beside
    ]
    assert len(chosen) > 30
    submitted = tmp_path / "submitted"
    beside = course.hand_in(root, {}), course.honest(root)
    for attack in chosen:
        folder = submitted / attack.name / course.ASSIGNMENT
        attack.lay(root, folder)
        for other, notebook in zip(others, beside, strict=True):
            nbformat.write(notebook, folder / f"{other}.ipynb")
    graded = grade(course_of_three, submitted, tmp_path / "out", 600)
    assert graded.code == 0, graded.said
    for attack in chosen:
        assert graded.result(attack.name)["total"] == attack.ours + course.POINTS, attack.name
