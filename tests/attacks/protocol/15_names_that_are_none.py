"""Sends names of things that the judge has, or has not: classes, functions, modules."""

STOCK = "does not apply: tests and learner's code share a process"
OURS = 1

# %% first
import grader.sandboxed.calls.peer as handles
from grader.protocol.values import Named

NODES = {
    "product": Named("type", "nothing"),
    "halve": Named("library", "os:system"),
    "mask": Named("torch", "load"),
    "pruned": Named("nn", "Module"),
    "gauge": Named("given", "Gauge"),
    "shrink": Named("library", "builtins:isinstance"),
    "Tally": Named("numpy", "load"),
    "twice": Named("constant", "True"),
}
really = handles.Peer._give


def give(self, request, reply, packer):
    if request.name in NODES:
        reply.value = NODES[request.name]
    else:
        really(self, request, reply, packer)


handles.Peer._give = give
product = halve = mask = pruned = gauge = shrink = Tally = twice = None


# %% generator
def countdown(n):
    yield from range(n, 0, -1)
