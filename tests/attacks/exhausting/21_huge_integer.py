"""Answers with integers of ten million digits, whose text takes hours to make."""

STOCK = "0 of 10"

# %% value
product = 1 << 40_000_000


# %% function
def halve(values):
    return [1 << 40_000_000, 2]


# %% callback
def twice(f, x):
    return f(1 << 40_000_000)
