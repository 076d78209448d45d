"""Has its own side of the conversation send every message twice, and answers to old requests."""

STOCK = "does not apply: tests and learner's code share a process"

# %% first
import grader.sandboxed.calls.peer as handles

really = handles.Peer._send


def send(self, message, packer):
    old = getattr(self, "_old", None)
    if old is not None:
        really(self, *old)
    really(self, message, packer)
    really(self, message, packer)
    self._old = message, packer


handles.Peer._send = send

# %% value
product = 1


# %% function
def halve(values):
    return values
