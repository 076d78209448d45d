"""Sends numbers and records that take for ever to build, or raise what nobody expects."""

STOCK = "does not apply: tests and learner's code share a process"
OURS = 1

# %% first
import grader.sandboxed.calls.peer as handles
from grader.protocol.values import Array, Big, Complex, Numbers, Record, Seq, Spelled

NODES = {
    "product": Record("a", ["foo", "\uff46oo"], [1, 2]),
    "halve": Big("9" * 10_000_000),
    "mask": Spelled("Decimal", "1e999999999"),
    "pruned": Spelled("Fraction", "1/0"),
    "gauge": Numbers("range", [0, 2**63 - 1, "x"]),
    "shrink": Seq("list", [Record(f"a{n}", [f"f{m}" for m in range(50)], []) for n in range(2000)]),
    "Tally": Array("<U1", [], 0, True),
    "twice": Seq("set", [Seq("list", [])]),
}
really = handles.Peer._give


def give(self, request, reply, packer):
    if request.name in NODES:
        import numpy as np

        reply.value = NODES[request.name]
        packer.buffers = [np.full(4, 255, np.uint8)]
    else:
        really(self, request, reply, packer)


handles.Peer._give = give
product = halve = mask = pruned = gauge = shrink = Tally = twice = None


# %% generator
def countdown(n):
    yield from range(n, 0, -1)
