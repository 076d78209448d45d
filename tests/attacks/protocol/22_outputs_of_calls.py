"""Says that its calls have shown what no notebook can hold: other types, extensions, 15 MB."""

STOCK = "does not apply: tests and learner's code share a process"

# %% first
import msgspec

import grader.sandboxed.calls.peer as handles

really = handles.Peer._called
SAID = [
    {"output_type": "display_data", "data": {"text/plain": msgspec.msgpack.Ext(5, b"x")}},
    {"output_type": "display_data", "data": 5},
    {"output_type": "display_data", "data": {"image/png": b"\xff", "text/html": [1, {2: 3}]}},
    {"output_type": "stream", "name": [], "text": {"a": b"\xff"}},
    {"output_type": "stream", "name": "stderr", "text": "x" * 15_000_000},
    {"output_type": "error", "ename": "<script>PWNED()</script>", "evalue": "", "traceback": []},
    {},
]


def called(self, request, body, reply):
    packer = really(self, request, body, reply)
    reply.said = SAID
    return packer


handles.Peer._called = called


# %% function
def halve(values):
    return [0.0, 0.0]
