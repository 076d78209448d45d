"""Ends its process in every function that a test calls, and is right in what comes after."""

STOCK = "no mark"
OURS = 3

# %% function
import os


def halve(values):
    os._exit(1)


# %% change
def shrink(net):
    os._exit(1)


# %% class
class Tally:
    def __init__(self):
        os._exit(1)


# %% generator
def countdown(n):
    os._exit(1)


# %% callback
def twice(f, x):
    once = f(x)
    return f(once)


# %% value
product = 90007 * 90001

# %% gauge
gauge = Gauge(1849)
