"""Sends shapes, strides, types and indices that do not fit their bytes."""

STOCK = "does not apply: tests and learner's code share a process"
OURS = 1

# %% first
import grader.sandboxed.calls.peer as handles
from grader.protocol.values import Array, Quantized, Seq, Sparse, Tensor

LONG = [1] * 33
NODES = {
    "product": Array("|S999999999", [4, 8], 0),
    "halve": Seq("list", [Tensor("float32", [2**62, 4], 0), Tensor("float32", [-1, -4], 0)]),
    "mask": Tensor("float32", [4, 8], 0, [2**62, 2**62]),
    "pruned": Tensor("__class__", [4, 8], 0),
    "gauge": Sparse("coo", [4, 8], [Tensor("int64", [2, 1], 1), Tensor("float32", [1], 2)]),
    "shrink": Quantized(Tensor("int8", [4], 2), float("nan"), 2**62),
    "Tally": Tensor("float32", LONG, 0),
    "twice": Tensor("float32", [1], 10**9, [0], True, True, Tensor("complex128", [0, 2**62], -1)),
}
really = handles.Peer._give


def give(self, request, reply, packer):
    if request.name in NODES:
        import numpy as np

        reply.value = NODES[request.name]
        packer.buffers = [
            np.zeros(128, np.uint8),
            np.full(16, 255, np.uint8),
            np.zeros(4, np.uint8),
        ]
    else:
        really(self, request, reply, packer)


handles.Peer._give = give
product = halve = mask = pruned = gauge = shrink = Tally = twice = None


# %% generator
def countdown(n):
    yield from range(n, 0, -1)
