"""Attacks by a source that the tests run by itself: each ends in one sentence, and wins nothing.

A small course of its own: who hands in the 500 bytes that the given cell draws, in a file and with
a decoder of fewer than 700 bytes in all, gets the point. A class with every attack in it is graded
from the command line, between two honest classmates.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
import pytest

from tests.attacks.small_course import grade, lay
from tests.conftest import ROOT
from tests.grader.conftest import CONFIG, cell, hidden, notebook, solution

NAME = "packing"
# What only a test reads, beside the solution.
SECRET = "secretmark71b3d2"
GIVEN = """import numpy as np
from coursekit.lesson_15.alone import decode_alone, figures, source_bytes
TABLE = np.random.default_rng(7).integers(0, 256, 500).astype(np.uint8)"""
DECODER = """import numpy as np
def decode(data):
    return {'table': np.frombuffer(data, np.uint8)}
"""
HONEST = f"file = TABLE.tobytes()\nDECODER = '''{DECODER}'''"
TEST = "\n".join(
    (
        "found = decode_alone(DECODER, file, 5.0)",
        "total = len(file) + source_bytes(DECODER)",
        "assert total < 700, f'{total} bytes are too many'",
        "assert isinstance(file, bytes), 'no bytes'",
        hidden(
            "secret = open('secret.txt').read()\n"
            "right = float((found['table'].numpy() == TABLE).mean())\n"
            "figures(bytes=total, right=right, length=len(secret))\n"
            "assert right == 1, 'not the table'"
        ),
    )
)
LOOK = f"""import os, sys
found = []
folders = ['/tmp', '/dev/shm', '/course', '/home', '/root', '.', '/engine', '/etc', {str(ROOT)!r}]
for folder in folders:
    for path, inside, names in os.walk(folder):
        # Python itself has nothing to hide.
        inside[:] = [] if os.path.realpath(path) in (sys.prefix, sys.base_prefix) else inside
        for name in names:
            try:
                content = open(os.path.join(path, name), 'rb').read(10**6)
            except OSError:
                continue
            if b'TABLE' + b'BYTES' in content or b'secret' + b'mark71' in content:
                found.append(name)
            if 'coursekit' in path or name.endswith('.npz'):
                found.append(name)
found += [v for v in os.environ.values() if 'TABLE' in v]
found += [name for name in sys.modules if name.partition('.')[0] in ('coursekit', 'stash')]
for name in ('\\0stash', '/tmp/stash.sock'):
    import socket
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(name)
            found.append(name)
    except OSError:
        pass
raise ValueError('FOUND ' + repr(found))
"""


@dataclass(frozen=True)
class Attack:
    """What is handed in: a decoder's source, a cell's code, and what the test must say."""

    said: str
    decoder: str = DECODER
    answer: str = HONEST

    @property
    def source(self) -> str:
        if self.answer != HONEST:
            return self.answer
        return f"file = TABLE.tobytes()\nDECODER = {self.decoder!r}"


STASH = """
import os, socket, sys, threading, types, builtins
for place in ('/tmp/stash', '/dev/shm/stash', 'stash', os.path.expanduser('~/stash')):
    open(place, 'wb').write(b'TABLE' + b'BYTES' + TABLE.tobytes())
os.environ['STASH'] = 'TABLE' + TABLE.tobytes().hex()
sys.modules['stash'] = types.SimpleNamespace(TABLE=TABLE)
builtins.TABLE = TABLE
for name in ('\\0stash', '/tmp/stash.sock'):
    end = socket.socket(socket.AF_UNIX)
    end.bind(name)
    end.listen()
    globals().setdefault('ends', []).append(end)
"""
# Bits that the learner's own process leaves in the kernel, on files that both may open.
PLACES = """import ctypes, fcntl, os, struct
def lock(place, command, kind, byte, flags=os.O_RDONLY):
    global kept
    kept = globals().get('kept', [])
    try:
        kept.append(os.open(place, flags))
        return fcntl.fcntl(kept[-1], command, struct.pack('hhqqi4x', kind, 0, byte, 1, 0))
    except OSError as error:
        return error.errno
files = [os.__file__, struct.__file__, getattr(fcntl, "__file__", os.__file__)]
devices = ['/dev/null', '/dev/zero', '/dev/full', '/dev/urandom', '/dev/tty']
"""
LEAVE = f"""{PLACES}
for bit in (1, 3, 5):
    for place in files + devices:
        for command in (fcntl.F_SETLK, 37):
            lock(place, command, fcntl.F_RDLCK, bit)
            lock(place, command, fcntl.F_WRLCK, bit, os.O_RDWR)
