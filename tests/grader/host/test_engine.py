"""What warm processes do beforehand, so that submissions need not: it must not show."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time

import nbformat
import pytest
import torch
from torch import nn

from grader import Engine, grade_one
from grader.host.engine.child import Child
from grader.host.engine.files import Files
from grader.host.engine.player_client import play
from grader.host.engine.warm import Warm
from grader.host.publish.rendering import as_file
from grader.protocol import wire
from grader.protocol.orders import Compile, Done
from grader.protocol.outputs import Error
from grader.protocol.values import CannotCross
from grader.protocol.wire import Channel, Gone
from grader.sandboxed.codec.packing import Packer
from tests.grader.conftest import exercise, handed_in, scores

linux = pytest.mark.skipif(sys.platform != "linux", reason="the warm process runs on Linux")


def run(script: str) -> list[str]:
    """The lines that a script prints in a Python of its own."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        env={"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


# --- Rehearsal ---------------------------------------------------------------------------------


def test_a_rehearsal_runs_without_an_error_and_leaves_nothing_behind():
    said = run(
        """
        import os, random, sys, time
        import numpy as np, torch
        from grader.sandboxed import rehearsal
        from grader.sandboxed.cells import make_shell, run_cell
        shell = make_shell()
        def state():
            names = {name: repr(value) for name, value in shell.user_ns.items()}
            hook = shell.displayhook
            errors = [name for name in dir(sys) if name.startswith("last_")]
            numbers = random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state()
            kept = dict(shell.history_manager.outputs), dict(shell.user_ns["_oh"])
            outs = kept, list(shell.user_ns["In"]), hook._, hook.__
            return str((names, errors, numbers, outs, shell.execution_count, sys.stdout))
        torch.set_printoptions(threshold=10**6)
        before = state()
        ran = []
        def seen(shell, source, keep=True):
            report = run_cell(shell, source, keep)
            ran.append((source, [o.ename for o in report.outputs if hasattr(o, "ename")]))
            return report
        rehearsal.run_cell = seen
        rehearsal.rehearse(shell)
        time.sleep(0.2)  # A thread that has ended is in the list for a moment.
        print(state() == before, len(os.listdir("/proc/self/task")))
        failing = set(rehearsal._FAILING)
        print([source for source, errors in ran if bool(errors) != (source in failing)])
        print(len({source for source, _ in ran}))
        pid = os.fork()
        if pid == 0:
            loss = torch.nn.Linear(3, 1)(torch.ones(2, 3)).sum()
            loss.backward()
            os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """
    )
    assert said == ["True 1", "[]", "7", "7"]


def test_seeds_count_and_no_accelerator_is_waited_for(tmp_path):
    with Engine(timeout=30) as engine:
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


# --- Prepared cells ----------------------------------------------------------------------------

CELLS = [
    "x = 3\nx + 1",
    "print('a')\nassert x == 4, f'three, not {x}'\nprint('b')",
    "def f(n: 'later'):\n    return n / 0\n\nf(1)",
    "for n in range(3):\n    print(n)",
    "from __future__ import annotations\ndef g(n: later):\n    return n\ng.__annotations__",
    "def h(n: int):\n    return n\nh.__annotations__",
    "x is 3",
    "'\\d'",
    "%precision 2",
    "1 +",
    "return 5",
    "'no newline at the end' ;",
    "x = 3\nx + 1",
    "",
]


def test_a_prepared_cell_does_what_it_would_have_done():
    script = """
        import os, sys
        from grader.protocol.orders import Begin
        from grader.sandboxed.cells import make_shell, run_cell, settle_in
        cells = {cells!r}
        shell = make_shell()
        settle_in(Begin(os.getcwd(), {{}}, 10_000), b"")
        if {prepare}:
            for source in cells:
                shell.prepare(source)
        for source in cells:
            report = run_cell(shell, source)
            sys.__stdout__.write(repr(report) + "\\n")
        sys.__stdout__.write(str(len(shell.compile.trees)) + "\\n")
    """
    *plain, none = run(script.format(cells=CELLS, prepare=False))
    *prepared, trees = run(script.format(cells=CELLS, prepare=True))
    assert len(plain) == len(CELLS)
    for one, other in zip(plain, prepared, strict=True):
        assert one == other
    # One stands there twice; "x is 3" and a wrong escape warn, three can't be compiled.
    assert (none, int(trees)) == ("0", len(CELLS) - 6)


