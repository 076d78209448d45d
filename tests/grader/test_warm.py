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

from grader import Engine, grade_one, output
from grader.engine import Files, Warm
from grader.manifest import CannotCross
from grader.packing import Packer
from grader.player import Error, play
from grader.wire import Gone
from tests.grader.conftest import exercise, handed_in
from tests.grader.test_session import scores

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
        from grader import rehearsal
        from grader.shell import make_shell, run_cell
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
            ran.append((source, [o["ename"] for o in report["outputs"] if "ename" in o]))
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
        from grader.shell import make_shell, run_cell, settle_in
        cells = {cells!r}
        shell = make_shell()
        settle_in({{"folder": os.getcwd(), "files": {{}}, "output_limit": 10_000}}, b"")
        if {prepare}:
            for source in cells:
                shell.prepare(source)
        for source in cells:
            report = run_cell(shell, source)
            del report["seconds"]
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
        from grader.shell import make_shell, run_cell
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
        from grader.shell import make_shell, run_cell
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


def test_given_cells_that_share_memory_run_apart_for_everybody(engine):
    made = exercise(
        "# given\nimport numpy as np\n"
        "truth = np.memmap('truth.bin', mode='w+', dtype='int64', shape=(4,))\ntruth[:] = 3",
        "# answer y\ny = 12",
        "# test y1\nassert y == int(truth.sum())",
    )
    forged = handed_in(made, y="truth[:] = 0\ny = 0")
    assert scores(grade_one(made, forged, engine)) == {"y1": 0}
    assert scores(grade_one(made, handed_in(made), engine)) == {"y1": 1}


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
@pytest.mark.parametrize("ended", ["its own", "the players' too"])
def test_a_judges_room_that_has_ended_is_made_again(ended):
    with Engine(timeout=30) as engine:
        room = engine.room(["limit = 3"], Files())
        judges = engine.judges_room(room, ["assert limit == 3"])
        assert (judges.tests, judges.parent) == (("assert limit == 3",), room)
        assert len(judges.played) == len(room.played) == 1
        judges.warm.close()
        if ended != "its own":
            room.warm.close()
        for one in (judges, room):
            child = engine.fork(one, "judge", Files())
            child.end()
        again = engine.judges_room(room, ["assert limit == 3"])
        assert (again.tests, again.parent) == (("assert limit == 3",), room)
        engine.fork(again, "judge", Files()).end()


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
        from grader import memory
        chance = random.Random(0)
        kept = [bytes(chance.randrange(40, 2000)) for _ in range(60_000)]
        chance.shuffle(kept)
        del kept[::3]
        if {settle}:
            memory.settle()
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
    read = nbformat.reads(output._as_file(notebook).decode(), as_version=4)
    mended = text.encode("utf-8", "replace").decode()
    assert [c.source for c in read.cells] == [mended] * 2
    assert read.cells[0].outputs[0].text == mended
    assert read.cells[0].metadata == cell.metadata
    plain = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    assert nbformat.reads(output._as_file(plain).decode(), as_version=4) == plain
