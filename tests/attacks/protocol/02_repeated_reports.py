"""Reports of cells that never ran, before they run: a thousand replies on the control socket."""

STOCK = "does not apply: tests and learner's code share a process"

# %% first
import json
import struct
import sys


def above(name):
    frame = sys._getframe(1)
    while frame is not None:
        if name in frame.f_locals:
            return frame.f_locals[name]
        frame = frame.f_back


REPORT = json.dumps(
    {
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "forged"}],
        "execution_count": 1,
        "seconds": 0.0,
        "error_line": None,
        "interrupted": False,
        "lost": None,
        "undeclared": [],
        "passed": True,
        "score": 10,
    }
).encode()
control = above("channel").socket
for _ in range(1000):
    control.sendall(struct.pack(">II", len(REPORT), 0) + REPORT)
