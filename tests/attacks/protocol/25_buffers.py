"""Sends raw buffers that are no safetensors file: lengths, offsets and types that lie."""

STOCK = "does not apply: tests and learner's code share a process"

# %% first
import json
import struct

import grader.sandboxed.calls.peer as handles
from grader.protocol.calls import ENCODER, Reply
from grader.protocol.values import Tensor

HEADS = [
    {"0": {"dtype": "U8", "shape": [2**62], "data_offsets": [0, 2**62]}},
    {
        "0": {"dtype": "U8", "shape": [128], "data_offsets": [0, 128]},
        "1": {"dtype": "U8", "shape": [128], "data_offsets": [0, 128]},
    },
    {"0": {"dtype": "F64", "shape": [16], "data_offsets": [-8, 120]}},
    {"0": {"dtype": "O", "shape": [], "data_offsets": [0, 0]}},
    {"__metadata__": {"a": 5}, "x": []},
]
count = iter(range(10**9))


def send(self, message, packer):
    head = json.dumps(HEADS[next(count) % len(HEADS)]).encode()
    body = struct.pack("<Q", [len(head), 2**63][next(count) % 2]) + head + bytes(128)
    if isinstance(message, Reply):
        message.value = Tensor("float32", [4, 8], 0)
    self.channel.send(ENCODER.encode(message), body)


handles.Peer._send = send
