"""Archives as each system makes them, in small, and a desk to collect them on."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from grader.host.cli import app
from grader.host.desk import tables
from tests.grader.conftest import RIGHT, answered

WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments"
)
GRADEBOOK = "Student,ID,SIS User ID,SIS Login ID,Section,numbers (77),Other (78),Current Score"


def zipped(path: Path, files: Mapping[str, bytes | str]) -> Path:
    """An archive with these files; names are written as they stand."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    path.write_bytes(data.getvalue())
    return path


def worksheet(path: Path, *rows: tuple[str, str, str, str], most: str = "8.00") -> Path:
    """Moodle's, with participant, name, e-mail address, and when it was handed in."""
    lines = [WORKSHEET]
    for number, name, email, when in rows:
        cells = [f"Participant {number}", name, email, "Submitted for grading", "", most, "Yes"]
        lines.append(",".join(f'"{cell}"' for cell in [*cells, when, "-", ""]))
    path.write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    return path


def gradebook(path: Path, *rows: tuple[str, str, str, str], most: str = "8") -> Path:
    """Canvas's, with name, number, SIS id and login."""
    lines = [GRADEBOOK, ",,,,,Manual Posting,,", f"    Points Possible,,,,,{most},10,(read only)"]
    lines += [f'"{name}",{key},{sis},{login},One,,3,90' for name, key, sis, login in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@dataclass(frozen=True)
class Class:
    """A course, a place for what is handed in, and one for archives."""

    root: Path
    here: Path

    @property
    def submitted(self) -> Path:
        return self.here / "submitted"

    @property
    def unplaced(self) -> list[dict[str, str]]:
        return tables.load(self.here / "unplaced/unplaced.csv")

    @property
    def reasons(self) -> dict[str, str]:
        return {row["place"]: row["reason"] for row in self.unplaced}

    @property
    def placed(self) -> set[str]:
        """STUDENT/ASSIGNMENT of all that lie there."""
        return {
            path.relative_to(self.submitted).as_posix()
            for path in self.submitted.glob("[!.]*/*")
            if path.is_dir()
        }

    def run(self, *arguments: object, code: int = 0) -> str:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return " ".join(result.output.split())

    def mark(self, marks: str, collected: str) -> None:
        """Lays a table of marks and one of who handed in, without anybody having been graded."""
        (self.here / "out").mkdir()
        self.submitted.mkdir()
        self.write("out/grades.csv", marks)
        self.write("submitted/collected.csv", collected)

    def collect(self, *arguments: object, code: int = 0) -> str:
        where = ("--submitted", self.submitted, "--course", self.root)
        return self.run("collect", *arguments, *where, code=code)

    def archive(self, files: Mapping[str, bytes | str], name: str = "submissions.zip") -> Path:
        return zipped(self.here / name, files)

    def tree(self, files: Mapping[str, bytes | str], name: str = "tree") -> Path:
        for path, content in files.items():
            file = self.here / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.here / name

    def write(self, name: str, text: str) -> Path:
        path = self.here / name
        path.write_text(text, "utf-8")
        return path

    def snapshot(self) -> dict[str, tuple[bytes, int]]:
        """Every file below, with its content and the time of its last change."""
        return {
            path.relative_to(self.here).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(self.here.rglob("*"))
            if path.is_file() and path.name != ".lock"
        }


@pytest.fixture
def group(built_course: Path, tmp_path: Path) -> Class:
    """A class that has handed in nothing yet; its course is not to be changed."""
    return Class(built_course, tmp_path)


@pytest.fixture(scope="session")
def work(built_course: Path) -> bytes:
    """What somebody handed in for numbers: all that is tested is right."""
    release = nbformat.read(built_course / "exercises/numbers/numbers.ipynb", as_version=4)
    return nbformat.writes(answered(release, RIGHT)).encode()


def other(work: bytes, mark: str) -> bytes:
    """The same work with one more remark in it."""
    notebook = json.loads(work)
    notebook["metadata"]["remark"] = mark
    return json.dumps(notebook).encode()
