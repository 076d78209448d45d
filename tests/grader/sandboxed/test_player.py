"""Execution: outputs as in a notebook, time limits, and processes that end."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time

import nbformat
import pytest

from grader import Engine, GraderError
from grader.host.engine.player_client import play as play_notebook
from grader.host.engine.settings import EngineSettings
from grader.host.transcript import as_node
from grader.protocol.outputs import Display, Error, ExecuteResult, Stream
from grader.sandboxed import player


@pytest.fixture
def play(engine, tmp_path):
    return lambda *cells: play_notebook(engine, cells, tmp_path)


def errors(played):
    return [(o.ename, o.evalue) for o in played.outputs if isinstance(o, Error)]


def family(engine) -> set[int]:
    """The engine's processes that are alive, seen from outside of its sandbox."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as stat:
            state, parent = stat.read().rsplit(")", 1)[1].split()[:2]
            if state != "Z":
                parents[int(name)] = int(parent)
    found = {engine.rooms._process.pid}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def gone(pids: set[int]) -> bool:
    """Whether processes have ended, or do within two seconds."""
    for _ in range(200):
        if not any(os.path.exists(f"/proc/{pid}") for pid in pids):
            return True
        time.sleep(0.01)
    return False


def test_outputs_are_those_of_a_notebook(play):
    done = play(
        "import sys\nprint('a')\nprint('b', file=sys.stderr)\n1 + 1",
        "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "[][3]",
        "x = 5;",
        "x",
    )
    assert done.stopped is None
    out, err, two = done.played[0].outputs
    assert out == Stream("stdout", "a\n")
    assert err == Stream("stderr", "b\n")
    assert isinstance(two, ExecuteResult)
    assert (two.data, two.execution_count) == ({"text/plain": "2"}, 1)
    [shown] = done.played[1].outputs
    assert isinstance(shown, Display)
    assert shown.data["text/html"] == "<b>x</b>"
    [figure] = done.played[2].outputs
    assert figure.data["image/png"].startswith("iVBOR")
    assert errors(done.played[3]) == [("IndexError", "list index out of range")]
    assert done.played[4].outputs == []
    assert done.played[5].outputs[0].data == {"text/plain": "5"}
    assert done.played[5].execution_count == 6


def test_displays_are_updated_and_cleared(play):
    done = play(
        "h = display('a', display_id=True)\nh.update('b')",
        "from IPython.display import clear_output\nprint(1)\nclear_output()\nprint(2)",
        "print(1)\nclear_output(wait=True)\nprint(3)",
    )
    assert [o.data["text/plain"] for o in done.played[0].outputs] == ["'b'"]
    assert [o.text for o in done.played[1].outputs] == ["2\n"]
    assert [o.text for o in done.played[2].outputs] == ["3\n"]


def test_what_passes_python_by_is_captured_too(play):
    done = play(
        "import os\nos.write(1, b'raw \\xff')\nos.write(2, b'err');", "!echo shell", "%%time\npass"
    )
    texts = {o.name: o.text for o in done.played[0].outputs}
    assert texts == {"stdout": "raw \ufffd", "stderr": "err"}
    assert done.played[1].outputs[0].text.split() == ["shell"]
    assert "Wall time" in done.played[2].outputs[0].text


def test_no_command_waits_for_a_terminal(play):
    """IPython's own `!` has one, at which these wait for a key, or for a line."""
    long = "!seq 100 | sed 's/^/line /' > lines.txt; "
    done = play(
        f"{long}more lines.txt",
        f"{long}less lines.txt",
        "!python3 -c 'help(str)'",
        "!python3 -c 'print(input())'",
        "!cat",
        "!sleep 60 & echo on",
        "!printf 'caf\\303\\251'; exit 3",
        "print(_exit_code)",
        "!kill -9 $$",
        "print(_exit_code)",
        "!echo begun; sleep 60",
    )
    shown = [
        "".join(output.text for output in cell.outputs if hasattr(output, "text"))
        for cell in done.played.values()
    ]
    lines = "".join(f"line {number}\n" for number in range(1, 101))
    assert shown[0].endswith(lines)
    assert shown[1] == lines
    assert "Help on class str" in shown[2]
    assert "EOFError" in shown[3]
    assert shown[4:-1] == ["", "on\n", "café", "3\n", "", "-9\n"]
    assert sum(cell.seconds for cell in list(done.played.values())[:-1]) < 5
    # Its time is up all the same.
    assert done.played[10].interrupted
    assert done.played[10].outputs[0].text == "begun\n"


def test_json_of_any_depth_can_be_written(play):
    """It stays text, which any file holds."""
    show = "from IPython.display import publish_display_data as show\n"
    done = play(
        *(
            f"{show}deep = '[' * {depth} + '1' + ']' * {depth}\n"
            "show({'application/json': deep}, {'deep': [deep]})"
            for depth in (3, 600, 5_000)
        )
    )
    shown = [as_node(played.outputs[0]) for played in done.played.values()]
    assert shown[0].data == {"application/json": "[[[1]]]"}
    assert [output.metadata for output in shown] == [{}, {}, {}]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=shown)])
    nbformat.validate(nbformat.reads(nbformat.writes(notebook), 4))


