"""Starts 2,000 sleeping processes in sessions of their own, which nobody waits for."""

STOCK = "not measured: it would take the machine down"

# %% first
import os
import time

for number in range(2000):
    try:
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
            os._exit(0)
    except OSError:
        break
