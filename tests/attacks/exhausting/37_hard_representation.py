"""Results and messages whose text never ends: `repr`, `str`, `_repr_html_` and `__format__`."""

STOCK = "no mark"


# %% first
class Endless:
    def __repr__(self):
        while True:
            pass

    __str__ = _repr_html_ = _repr_png_ = __repr__

    def __format__(self, how):
        return "x" * 10**10


# %% value
product = Endless()


# %% function
def halve(values):
    return Endless()


# %% generator
def countdown(n):
    raise ValueError(Endless())
