"""Ends the process when a test calls. What was earned before stays; nothing is won by it."""

STOCK = "no mark"
OURS = 1
REASON = r"process|ended|died|exit"

# %% value
product = 90001 * 90007

# %% function
import os


def halve(values):
    os._exit(0)
