"""What is done in the warm process, so that submissions need not: it must not show."""

from __future__ import annotations

from grader import Engine
from grader.host.engine.player_client import play
from grader.host.engine.settings import EngineSettings
from tests.grader.conftest import linux
from tests.grader.sandboxed.conftest import run


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


@linux
def test_a_cell_finds_the_result_of_the_one_before(tmp_path):
    with Engine(EngineSettings()) as engine:
        done = play(engine, ["6 * 7", "_ + 1", "__ + _"], tmp_path)
    shown = [played.outputs[0].data["text/plain"] for played in done.played.values()]
    assert shown == ["42", "43", "85"]


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
    with Engine(EngineSettings(timeout=60)) as engine:
        done = play(engine, [deep], tmp_path)
    assert done.played[0].outputs[0].data["text/plain"] == "[2.0, 2.0]"