def test_text_that_no_file_can_hold_is_mended(play):
    done = play("print('a\\ud800b')", "raise ValueError('\\ud800')", "'after'")
    assert done.played[0].outputs[0].text == "a?b\n"
    assert errors(done.played[1]) == [("ValueError", "?")]
    assert done.played[2].outputs[0].data == {"text/plain": "'after'"}


@pytest.mark.parametrize(
    ("source", "name", "line"),
    [
        ("def f(:", "SyntaxError", 1),
        ("x = 1\n\nassert x == 2, 'no'", "AssertionError", 3),
        ("import sys\nsys.exit(3)", "SystemExit", 2),
        ("input()", "EOFError", 1),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 1),
        ("x = '\0'", "SyntaxError", None),
        ("class E(Exception):\n    def __str__(self): 1/0\nraise E", "E", 3),
        ("await nothing", "NameError", 1),
        ("%nothing", "UsageError", None),
    ],
)
def test_an_error_ends_its_cell_only(play, source, name, line):
    done = play(source, "'next'")
    played = done.played[0]
    if name == "UsageError":
        assert errors(played) == [("Error", "the cell failed without a traceback")]
    elif "\0" in source:
        assert errors(played)[0][0] in ("SyntaxError", "ValueError")
    else:
        assert errors(played)[0][0] == name
        assert played.error_line == line
    assert done.played[1].outputs[0].data == {"text/plain": "'next'"}
    assert done.stopped is None


def test_exit_and_quit_end_nothing(play):
    assert set(play("exit()", "quit()", "exit", "1").played) == {0, 1, 2, 3}


def test_a_loop_is_interrupted_and_the_next_cell_runs(engine, tmp_path):
    done = play_notebook(engine, ["x = 1\nwhile True: pass", "x"], tmp_path)
    assert errors(done.played[0]) == [("CellTimeoutError", "This cell was stopped after 2 s.")]
    assert done.played[0].interrupted
    assert done.played[1].outputs[0].data == {"text/plain": "1"}


def test_a_loop_that_swallows_interrupts_is_killed_and_the_past_stays(tmp_path):
    stubborn = "import time\nwhile True:\n    try: time.sleep(1)\n    except BaseException: pass"
    with Engine(EngineSettings(preload=(), timeout=0.5)) as engine:
        done = play_notebook(engine, ["print('earned')", stubborn, "2"], tmp_path)
        assert done.played[0].outputs[0].text == "earned\n"
        assert errors(done.played[1])[0][0] == "ProcessEnded"
        assert 2 not in done.played
        assert done.stopped == "took more than 0.5 s and could not be interrupted"
        assert done.stopped_at == 1
        assert play_notebook(engine, ["1"], tmp_path).stopped is None


@pytest.mark.parametrize(
    ("source", "stopped"),
    [
        ("import os; os._exit(0)", "ended the process (exit status 0)"),
        ("import ctypes; ctypes.string_at(0)", "ended the process (SIGSEGV)"),
        # It ends by itself, or is ended because it has hung up.
        ("import os; os.closerange(3, 200)", "ended the process ("),
    ],
)
def test_a_process_that_ends_keeps_what_was_reported(play, source, stopped):
    done = play("1", source, "2")
    assert set(done.played) == {0, 1}
    assert done.stopped.startswith(stopped)
    assert done.stopped_at == 1
    assert errors(done.played[1])[0][0] == "ProcessEnded"


def test_a_killed_warm_process_is_replaced(tmp_path):
    with Engine(EngineSettings(preload=(), timeout=5)) as engine:
        assert play_notebook(engine, ["1"], tmp_path).stopped is None
        threading.Timer(0.5, engine.rooms._process.kill).start()
        done = play_notebook(engine, ["1", "while True: pass", "2"], tmp_path)
        assert set(done.played) == {0, 1}
        assert done.stopped == "broke the process it ran in"
        assert play_notebook(engine, ["3"], tmp_path).played[0].outputs[0].data == {
            "text/plain": "3"
        }


def test_without_a_sandbox_too_the_next_notebook_is_played(tmp_path):
    """What forks players is the parent of what a learner may kill there."""
    with Engine(EngineSettings(preload=(), timeout=5, shut_in=False)) as engine:
        play_notebook(engine, ["import os; os.kill(os.getppid(), 9)", "2"], tmp_path)
        done = play_notebook(engine, ["3"], tmp_path)
        assert done.played[0].outputs[0].data == {"text/plain": "3"}


def test_a_forged_stream_of_reports_is_no_report(play):
    forge = (
        "import os\nfor fd in range(3, 60):\n"
        "    try: os.write(fd, b'junk' * 9)\n    except OSError: pass"
    )
    done = play("1", forge, "2")
    assert done.stopped == "broke the process it ran in"
    assert set(done.played) == {0, 1}
    assert play("1").stopped is None


