"""A generator that yields just often enough to seem alive."""

STOCK = "0 of 10"

# %% generator
import time


def countdown(n):
    while True:
        yield n
        time.sleep(0.05)
