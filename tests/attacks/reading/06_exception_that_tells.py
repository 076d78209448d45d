"""Raises exceptions whose text, representation and traceback are made from the arguments."""

STOCK = "0 of 10"


# %% function
class Tells(Exception):
    def __init__(self, values):
        self.values = values

    def __str__(self):
        return str(self.values)

    __repr__ = __str__

    def _render_traceback_(self):
        return [str(self.values)]


def halve(values):
    raise Tells(values)


# %% class
class Tally:
    def add(self, number):
        exec(compile("1 / 0", f"<{number}>", "exec"))
