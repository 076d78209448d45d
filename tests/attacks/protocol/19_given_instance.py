"""Sends an instance of a given class with a handle in the place of its method."""

STOCK = "does not apply: tests and learner's code share a process"

# %% first
import grader.sandboxed.calls.peer as handles
from grader.protocol.values import Given, Pairs

state = {}
really = handles.Peer._give


def give(self, request, reply, packer):
    if request.name == "gauge":
        handle = self._export(lambda number: True)
        reply.value = Given("Gauge", {"__dict__": Pairs("dict", [("reads", handle)])})
    else:
        really(self, request, reply, packer)


handles.Peer._give = give

# %% gauge
gauge = Gauge(0)