def test_what_a_cell_does_to_the_trees_of_later_ones_counts():
    said = run(
        """
        import ast
        from grader.sandboxed.cells import make_shell, run_cell
        shell = make_shell()
        shell.prepare("found = 1")
        class Two(ast.NodeTransformer):
            def visit_Constant(self, node):
                return ast.copy_location(ast.Constant(2), node)
        shell.ast_transformers.append(Two())
        run_cell(shell, "found = 1")
        print(shell.user_ns["found"])
        """
    )
    assert said == ["2"]


def test_a_prepared_cell_is_transformed_once_each_time():
    said = run(
        """
        import ast
        from grader.sandboxed.cells import make_shell, run_cell
        shell = make_shell()
        class OneMore(ast.NodeTransformer):
            def visit_Constant(self, node):
                return ast.copy_location(ast.Constant(node.value + 1), node)
        shell.prepare("first = 1")
        shell.ast_transformers.append(OneMore())
        shell.prepare("second = 1")
        for _ in range(2):
            run_cell(shell, "first = 1")
            run_cell(shell, "second = 1")
            print(shell.user_ns["first"], shell.user_ns["second"])
        run_cell(shell, "many = " + " + ".join(["0"] * 250))
        print(shell.user_ns["many"])
        """
    )
    assert said == ["2 2", "2 2", "250"]


def test_a_test_may_await(engine):
    made = exercise(
        "# given\nimport asyncio",
        "# answer y\ny = 5",
        "# test y1\nvalue = await asyncio.sleep(0, 5)\nassert value == y",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"y1": 1}


# --- Rooms of judges ---------------------------------------------------------------------------

WITH_SECRET = (
    "# given\nlimit = 3",
    "# answer f\ndef f(x):\n    return x + limit",
    "# test f1\n### BEGIN HIDDEN TESTS\nassert f(1) == 4, 'a secret'\n### END HIDDEN TESTS",
    "# test f2\nassert f(2) == 5",
)


def test_no_process_that_players_descend_from_has_seen_a_test(engine, monkeypatch):
    """Not even for a moment: what is freed stays in memory, and every fork has a copy."""
    asked, forked = [], {"player": [], "judge": []}
    ask, fork = Warm.ask, engine.fork

    def seen_ask(warm, message, *args, **kwargs):
        asked.append((warm, str(message)))
        return ask(warm, message, *args, **kwargs)

    def seen_fork(room, role, *args, **kwargs):
        forked[role].append(room)
        return fork(room, role, *args, **kwargs)

    monkeypatch.setattr(Warm, "ask", seen_ask)
    monkeypatch.setattr(engine, "fork", seen_fork)
    made = exercise(*WITH_SECRET)
    assert scores(grade_one(made, handed_in(made), engine)) == {"f1": 1, "f2": 1}
    knowing = {id(warm) for warm, text in asked if "a secret" in text}
    assert knowing == {id(room.warm) for room in forked["judge"] if room.tests}
    # Those who make the contract come from where all others come from.
    assert len(knowing) == 1
    assert all(room.tests for room in forked["judge"])
    # Nobody was forked there but judges.
    assert knowing.isdisjoint(id(room.warm) for room in forked["player"])
    messages = [text for warm, text in asked if id(warm) in knowing]
    assert not any("'room'" in text or "'player'" in text for text in messages)


def test_given_cells_run_once_for_player_and_judge(engine):
    made = exercise(
        "# given\nimport pathlib, random, time\nfrom random import SystemRandom\n"
        "numbers = [SystemRandom().random() for _ in range(5)]\n"
        "here, start = pathlib.Path.cwd(), time.time()",
        "# answer most\nmost, path, later = max(numbers), str(here / 'x.csv'), start + 60",
        "# test is-most\nassert most == max(numbers)",
        "# test is-path\nassert path == str(here / 'x.csv')",
        "# test is-later\nassert later == start + 60",
    )
    wanted = {"is-most": 1, "is-path": 1, "is-later": 1}
    assert scores(grade_one(made, handed_in(made), engine)) == wanted


def test_judges_come_from_the_players_room_where_they_can_have_none_of_their_own(
    engine, monkeypatch
):
    made = exercise(*WITH_SECRET, "# test f3\nassert f(3) == limit + 3")
    room = engine.room(["limit = 3"], Files())
    monkeypatch.setattr(engine, "_fork_judges_room", lambda *_: None)
    assert engine.judges_room(room, ["assert True"]) is room
    assert scores(grade_one(made, handed_in(made), engine)) == {"f1": 1, "f2": 1, "f3": 1}


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
    with Engine(timeout=30, show={"/course/helper.py": helper}) as engine:
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
    with Engine(preload=(), timeout=5, shut_in=False) as made:
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


