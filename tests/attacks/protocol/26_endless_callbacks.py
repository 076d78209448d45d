"""Answers no call: it calls back for ever, each time inside the call before."""

STOCK = "does not apply: tests and learner's code share a process"

# %% callback
import grader.sandboxed.calls.peer as handles


def twice(f, x):
    frame_depth = 0
    while True:
        try:
            f(x)
        except BaseException:
            pass
