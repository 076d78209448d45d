"""Answers a test when its time is up, so that the answer comes to the next test."""

STOCK = "does not apply: tests and learner's code share a process"
REASON = r"time|too long|stopped"

# %% first
import time

import grader.sandboxed.calls.peer as handles

really = handles.Peer._send
state = {"slept": False}


def send(self, message, packer):
    if not state["slept"]:
        state["slept"] = True
        try:
            time.sleep(60)
        except BaseException:
            pass
    really(self, message, packer)


handles.Peer._send = send

# %% value
product = 90001 * 90007 + 1
