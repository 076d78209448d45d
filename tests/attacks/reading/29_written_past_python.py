"""Makes the hidden lines' own process write what it holds past Python, in warnings and errors of C."""

STOCK = "0 of 10"

# %% function
import warnings


def halve(values):
    warnings.warn(f"{values}")
    error = ValueError("no")
    error.add_note(f"{values}")
    error.__cause__ = KeyError(f"{values}")
    raise error


# %% class
class Tally:
    def add(self, number):
        raise ExceptionGroup(f"{number}", [ValueError(f"{number}")])

    def mean(self):
        return 1
