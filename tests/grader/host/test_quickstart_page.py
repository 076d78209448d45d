"""The grader without this course: its wheel in an empty environment, and the page for strangers."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.host import doctor
from grader.host.cli import app
from grader.protocol.errors import GraderError
from tests.conftest import ROOT, system_package_missing
from tests.grader.conftest import Desk

UV = [sys.executable, "-m", "uv"]


def run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory, bubblewrap: str) -> Path:
    """A folder with the wheel, and beside it an environment with nothing in it."""
    folder = tmp_path_factory.mktemp("stranger")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run(build, ROOT / "grader")
    run([*UV, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], folder)
    return folder


@pytest.mark.thorough
def test_a_stranger_follows_the_page_to_feedback(stranger: Path) -> None:
    """All its lines, one after the other, with nothing of this repository in reach."""
    page = (ROOT / "docs/quickstart.md").read_text()
    lines = "".join(re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    # uv, since pip takes a minute; and the versions that everything here is tested with.
    options = f'--python "{stranger}/venv/bin/python" --constraint "{ROOT}/constraints.txt"'
    pip = f'pip() {{ "{sys.executable}" -m uv pip "$@" {options}; }}\n'
    environment = {
        "PATH": f"{stranger}/venv/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "PYTHONPATH": "",
        "PYTHONDONTWRITEBYTECODE": "",
        "HOME": str(stranger),
        "XDG_CACHE_HOME": str(stranger / "cache"),
        "UV_CACHE_DIR": run([*UV, "cache", "dir"], stranger).strip(),
    }
    try:
        said = run(["bash", "-euc", pip + lines], stranger, **environment)
    except AssertionError as failed:
        if "Failed to fetch" in str(failed) or "error sending request" in str(failed):
            system_package_missing("that a package registry would bring (no network)")
        raise
    assert "The sandbox shuts learners' code in" in said
    assert "torch is not installed" in said
    assert "2 graded, 0 rejected, 0 late, 2 wait for a teacher." in said
    out = stranger / "course101/out"
    with (out / "grades.csv").open() as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert (rows["ada"]["total"], rows["bob"]["total"]) == ("3", "0")
    assert f"Ada has\nthe {rows['ada']['total']} points that tests give" in page
    for place in re.findall(r"\| `(out/[^`]+)` \|", page):
        assert (stranger / "course101" / place).stat().st_size > 0, place
    assert "NotImplementedError" in (out / "feedback/bob/ps1/problem1.html").read_text()
    assert not list((stranger / "venv/lib").glob("*/site-packages/torch")), "an extra"


def test_its_changes_have_its_version() -> None:
    from importlib.metadata import version

    assert f"## {version('fewer-bits-grader')}\n" in (ROOT / "grader/CHANGELOG.md").read_text()
    assert (ROOT / "grader/py.typed").is_file()


# --- The doctor --------------------------------------------------------------------------------


def test_the_doctor_finds_nothing_wrong_here(desk: Desk, bubblewrap: str) -> None:
    result = CliRunner().invoke(app, ["doctor", "--course", str(desk.root)])
    assert result.exit_code == 0, result.output
    assert "no  " not in result.output
    assert "The sandbox shuts learners' code in (bubblewrap)" in result.output
    assert "The course demo has 2 assignments" in result.output
    assert "one can use up what that counts" in " ".join(result.output.split())


def test_the_doctor_tells_what_of_nbgraders_settings_is_not_followed(
    desk: Desk, bubblewrap: str
) -> None:
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write("\nc.Autograde.post_convert_hook = print\n")
    result = CliRunner().invoke(app, ["doctor", "--course", str(desk.root)])
    assert "sets c.Autograde.post_convert_hook" in " ".join(result.output.split())


def test_the_doctor_says_what_is_wrong_and_what_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def check() -> None:
        raise GraderError("The sandbox for submissions is missing: install bubblewrap.")

    monkeypatch.setattr(doctor.bubblewrap, "check", check)
    monkeypatch.setattr(
        doctor, "requires", lambda name: ["nothing-such>=1", "rich<2", "pip; extra == 'x'"]
    )
    monkeypatch.setattr(doctor, "EXTRAS", {})
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRADER_CONTRACTS", str(tmp_path / "file/below"))
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write("\nc.Grader.tmeout = 3\n")
    result = CliRunner().invoke(app, ["doctor", "--course", str(desk.root)])
    assert result.exit_code == 1
    said = result.output
    assert 'no  nothing-such is missing\n    pip install "nothing-such>=1"\n' in said
    assert "--  rich " in said
    assert 'is not of the versions that the grader is made for\n    pip install "rich<2"' in said
    assert "no  The sandbox for submissions is missing\n    Install bubblewrap.\n" in said
    assert "--  Contracts can't be kept in" in said
    assert "tmeout" in said
    assert "Traceback" not in said


def test_the_doctor_says_what_an_extra_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    said = CliRunner().invoke(app, ["doctor"]).output
    assert (
        "--  distributed is not installed (grader grade --cluster)\n"
        '    If you need it: pip install "fewer-bits-grader[cluster]"\n'
    ) in said
