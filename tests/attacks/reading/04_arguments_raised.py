"""Raises the arguments of hidden tests: in messages, notes, causes and chains."""

STOCK = "0 of 10"

# %% function
import base64


def halve(values):
    try:
        raise KeyError(values)
    except KeyError as first:
        error = ValueError(f"{values} {base64.b64encode(repr(values).encode())}")
        error.add_note(repr(values)[::-1])
        raise error from first


# %% class
class Tally:
    def add(self, number):
        raise AssertionError(f"expected {number}")

    def mean(self):
        return 0
