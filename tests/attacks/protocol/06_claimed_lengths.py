"""Announces four gigabytes, then sends nothing."""

STOCK = "does not apply: tests and learner's code share a process"
REASON = r"process"

# %% first
import sys
import time


def above(name):
    frame = sys._getframe(1)
    while frame is not None:
        if name in frame.f_locals:
            return frame.f_locals[name]
        frame = frame.f_back


above("channel").socket.sendall(b"\xff" * 8)
time.sleep(1)
