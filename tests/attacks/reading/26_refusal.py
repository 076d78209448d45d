"""Refuses to hand over later answers, for a reason that quotes what a hidden test called with."""

STOCK = "2 of 10"
OURS = 2

# %% first
import grader.sandboxed.calls.peer as handles
from grader.protocol.values import CannotCross

seen = []
really = handles.Peer._give


def give(self, request, reply, packer):
    if len(seen) > 1 and request.name not in ("halve", "product"):
        raise CannotCross(f"{seen[-1]}")
    really(self, request, reply, packer)


handles.Peer._give = give


# %% function
def halve(values):
    seen.append(values)
    return [value / 2 for value in values]


# %% class
class Tally:
    pass


# %% tensor
mask = None


# %% generator
def countdown(n):
    yield n