@pytest.mark.parametrize("then", ["1", "import os; os._exit(1)"])
def test_processes_left_behind_end_with_the_notebook(play, engine, then):
    play("1")
    before = family(engine)
    seen = set()
    over = threading.Event()

    def watch():
        while not over.wait(0.02):
            seen.update(family(engine) - before)

    watching = threading.Thread(target=watch)
    watching.start()
    play("import os, time\nif os.fork() == 0: time.sleep(60)\ntime.sleep(0.5)", then)
    over.set()
    watching.join()
    # The player, and what it left behind.
    assert len(seen) == 2
    assert gone(seen)


def test_a_cell_that_forks_goes_on_once(play):
    done = play("import os\npid = os.fork()", "'here'", "pid > 0")
    assert done.stopped is None
    assert done.played[2].outputs[0].data == {"text/plain": "True"}


def test_a_stopped_engine_ends_what_it_plays(tmp_path):
    with Engine(EngineSettings(preload=(), timeout=30)) as engine:
        play_notebook(engine, ["1"], tmp_path)
        everybody = set()

        def stop():
            everybody.update(family(engine))
            engine.stop()

        threading.Timer(0.5, stop).start()
        begun = time.monotonic()
        assert play_notebook(engine, ["while True: pass"], tmp_path).stopped is not None
        assert time.monotonic() - begun < 10
        with pytest.raises(GraderError, match="Stopped"):
            play_notebook(engine, ["1"], tmp_path)
    assert len(everybody) > 3
    assert gone(everybody)


def test_output_is_limited_but_never_an_error_or_a_result(tmp_path):
    with Engine(EngineSettings(preload=(), timeout=5, output_limit=1000)) as engine:
        done = play_notebook(
            engine,
            [
                "for i in range(10**5): print(i)\n1/0",
                "print('x' * 5000)\n0.5",
                "import os\nfor i in range(1000): os.write(1, b'y' * 1000)",
                "raise ValueError('z' * 10**6)",
                "display({'text/plain': 'w' * 5000}, raw=True)",
            ],
            tmp_path,
        )
    sizes = [sum(len(str(o)) for o in done.played[n].outputs) for n in range(5)]
    assert max(sizes) < 60_000
    assert "cut at 1000 characters" in str(done.played[0].outputs)
    assert errors(done.played[0]) == [("ZeroDivisionError", "division by zero")]
    assert done.played[1].outputs[-1].data == {"text/plain": "0.5"}
    assert len(errors(done.played[3])[0][1]) == 20_000
    assert "cut at 1000" in done.played[4].outputs[0].text


def test_notebooks_share_nothing_but_the_folder(engine, tmp_path):
    (tmp_path / "helper.py").write_text("value = 7")
    first = play_notebook(
        engine, ["import numpy, helper\nnumpy.seen = x = 1\nhelper.value"], tmp_path
    )
    assert first.played[0].outputs[0].data == {"text/plain": "7"}
    second = play_notebook(engine, ["import numpy\nhasattr(numpy, 'seen'), 'x' in dir()"], tmp_path)
    assert second.played[0].outputs[0].data == {"text/plain": "(False, False)"}


def test_pickles_and_annotations_find_their_classes(play):
    """What is defined in a cell lives in __main__, as in a kernel."""
    done = play(
        "import pickle\nclass A: pass\ntype(pickle.loads(pickle.dumps(A()))) is A",
        "__name__, get_ipython() is not None",
    )
    assert done.played[0].outputs[0].data == {"text/plain": "True"}
    assert done.played[1].outputs[0].data == {"text/plain": "('__main__', True)"}


def test_torch_is_warm_and_does_not_deadlock(tmp_path):
    """One thread in the parent, so that a child may use what it likes."""
    with Engine(EngineSettings(timeout=30)) as engine:
        engine.rooms.start()
        assert {len(os.listdir(f"/proc/{pid}/task")) for pid in family(engine)} == {1}
        source = (
            "import sys\nwarm = 'torch._dynamo' in sys.modules\nimport torch\n"
            "torch.set_num_threads(2)\nm = torch.nn.Linear(300, 300)\n"
            "o = torch.optim.Adam(m.parameters())\n"
            "m(torch.ones(64, 300)).sum().backward()\no.step()\nwarm"
        )
        for _ in range(2):
            done = play_notebook(engine, [source], tmp_path)
            assert done.played[0].outputs[0].data == {"text/plain": "True"}
            assert done.played[0].seconds < 10


def test_copies_of_a_working_folder_leave_room_in_tmp(tmp_path, monkeypatch):
    folder, copies = tmp_path / "folder", tmp_path / "copies"
    folder.mkdir(), copies.mkdir()
    (folder / "data.txt").write_text("0123456789")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    monkeypatch.setattr(player, "_ALL", 25)
    monkeypatch.setattr(player, "_copied", 0)
    assert [bool(player._copy_of_folder()) for _ in range(3)] == [True, True, False]
    monkeypatch.setattr(player, "_copied", 0)
    # Cannot be copied: better the folder itself than half of it.
    os.mkfifo(folder / "pipe")
    assert player._copy_of_folder() is None
    assert len(list(copies.iterdir())) == 2