for place in files:
    kept.append(os.open(place, os.O_RDONLY))
    try:
        fcntl.flock(kept[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.fcntl(kept[-1], 1036, struct.pack('q', 3))
    except OSError:
        pass
"""
FIND = f"""{PLACES}
def told(ask):
    return [ask(bit) for bit in (1, 3, 5)] != [ask(bit) for bit in (0, 2, 4)]
def asked(place, command, kind, flags):
    def ask(bit):
        said = lock(place, command, kind, bit, flags)
        while kept:
            os.close(kept.pop())
        asks = struct.pack('hhqqi4x', kind, 0, bit, 1, 0)
        return said if isinstance(said, int) else said == asks
    return told(ask)
found = []
for place in files + devices:
    for command in (fcntl.F_GETLK, 36, fcntl.F_SETLK, 37):
        for kind in (fcntl.F_RDLCK, fcntl.F_WRLCK):
            for flags in (os.O_RDONLY, os.O_RDWR):
                if asked(place, command, kind, flags):
                    found.append((place[-8:], command, kind, flags))
for place in files:
    try:
        file = os.open(place, os.O_RDONLY)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        found.append((place[-8:], 'flock'))
    try:
        found += [(place[-8:], 'hint')] * bool(any(fcntl.fcntl(file, 1035, bytes(8))))
    except OSError:
        pass
raise ValueError('FOUND ' + repr(found))
"""
# While it goes on, the machine's figures do.
BUSY = """
import threading
def work():
    while True:
        bytearray(10**7)
threading.Thread(target=work, daemon=True).start()
"""
WATCH = """import os, time
def figures():
    return [open(f'/proc/{name}').read() for name in ('stat', 'meminfo')]
def decode(data):
    before, _ = figures(), time.sleep(0.3)
    raise ValueError('FOUND ' + repr(['figures'] * (before != figures())))
"""
ALONE = "By itself the decoder raises "
SLOW = "takes more than 5 s: is there a loop without an end"
ATTACKS = {
    "carries-the-table": Attack(
        r"\d+ bytes are too many",
        answer="file = b''\nDECODER = f'''import numpy as np\ndef decode(data):\n"
        "    return {{'table': np.array({TABLE.tolist()}, np.uint8)}}'''",
    ),
    "reads-files": Attack(ALONE + r"ValueError: FOUND \[\]", LOOK),
    "finds-a-stash": Attack(
        ALONE + r"ValueError: FOUND \[\]", answer=f"{STASH}\nfile = b''\nDECODER = {LOOK!r}"
    ),
    "finds-locks-and-hints": Attack(
        ALONE + r"ValueError: FOUND \[\]", answer=f"{LEAVE}\nfile = b''\nDECODER = {FIND!r}"
    ),
    "watches-the-machine": Attack(
        ALONE + r"ValueError: FOUND \[\]", answer=f"{BUSY}\nfile = b''\nDECODER = {WATCH!r}"
    ),
    "reads-a-builtin": Attack(
        ALONE + "NameError: name 'TABLE' is not defined",
        answer=f"{STASH}\nfile = b''\nDECODER = 'def decode(data):\\n    return TABLE'",
    ),
    "imports-the-course": Attack(ALONE + "ModuleNotFoundError", "import coursekit.nets.data"),
    "imports-what-is-not-there": Attack(ALONE + "ModuleNotFoundError", "import not_there"),
    "loops": Attack(SLOW, "def decode(data):\n    while True:\n        pass"),
    "loops-at-once": Attack(SLOW, "while True:\n    pass"),
    "swallows-interrupts": Attack(
        SLOW,
        "def decode(data):\n    while True:\n        try:\n            while True:\n"
        "                pass\n        except BaseException:\n            pass",
    ),
    "prints": Attack(SLOW, "def decode(data):\n    while True:\n        print('!' * 10**5)"),
    "prints-past-python": Attack(
        SLOW, "import os\ndef decode(data):\n    while True:\n        os.write(1, b'!' * 10**5)"
    ),
    "forks": Attack(
        f"{ALONE}BlockingIOError|{SLOW}|ends its process",
        "import os\ndef decode(data):\n    while True:\n        os.fork()",
    ),
    "claims-a-terabyte": Attack(
        ALONE + "MemoryError", "def decode(data):\n    return {'table': bytearray(10**12)}"
    ),
    "gives-a-terabyte": Attack(
        "more than 256 MB of numbers|MemoryError",
        "import numpy as np\ndef decode(data):\n"
        "    return {'table': np.broadcast_to(np.zeros(1), 10**12)}",
    ),
    "fills-memory": Attack(
        f"{ALONE}MemoryError|ends its process",
        "def decode(data):\n    held = []\n    while True:\n        held.append(bytes(10**7))",
    ),
    "exits": Attack("ends its process", "import os\ndef decode(data):\n    os._exit(0)"),
    "raises-an-exit": Attack(ALONE + "SystemExit", "def decode(data):\n    raise SystemExit"),
    "stops-an-iteration": Attack(ALONE, "def decode(data):\n    raise StopIteration"),
    "gives-what-is-alive": Attack(
        "should return a plain `dict` of tensors",
        "class Table(dict):\n    def __eq__(self, other):\n        return True\n"
        "def decode(data):\n    return Table()",
    ),
    "gives-an-object-inside": Attack(
        "should return a plain `dict` of tensors",
        "class Always:\n    def numpy(self):\n        return self\n"
        "    def __eq__(self, other):\n        return self\n"
        "def decode(data):\n    return {'table': Always()}",
    ),
    "no-python": Attack(r"is not Python \(line 1\)", "!cat /etc/passwd"),
    "half-a-character": Attack(
        "can cross|should be text", answer="file = b''\nDECODER = 'x = \"\\ud800\"'"
    ),
    "another-kind": Attack(
        "`DECODER` ", answer="file = TABLE.tobytes()\nclass T(str): pass\nDECODER = T"
    ),
    "forges-figures": Attack(
        r"\d+ bytes are too many",
        answer="import sys, types, coursekit.lesson_15.alone\n"
        "fake = types.SimpleNamespace(call_alone=lambda *a: ('value', {'table': TABLE}),\n"
        "                             figures=lambda **k: None)\n"
        "sys.modules['grading_bench'] = fake\n"
        "coursekit.lesson_15.alone.figures = lambda **k: fake.figures(bytes=1, right=1.0)\n"
        "coursekit.lesson_15.alone.source_bytes = lambda source: 0\n"
        "source_bytes = lambda source: 0\n"
        "decode_alone = lambda *a: {'table': TABLE}\n"
        "fake.figures(bytes=1, right=1.0)\n"
        "file = TABLE.tobytes() * 2\n"
        f"DECODER = '''{DECODER}'''",
    ),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, bubblewrap: str) -> Path:
    """The folder into which a class was graded with every attack in it."""
    root = tmp_path_factory.mktemp("decoders")
    made = notebook(
        [
            cell(GIVEN, "given"),
            cell(
                solution(HONEST),
                "pack",
                solution=True,
                course={"item": "pack", "answers": ["file", "DECODER"]},
            ),
            cell(TEST, "test-pack", points=1, course={"item": "pack"}),
        ]
    )
    released = nbformat.reads(nbformat.writes(made), as_version=4)
    released.cells[1].source = "raise NotImplementedError()"
    released.cells[2].source = TEST.partition("### BEGIN HIDDEN")[0].rstrip()
    config = f"{CONFIG}c.Grader.show = [{str(ROOT / 'coursekit')!r}]\n"
    class_of = {name: attack.source for name, attack in ATTACKS.items()}
    sources = {"a-honest": HONEST, **class_of, "z-honest": HONEST}
    handed_in = {student: {"pack": source} for student, source in sources.items()}
    lay(root, NAME, made, released, handed_in, config)
    (root / f"course/solutions/{NAME}/secret.txt").write_text(SECRET)
    said = grade(root, 400)
    assert "broken" not in said, said
    assert "by hand" not in said, said
    return root / "out"


def result(out: Path, student: str) -> dict:
    return json.loads((out / "results" / NAME / f"{student}.json").read_text())


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_one_sentence_and_wins_nothing(graded: Path, name: str) -> None:
    found = result(graded, name)
    assert found["status"] == "graded"
    assert found["total"] == 0
    [test] = found["items"][0]["cells"]
    assert re.search(ATTACKS[name].said, test["message"]), test["message"]
    assert len(test["message"].splitlines()) == 1
    assert SECRET not in json.dumps(found)
    # A figure is what the judge has measured, or is not there.
    assert test["figures"] == {}


def test_classmates_before_and_after_get_their_point_and_figures(graded: Path) -> None:
    for student in ("a-honest", "z-honest"):
        found = result(graded, student)
        assert found["total"] == 1, found
        [test] = found["items"][0]["cells"]
        assert test["figures"].pop("bytes") == pytest.approx(500 + 78, abs=25)
        assert test["figures"] == {"right": 1.0, "length": len(SECRET)}
        assert found["notes"] == []


def test_no_learner_is_shown_a_figure_or_the_file_of_the_tests(graded: Path) -> None:
    for folder in ("feedback", "autograded"):
        for path in (graded / folder).rglob("*.*"):
            text = path.read_text("utf-8")
            assert SECRET not in text, path
            assert '"figures"' not in text, path


def test_the_table_is_as_random_as_the_budget_needs() -> None:
    """Else it could be carried in fewer bytes, and the first attack would be none."""
    table = np.random.default_rng(7).integers(0, 256, 500)
    assert len(np.unique(table)) > 200
