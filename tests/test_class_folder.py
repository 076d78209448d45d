"""What `make class` exports, gone through as a learner would: installed by itself, opened, run.

Every lesson runs from top to bottom in that folder's own kernel: `make test` has nbval use it
(tools/class_folder.py). Here is what else a learner meets there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.lab import MINUTE, Lab, serve, shoot, visit, wait_for_kernel
from tests.conftest import ROOT
from tools import class_folder

EXERCISES = sorted(path.parent.name for path in (ROOT / "exercises").glob("*/*.ipynb"))


@pytest.fixture(scope="module")
def folder() -> Path:
    """The folder, with its own environment. `make test` has made it; alone, a test does."""
    if not (class_folder.FOLDER / ".venv" / "installed").is_file():
        class_folder.main()
    return class_folder.FOLDER


def run(folder: Path, *command: str) -> str:
    """What a command in the folder prints, without this repository's environment."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV", "JUPYTER_PATH")
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_holds_no_answer_and_nothing_of_teachers(folder: Path) -> None:
    top = {path.name for path in folder.iterdir()} - {".venv", "workspace"}
    assert top == {
        *("LICENSE", "LICENSE-TEXT", "Makefile", "README.md", "constraints.txt", "pyproject.toml"),
        *("coursekit", "data", "exercises", "notebooks", "tools"),
    }
    for name in ("grader", "authoring", "tests"):
        code = f"import importlib.util as u; assert u.find_spec('{name}') is None"
        run(folder, ".venv/bin/python", "-c", code)
    place = run(folder, ".venv/bin/python", "-c", "import coursekit; print(coursekit.__file__)")
    assert Path(place.strip()).is_relative_to(folder)


def test_its_targets_and_commands_are_those_of_learners(folder: Path) -> None:
    targets = re.findall(r"^make (\S+)", run(folder, "make", "help"), re.MULTILINE)
    assert set(targets) == {"help", "lab", "check", "again", "square", "doctor"}
    commands = {path.name for path in (folder / ".venv" / "bin").iterdir()}
    assert "coursekit" in commands
    assert not commands & {"grader", "authoring"}
    assert not re.search(r"^no", run(folder, "make", "doctor"), re.MULTILINE)


def test_all_that_lessons_read_is_there_and_whole(folder: Path) -> None:
    named = set()
    for source in (ROOT / "course").glob("*/*.py"):
        named |= set(re.findall(r"\bdata/(\w+\.\w+)", source.read_text(encoding="utf-8")))
    assert named <= {path.name for path in (folder / "data").iterdir()}
    shipped = json.loads((folder / "data" / "checksums.json").read_text())
    code = "from coursekit.nets.data import check_files; print(check_files())"
    assert int(run(folder, ".venv/bin/python", "-c", code)) == len(shipped) > 0


def test_the_given_cells_of_every_exercise_run(folder: Path) -> None:
    code = """
import json, sys
for name in sys.argv[1:]:
    with open(f"workspace/exercises/{name}/{name}.ipynb") as file:
        cells = json.load(file)["cells"]
    given = [cell for cell in cells if cell["metadata"].get("course", {}).get("given")]
    names = {}
    for cell in given:
        exec("".join(cell["source"]), names)
    print(name, len(given))
"""
    told = run(folder, ".venv/bin/python", "-c", code, *EXERCISES).splitlines()
    assert [line.split()[0] for line in told if line.split()[0] in EXERCISES] == EXERCISES


def test_it_installs_with_pip_too(folder: Path, tmp_path: Path) -> None:
    """The package alone: what it needs is installed above, in the same versions."""
    venv.create(tmp_path / "own", with_pip=True)
    python = tmp_path / "own" / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(folder, str(python), "-m", "pip", "install", "-q", "--no-deps", "--editable", ".")
    code = "from importlib.metadata import version; print(version('fewer-bits'))"
    assert run(tmp_path, str(python), "-c", code).strip() == "0.1.0"


@pytest.fixture
def page(folder: Path, browser: Browser, tmp_path: Path) -> Page:
    own = folder / "workspace"
    python = folder / ".venv" / "bin" / "python"
    with serve(own, tmp_path, python=python) as lab, visit(browser, lab) as page:
        page.lab = lab  # type: ignore[attr-defined]
        yield page


def test_the_start_page_opens_and_leads_to_a_lesson_without_outputs(page: Page) -> None:
    lab: Lab = page.lab  # type: ignore[attr-defined]
    page.goto(lab.tree("notebooks/start.ipynb"))
    # On the map; who was there before has it above, too.
    link = page.get_by_role("link", name="07 · Unstructured pruning").last
    expect(link).to_be_visible(timeout=MINUTE)
    # What teachers use is not here.
    expect(page.locator(".lm-MenuBar-item", has_text="Nbgrader")).to_have_count(0)
    expect(page.get_by_text("Create Assignment")).to_have_count(0)
    shoot(page, "class_start")
    link.click()
    expect(page.get_by_role("heading", name="07 · Unstructured pruning")).to_be_visible(
        timeout=MINUTE
    )
    wait_for_kernel(page)
    # The picture that opens a lesson moves before anything has run.
    expect(page.locator(".jp-OutputArea-output.jp-RenderedVegaCommon5")).to_have_count(1)
    expect(page.locator(".jp-OutputArea-output:not(.jp-RenderedVegaCommon5)")).to_have_count(0)
    tab = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab.lm-mod-current")
    expect(tab).not_to_have_class(re.compile("jp-mod-dirty"))
    shoot(page, "class_lesson")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
