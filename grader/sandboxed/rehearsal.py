"""What most submissions do, done in the warm process before anything is forked.

The first call of anything takes many times as long as the second: caches are filled, and memory is
written that a child has to copy first. What is done here is done once for all submissions.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from grader.protocol import wire
from grader.protocol.wire import Channel
from grader.sandboxed.calls.budget import CallBudget
from grader.sandboxed.calls.randomness import random_states, set_random_states
from grader.sandboxed.calls.rules import Discovering, Enforcing
from grader.sandboxed.cells import Shell, run_cell
from grader.sandboxed.codec.libraries import torch_module
from grader.sandboxed.judge import JudgePeer
from grader.sandboxed.outputs import OutputStream
from grader.sandboxed.player import PlayerPeer

_PYTHON = """
class Rehearsed:
    def __init__(self, value):
        self.value = value

    def twice(self):
        return 2 * self.value

def rehearse(numbers, factor=2):
    found = {f"{n:.2f}": n * factor for n in numbers if n > 0}
    return sorted(found.values(), key=lambda n: -n), max(numbers), round(sum(numbers) / 3, 2)

print("rehearsed", rehearse([1.5, 2, -3]), end="")
for number in range(3):
    try:
        assert number == 1, f"{number} is not 1"
    except AssertionError as error:
        str(error)
assert isinstance(Rehearsed(2).twice(), int), "no number"
all(isinstance(n, float) for n in (1.0, 2.0)) and (1, "one")
"""
_NUMPY = """
import numpy as np
grid = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
chance = np.random.default_rng(0)
levels = np.clip(np.round(grid / 0.1) + 3, 0, 255).astype(np.uint8)
same = np.allclose(grid, (levels - 3.0) * 0.1, atol=0.5) and np.array_equal(levels, levels.copy())
(np.abs(grid).max(), grid.mean(axis=0), grid[grid > 0].sum(), np.argsort(grid), grid @ grid.T)
(chance.normal(size=3), np.count_nonzero(levels), np.isfinite(grid).all(), int(levels[0, 0]))
"""
# No backward(): what autograd keeps for it does not survive the fork of a room.
_TORCH = """
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))
images = torch.randn(2, 1, 6, 6)
x = torch.rand(4, 8)
with torch.no_grad():
    logits = net(x)
    (logits.argmax(1) == 1).float().mean().item()
    net[0].weight.mul_(1.0).copy_(net[0].weight.clone())
    nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Flatten())(images)
prune.l1_unstructured(net[0], "weight", amount=0.2)
prune.random_unstructured(net[2], name="weight", amount=2)
net(x).shape, prune.is_pruned(net), list(net[0].named_buffers())
prune.remove(net[0], "weight")
zeros = int((net[0].weight == 0).sum())
parts = sum(p.numel() for p in net.parameters()), list(net.state_dict()), len(list(net.modules()))
row = x.abs().sum(dim=1)
order = torch.argsort(row), torch.topk(row, 2).indices, torch.sort(row, descending=True).values
mask = torch.ones_like(x)
mask[order[0][:2]] = 0
flat = torch.cat([p.detach().flatten() for p in net.parameters()])
scale = (flat.max() - flat.min()) / 255
q = torch.clamp(torch.round(flat / scale), -128, 127).to(torch.int8)
near = torch.allclose(q.float() * scale, flat, atol=1e-1), torch.equal(mask, mask.clone())
again = torch.tensor([[1.0, -2.0], [0.5, 3.0]]), torch.arange(4).reshape(2, 2), torch.eye(2)
kept = torch.where(again[0] > 0, again[0], 0.0).tolist(), again[0].norm(), torch.zeros(2, 3).size()
x.numpy().sum(), torch.linspace(0, 1, 5).unique(), torch.quantile(row, 0.5), x.mean().item()
torch.optim.SGD(net.parameters(), lr=0.1).zero_grad()
F.cross_entropy(net(x), torch.tensor([0, 1, 2, 0]))
"""
_FAILING = "raise NotImplementedError", "assert 1 == 2, 'not the same'", "unknown_name"


def rehearse(shell: Shell) -> None:
    """Runs cells, and has a test call answers; leaves nothing behind but what was warmed."""
    states, names = random_states(), (dict(shell.user_ns), dict(shell.user_ns_hidden))
    with redirect_stdout(OutputStream("stdout", 1)), redirect_stderr(OutputStream("stderr", 2)):
        _run_cells(shell)
        _call_answers(shell)
    set_random_states(states)
    _forget(shell, *names)


def _run_cells(shell: Shell) -> None:
    cells = [_PYTHON, _NUMPY, *([_TORCH] if torch_module() else [])]
    for source in (*cells, *_FAILING):
        run_cell(shell, source, keep=False)


def _forget(shell: Shell, names: dict[str, Any], hidden: dict[str, Any]) -> None:
    """Leaves no name, no result and no error to those who come.

    Args:
        hidden: those that IPython has bound itself: it binds `_` again only where it is still so.
    """
    # IPython keeps the last execution.
    run_cell(shell, "pass", keep=False)
    shell.user_ns.clear()
    shell.user_ns.update(names)
    shell.user_ns_hidden.clear()
    shell.user_ns_hidden.update(hidden)
    shell.user_ns["_oh"].clear()
    if shell.history_manager is not None:
        shell.history_manager.outputs.clear()
    shell.displayhook._ = shell.displayhook.__ = shell.displayhook.___ = ""
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)


def _call_answers(shell: Shell) -> None:
    ours, theirs = wire.pair()
    player = PlayerPeer(Channel(theirs), {}, {"answer": lambda *args: args}, trusted=True)

    def serve() -> None:
        # To hand over the answer, and to be called, as with the solution and as with a learner's.
        for _ in range(4):
            player.serve()

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    bench = JudgePeer(Channel(ours), {}, shell)
    args: list[Any] = [[1, 2.5, "text"], {"key": None}]
    if torch := torch_module():
        torch.manual_seed(0)
        args += [torch.ones(2, 2), torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())]
    first = Discovering(random=True)
    for rules in (first, Enforcing(first.terms)):
        bench.begin(rules, CallBudget(time.monotonic() + 60))
        _, answer = bench.take("answer")
        answer(*args)
    serving.join()
    ours.close()
    theirs.close()