ADDED = {
    "seeded": ("import random\nrandom.seed(0)", "x = random.random()", "y == x"),
    "counted": ("import itertools\nn = itertools.count()", "x = next(n)", "y == x"),
    "used up": ("rows = iter([4, 5])", "x = list(rows)", "y == x and len(x) == 2"),
}


@pytest.mark.parametrize(("first", "second", "test"), ADDED.values(), ids=ADDED)
def test_an_added_cell_does_not_have_the_judge_run_given_cells_again(engine, first, second, test):
    made = exercise(
        f"# given\n{first}", f"# given\n{second}", "# answer y\ny = x", f"# test y1\nassert {test}"
    )
    for place in (0, 1, 2):
        for count in (1, 2, 5):
            notebook = handed_in(made)
            notebook.cells[place:place] = [nbformat.v4.new_code_cell("# mine")] * count
            assert scores(grade_one(made, notebook, engine)) == {"y1": 1}


@linux
def test_a_judges_room_ends_with_the_players_room():
    with Engine(timeout=30) as engine:
        room = engine.room(["limit = 3"], Files())
        judges = engine.judges_room(room, ["assert limit == 3"])
        room.warm.close()
        time.sleep(1)
        with pytest.raises(Gone):
            judges.warm.fork("judge", engine.limits, 1000)


@linux
def test_a_judges_room_that_cannot_be_made_again_costs_nobody_else_anything(monkeypatch):
    with Engine(timeout=30) as engine:
        room = engine.room(["limit = 3"], Files())
        judges = engine.judges_room(room, ["assert limit == 3"])
        warm = room.warm
        player = engine.fork(room, "player", Files())
        monkeypatch.setattr(engine, "_fork_judges_room", lambda *_: None)
        judges.warm.close()
        engine.fork(judges, "judge", Files()).end()
        assert room.warm is warm
        assert player.end() is not None


@linux
@pytest.mark.parametrize("ended", ["its own", "the players' too", "and what both come from"])
def test_a_judges_room_that_has_ended_is_made_again(ended):
    with Engine(preload=(), timeout=30) as engine:
        room = engine.room(["limit = 3"], Files())
        judges = engine.judges_room(room, ["assert limit == 3"])
        assert (judges.tests, judges.parent) == (("assert limit == 3",), room)
        assert len(judges.played) == len(room.played) == 1
        judges.warm.close()
        if ended != "its own":
            room.warm.close()
        if ended == "and what both come from":
            engine.import_room(()).warm.close()
        for one in (judges, room):
            child = engine.fork(one, "judge", Files())
            child.end()
        again = engine.judges_room(room, ["assert limit == 3"])
        assert (again.tests, again.parent) == (("assert limit == 3",), room)
        engine.fork(again, "judge", Files()).end()


@linux
def test_a_late_reply_is_not_taken_for_the_next():
    made = exercise(*WITH_SECRET)
    with Engine(preload=(), timeout=30) as engine:
        grade_one(made, handed_in(made), engine)
        rooms = [room for room in engine._rooms.values() if room.played]
        assert [bool(room.tests) for room in rooms] == [False, True]
        tests = [f"assert limit > {number}" for number in range(500)]
        for room in rooms:
            with pytest.raises(Gone):
                room.warm.ask(Compile(tests), Done, seconds=0)
            for _ in range(3):
                result = grade_one(made, handed_in(made), engine)
                assert (scores(result), result.notes) == ({"f1": 1, "f2": 1}, [])


def test_what_has_come_is_read_though_the_time_is_up():
    ours, theirs = map(Channel, wire.pair())
    theirs.send(b"{}", b"body")
    assert ours.receive(time.monotonic() - 1) == (b"{}", b"body")
    with pytest.raises(wire.Silent):
        ours.receive(time.monotonic() - 1)


