"""Answers with a dictionary of three million keys and a set of as many numbers."""

STOCK = "0 of 10"

# %% value
product = {n: n for n in range(3_000_000)}


# %% function
def halve(values):
    return {n for n in range(3_000_000)}
