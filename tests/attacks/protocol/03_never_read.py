"""Replies without having been asked, and never reads again: what is sent to it backs up.

The next cell is 8 MB long, so that sending it takes somebody who reads it.
"""

STOCK = "does not apply: tests and learner's code share a process"
REASON = r"process|time|more than"


def change(notebook):
    for cell in notebook.cells:
        if cell.id == "own-1":
            cell.source += "x" * 8_000_000


# %% first
import json
import struct
import sys
import time


def above(name):
    frame = sys._getframe(1)
    while frame is not None:
        if name in frame.f_locals:
            return frame.f_locals[name]
        frame = frame.f_back


REPORT = json.dumps(
    {"outputs": [], "execution_count": 1, "seconds": 0.0, "error_line": None}
).encode()
above("channel").socket.sendall(struct.pack(">II", len(REPORT), 0) + REPORT)
while True:
    try:
        time.sleep(1000)
    except BaseException:
        pass

# %% first
# A comment that goes on for
