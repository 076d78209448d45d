"""Three rooms: what each process really loads, and what of the grader can be seen where cells run.

`make lint` asks the same of what the files import; a name that is put together at run time, or a
folder shown too much, it would not see.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader import Engine, grade_one
from grader.host.engine import bubblewrap
from tests.grader.conftest import Desk, exercise, handed_in

SHUT_IN = ["__init__.py", "protocol", "sandboxed"]
# What builds values.
BUILDERS = ("IPython", "numpy", "pandas", "safetensors", "torch")

LOADED = """
import sys
loaded = {name for name in sys.modules if name.split(".")[0] == "grader"}
rooms = {name.split(".")[1] for name in loaded if "." in name}
"""
CLASS = f"""
import sys
from grader.host.cli import app
try:
    app({{arguments}})
except SystemExit as end:
    print(end.code)
loaded = [name for name in sys.modules if name.startswith("grader.sandboxed")]
print("LOADED", [*loaded, *(name for name in {BUILDERS!r} if name in sys.modules)])
"""


@pytest.mark.usefixtures("bubblewrap")
def test_player_and_judge_load_no_file_of_the_host(engine: Engine) -> None:
    """The given cell runs in both, the answer in the player, the test in the judge."""
    assignment = exercise(
        f"# given\n{LOADED}",
        f"# answer seen\n{LOADED}\nseen = sorted(rooms)",
        "# test player\nassert seen == ['protocol', 'sandboxed'], seen",
        f"# test judge\n{LOADED}\nassert rooms == {{'protocol', 'sandboxed'}}, rooms",
    )
    result = grade_one(assignment, handed_in(assignment), engine)
    assert [cell.score for item in result.items for cell in item.cells] == [1, 1], result.items


@pytest.mark.usefixtures("bubblewrap")
def test_who_grades_a_class_loads_nothing_that_runs_shut_in(desk: Desk) -> None:
    desk.hand_in("right")
    command = ["grade", "--course", desk.root, "--submitted", desk.submitted]
    command += ["--out", desk.out, "--workers", "1"]
    code = CLASS.format(arguments=[str(word) for word in command])
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.stdout.splitlines()[-1] == "LOADED []", run.stdout + run.stderr
    assert "1 graded" in run.stdout


LOOK = """
import importlib.util, json, os, sys
def listed(folder):
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else None
found = importlib.util.find_spec("grader.host")
print(json.dumps([listed("/engine/grader"), found is None, listed(sys.argv[1])]))
"""


def seen(installed: Path) -> list[object]:
    """From inside: the engine's folder, whether the host is not found, and a folder outside."""
    command = bubblewrap.command([sys.executable, "-c", LOOK, str(installed)], {}, {})
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    found: list[object] = json.loads(run.stdout)
    return found


@pytest.mark.usefixtures("bubblewrap")
def test_what_the_sandbox_shows_of_a_checkout(tmp_path: Path) -> None:
    assert seen(tmp_path) == [SHUT_IN, True, None]


@pytest.mark.usefixtures("bubblewrap")
def test_what_the_sandbox_shows_of_an_installed_grader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies among packages that are shown."""
    installed = tmp_path / "lib" / "site-packages" / "grader"
    shutil.copytree(bubblewrap.PACKAGE, installed, ignore=shutil.ignore_patterns("__pycache__"))
    prefixes = bubblewrap._prefixes()
    monkeypatch.setattr(bubblewrap, "_prefixes", lambda: prefixes | {tmp_path})
    whole = sorted(path.name for path in installed.iterdir())
    assert {*SHUT_IN, "__main__.py", "host"} <= set(whole)
    assert seen(installed)[2] == whole
    monkeypatch.setattr(bubblewrap, "PACKAGE", installed)
    assert seen(installed) == [SHUT_IN, True, []]
