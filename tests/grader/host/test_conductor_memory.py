"""What the grader's own process takes of memory, whatever is handed in."""

from __future__ import annotations

import json
import subprocess
import sys

import nbformat
import pytest

from tests.conftest import ROOT
from tests.grader.conftest import linux, rows

pytestmark = pytest.mark.usefixtures("bubblewrap")

MOST = 300  # MiB

# The command; it says the most that it has ever held.
COMMAND = """
import re, sys
from pathlib import Path
from grader.host.cli import app
try:
    app(sys.argv[1:])
finally:
    print("HELD", re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""

SHOW = "from IPython.display import publish_display_data as show\n"
NO_LIMIT = "from grader.sandboxed.outputs import OUTPUTS\nOUTPUTS.limit = 10**9\n"
CELLS = {
    "JSON": f"{SHOW}for _ in range(7):\n"
    "    many = '[' + '[],' * 166_000 + '[]]'\n"
    "    show({'application/json': many}, {'application/json': [[]] * 10_000})",
    "wide text": "print('x' * 3_990_000 + '\\N{GRINNING FACE}')",
    "control codes": "print('\\x01' * 3_990_000)",
    "kinds": f"{SHOW}for n in range(13_000):\n"
    "    show({str(k): '' for k in range(20)}, {str(k): '' for k in range(20)})",
    "wide text without a limit": f"{NO_LIMIT}print('x' * 28_000_000 + '\\N{{GRINNING FACE}}')",
    "kinds without a limit": f"{NO_LIMIT}{SHOW}for n in range(19_000):\n"
    "    show({str(k): '' for k in range(20)}, {str(k): '' for k in range(20)})",
}


@pytest.mark.thorough
@linux
def test_outputs_of_any_kind_leave_the_conductor_small(desk):
    for name, source in CELLS.items():
        cells = [nbformat.v4.new_code_cell(source) for _ in range(8)]
        desk.hand_in(name, change=lambda made, cells=cells: made.cells.extend(cells))
    desk.hand_in("honest")
    arguments = ["grade", "--course", desk.root, "--submitted", desk.submitted, "--out", desk.out]
    arguments += ["--workers", "1", "--assignment", "numbers"]
    command = [sys.executable, "-c", COMMAND, *map(str, arguments)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    held = int(run.stdout.split("HELD ")[1]) / 1024
    found = {key[1]: row["total"] for key, row in rows(desk).items()}
    assert set(found.values()) == {"5"}, json.dumps(found)
    assert held < MOST
