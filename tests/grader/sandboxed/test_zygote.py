"""Forks of one warm process: they share nothing, and find what given cells have left."""

from __future__ import annotations

import tempfile

import pytest

from grader import Engine, grade_one
from grader.host.engine.player_client import play
from grader.host.engine.settings import EngineSettings
from grader.protocol.outputs import Error
from grader.sandboxed import zygote
from tests.grader.conftest import exercise, handed_in, linux, scores


def test_seeds_count_and_no_accelerator_is_waited_for(tmp_path):
    with Engine(EngineSettings(timeout=30)) as engine:
        done = play(
            engine,
            [
                "import torch\ntorch.manual_seed(3)\nfirst = torch.rand(5)\n"
                "torch.manual_seed(3)\nassert torch.equal(first, torch.rand(5))",
                "torch.cuda.manual_seed_all(1)\ntorch.cuda.is_available()",
                "len(torch.cuda._lazy_seed_tracker.get_calls())",
            ],
            tmp_path,
        )
    assert not [o for played in done.played.values() for o in played.outputs if type(o) is Error]
    assert [done.played[n].outputs[0].data["text/plain"] for n in (1, 2)] == ["False", "0"]


SHARING = {
    "a file to write": (
        "import numpy as np\n"
        "truth = np.memmap('truth.bin', mode='w+', dtype='uint8', shape=(4,))\ntruth[:] = 3",
        "truth[:] = 0",
    ),
    "a file to read that may be made one to write": (
        "import mmap\nopen('truth.bin', 'wb').write(bytes([3]) * 4096)\n"
        "file = open('truth.bin', 'r+b')\n"
        "truth = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\nfile.close()",
        "import ctypes, numpy as np\nat = np.frombuffer(truth, np.uint8).ctypes.data\n"
        "assert not ctypes.CDLL(None).mprotect(ctypes.c_void_p(at), 4096, 3)\n"
        "ctypes.memset(at, 0, 4)",
    ),
    "a module's": ("from helper import truth", "truth[:4] = bytes(4)"),
}


@linux
@pytest.mark.parametrize(("given", "forge"), SHARING.values(), ids=SHARING)
def test_memory_that_forks_would_share_is_everybodys_own(given, forge, tmp_path):
    helper = tmp_path / "helper.py"
    helper.write_text("import mmap\ntruth = mmap.mmap(-1, 4096)\ntruth[:4] = bytes([3]) * 4\n")
    made = exercise(
        f"# given\n{given}", "# answer y\ny = 12", "# test y1\nassert y == sum(map(int, truth[:4]))"
    )
    with Engine(EngineSettings(timeout=30, show={"/course/helper.py": helper})) as engine:
        for answer, points in (("y = 12", 1), (f"{forge}\ny = 0", 0), ("y = 12", 1)):
            result = grade_one(made, handed_in(made, y=answer), engine)
            assert scores(result) == {"y1": points}


LEFT = {
    "a file": ("open('d.txt', 'w').write('ab')", "y = open('d.txt').read() == 'ab'"),
    "a file that was released": (
        "open('x.txt', 'a').write('b')",
        "y = open('x.txt').read() == 'ab'",
    ),
    "a folder": ("import os\nos.mkdir('d')", "y = os.path.isdir('d')"),
    "where it is": ("import os\nos.mkdir('d')\nos.chdir('d')", "y = os.getcwd().endswith('d')"),
    "a folder elsewhere": ("import os, tempfile\nd = tempfile.mkdtemp()", "y = os.path.isdir(d)"),
    "an open file": (
        "file = open('d.txt', 'w+')\nn = file.write('ab')\nn = file.seek(0)",
        "y = file.read() == 'ab'",
    ),
    "a database": (
        "import sqlite3\nkept = sqlite3.connect(':memory:')\nother = sqlite3.connect('d.db')\n"
        "r = other.execute('create table t(a int)')",
        "y = other.execute('select count(*) from t').fetchone() == (0,)",
    ),
    "an event loop": (
        "import asyncio\nfive = await asyncio.sleep(0, 5)",
        "y = await asyncio.sleep(0, five) == 5",
    ),
    "a process": (
        "import subprocess, sys\n"
        "held = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])",
        "y = held.poll() is None",
    ),
    "garbage to come": (
        "import gc, weakref\nclass Node: pass\na = Node()\na.me, seen = a, weakref.ref(a)",
        "del a\nn = gc.collect()\ny = seen() is None",
    ),
    "objects to count": (
        "import gc\nclass Node: pass\nnodes = [Node() for _ in range(3)]",
        "y = sum(type(one).__name__ == 'Node' for one in gc.get_objects()) == 3",
    ),
}


@pytest.fixture(scope="module")
def open_engine():
    with Engine(EngineSettings(preload=(), timeout=5, shut_in=False)) as made:
        yield made


@linux
@pytest.mark.parametrize("where", ["engine", "open_engine"], ids=["shut in", "in the open"])
@pytest.mark.parametrize(("given", "answer"), LEFT.values(), ids=LEFT)
def test_what_given_cells_leave_is_there_for_the_learner(given, answer, where, tmp_path, request):
    released = tmp_path / "x.txt"
    released.write_text("a")
    made = exercise(
        f"# given\n{given}",
        "# answer y\ny = True",
        "# test y1\nassert y is True, repr(y)",
        files={"x.txt": released},
    )
    found = grade_one(made, handed_in(made, y=answer), request.getfixturevalue(where))
    assert (scores(found), found.notes) == ({"y1": 1}, [])


@linux
def test_what_is_shown_in_a_folder_of_its_own_is_not_looked_through():
    """An environment in /tmp is 60,000 files, and each room would look at all of them twice."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        files, *_ = zygote._left_outside(["/dev"])
        own, *_ = zygote._left_outside(["/dev/shm"])
    assert ("/dev/null" in files, file.name in files, file.name in own) == (True, False, True)