@linux
@pytest.mark.parametrize("times", [1, 2], ids=["once", "always"])
def test_what_the_grader_s_own_end_costs_is_not_the_learner_s_fault(times, monkeypatch):
    made = exercise(
        "# given\nlimit = 3",
        "# answer y\nimport time\ntime.sleep(1)\ny = limit",
        "# test y1\nassert y == limit",
    )
    ask, ended = Child.ask, []

    def seen_ask(child, message, *args, **kwargs):
        if "sleep(1)" in str(message) and len(ended) < times:
            ended.append(child)
            # As when the machine's memory is used up: the room ends, and its players with it.
            child._warm.close()
        return ask(child, message, *args, **kwargs)

    with Engine(preload=(), timeout=30) as engine:
        grade_one(made, handed_in(made), engine)
        monkeypatch.setattr(Child, "ask", seen_ask)
        result = grade_one(made, handed_in(made), engine)
        assert scores(result) == {"y1": 2 - times}
        assert ["The grader's own process" in note for note in result.notes][-1:] == [True] * (
            times - 1
        )
        assert scores(grade_one(made, handed_in(made), engine)) == {"y1": 1}


@linux
def test_deep_reentrant_autograd_survives_in_a_player(tmp_path):
    deep = """
import torch
from torch.utils.checkpoint import checkpoint
def nested(x, depth):
    if depth == 0:
        return x * 2
    return checkpoint(nested, x, depth - 1, use_reentrant=True)
x = torch.ones(2, requires_grad=True)
nested(x, 70).sum().backward()
x.grad.tolist()
"""
    with Engine(timeout=60) as engine:
        done = play(engine, [deep], tmp_path)
    assert done.played[0].outputs[0].data["text/plain"] == "[2.0, 2.0]"


# --- Memory ------------------------------------------------------------------------------------


@linux
def test_what_a_child_makes_lies_on_few_pages():
    script = """
        import os, random, resource
        from grader.sandboxed import memory_order
        chance = random.Random(0)
        kept = [bytes(chance.randrange(40, 2000)) for _ in range(60_000)]
        chance.shuffle(kept)
        del kept[::3]
        if {settle}:
            memory_order.settle()
        pid = os.fork()
        if pid == 0:
            def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            before = faults()
            made = [bytes(size) for size in range(40, 1240)]
            print(faults() - before, flush=True)
            os._exit(0)
        os.waitpid(pid, 0)
    """
    [scattered] = map(int, run(script.format(settle=False)))
    [settled] = map(int, run(script.format(settle=True)))
    # 1,200 objects of 640 bytes each, and half as many: 190 pages would hold them.
    assert settled < 0.6 * scattered, (settled, scattered)


# --- Crossing ----------------------------------------------------------------------------------


def no_live(value):
    raise CannotCross("live")


def looks(value) -> object:
    return Packer(no_live, {}, [value]).look(0)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.int8, torch.bfloat16, torch.bool, torch.complex64]
)
def test_a_look_tells_whether_a_tensor_has_changed(dtype):
    tensor = torch.ones(2, 3).to(dtype)
    before = looks(tensor)
    assert looks(tensor) == before
    assert looks(tensor.clone()) == before
    view = tensor.T
    assert looks(view) != before
    tensor.data[1, 2] = 0
    assert looks(tensor) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.requires_grad_(False),
        lambda t: setattr(t, "grad", torch.ones(2)),
        lambda t: t.data.mul_(2),
        lambda t: t.detach().numpy().__setitem__(0, 5),
        lambda t: setattr(t, "data", torch.ones(2, dtype=torch.float64)),
        lambda t: setattr(t, "data", torch.ones(4)[::2]),
        lambda t: setattr(t, "data", torch.ones(2, 1)),
    ],
)
def test_a_look_sees_every_change_of_a_parameter(change):
    parameter = nn.Parameter(torch.ones(2))
    before = looks(parameter)
    change(parameter)
    assert looks(parameter) != before


def test_a_look_takes_what_is_no_number_for_itself():
    tensor = torch.tensor([float("nan")])
    assert looks(tensor) == looks(tensor.clone())


# --- Files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x = 1\nx", "läuft\n\n", "half \ud800 of it", ""])
def test_a_written_notebook_reads_as_it_was(text):
    cell = nbformat.v4.new_code_cell(text, metadata={"b": 1, "a": [2.5, 10**25, None]})
    cell.outputs = [nbformat.v4.new_output("stream", text=text)]
    notebook = nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_markdown_cell(text)])
    read = nbformat.reads(as_file(notebook).decode(), as_version=4)
    mended = text.encode("utf-8", "replace").decode()
    assert [c.source for c in read.cells] == [mended] * 2
    assert read.cells[0].outputs[0].text == mended
    assert read.cells[0].metadata == cell.metadata
    plain = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    assert nbformat.reads(as_file(plain).decode(), as_version=4) == plain
