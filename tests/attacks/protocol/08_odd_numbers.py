"""Reports cells that took 1e308 seconds, with counts and lines beyond all bounds."""

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


control = above("channel").socket
for seconds in (1e308, 1e308, -1e308, 1e308):
    report = json.dumps(
        {
            "outputs": [
                {
                    "output_type": "execute_result",
                    "execution_count": -(2**62),
                    "data": {"text/plain": "x", "": "", "application/json": {"a": [1e308] * 9}},
                    "metadata": {"x": {"y": ["z"] * 9}},
                },
                {"output_type": "error", "ename": "", "evalue": "", "traceback": []},
            ],
            "execution_count": 2**70,
            "seconds": seconds,
            "error_line": -(2**62),
        }
    ).encode()
    control.sendall(struct.pack(">II", len(report), 0) + report)
