"""Sends handles inside containers and attributes, where the test expects plain values."""

STOCK = "does not apply: tests and learner's code share a process"

# %% first
import grader.sandboxed.calls.peer as handles
from grader.sandboxed.calls.special_methods import DUNDERS
from grader.protocol.values import Given, Live, Pairs, Seq

really = handles.Peer._give


class Yes:
    def __call__(self, *args):
        return True

    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0

    __rsub__ = __sub__

    def __float__(self):
        return 0.0

    def __iter__(self):
        return iter([True])


def give(self, request, reply, packer):
    handle = self._export(Yes())
    handle = Live(handle.id, "generator", "x" * 10**6, sorted(DUNDERS | {"__iter__", "__next__"}))
    if request.name in ("product", "mask"):
        reply.value = Seq("list", [handle, Pairs("dict", [(handle, handle)])])
    elif request.name == "gauge":
        reply.value = Given("Gauge", {"reading": handle})
    else:
        really(self, request, reply, packer)


handles.Peer._give = give
mask = gauge = None

# %% value
product = 1


# %% function
def halve(values):
    return Yes()


# %% class
class Tally(Yes):
    def add(self, number):
        return self

    def mean(self):
        return [Yes()]
