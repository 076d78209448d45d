"""Sends modules of other classes, of a billion units, that contain themselves, or lack parts."""

STOCK = "does not apply: tests and learner's code share a process"
OURS = 1

# %% first
import grader.sandboxed.calls.peer as handles
from grader.protocol.values import Back, Given, Live, Module, Tensor

HANDLE = Live(1, "function", "f", ["__call__", "__eq__"])
NODES = {
    "product": Module("os.system", {}, {}, True, [], [], [], []),
    "halve": Module(
        "Embedding",
        {"num_embeddings": 1, "embedding_dim": 1, "padding_idx": 2**31},
        {},
        True,
        [],
        [],
        [],
        [],
    ),
    "mask": Module(
        "LSTM",
        {"input_size": 2**31, "hidden_size": 2**31, "num_layers": 64},
        {},
        True,
        [],
        [],
        [],
        [],
    ),
    "pruned": Module(
        "Linear",
        {"in_features": 8, "out_features": 4},
        {"forward": HANDLE},
        True,
        [
            ("weight_orig", Tensor("float32", [4, 8], 0, None, True, True)),
            ("forward_orig", Tensor("float32", [4, 8], 0, None, True, True)),
        ],
        [
            ("forward_mask", Tensor("float32", [4, 8], 0), True),
            ("weight_mask", Tensor("float32", [8, 4], 0), True),
        ],
        [("forward", Back(0))],
        ["forward", "_parameters", "__class__"],
    ),
    "gauge": Given("Gauge", {"reading": HANDLE}),
    "shrink": Module("given:Gauge", {}, {}, True, [], [], [], []),
    "Tally": Module("Sequential", {}, {}, True, [], [], [("0", Back(0)), ("a.b", None)], []),
    "twice": Module("Hardtanh", {"max_val": -1}, {}, True, [], [], [], []),
}
really = handles.Peer._give


def give(self, request, reply, packer):
    if request.name in NODES:
        import numpy as np

        reply.value = NODES[request.name]
        packer.buffers = [np.zeros(128, np.uint8)]
    else:
        really(self, request, reply, packer)


handles.Peer._give = give
product = halve = mask = pruned = gauge = shrink = Tally = twice = None


# %% generator
def countdown(n):
    yield from range(n, 0, -1)
