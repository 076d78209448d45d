"""Puts an argument of a hidden test into the name of an exception's type."""

STOCK = "0 of 10"


# %% function
def halve(values):
    raise type(f"Got{abs(int(values[0]))}", (Exception,), {"__module__": str(values)})


# %% class
class Tally:
    def add(self, number):
        error = type("E" + str(number)[::-1], (AssertionError,), {})
        error.__qualname__ = f"AssertionError {number}"
        raise error
