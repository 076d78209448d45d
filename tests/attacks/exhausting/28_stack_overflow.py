"""Lifts the recursion limit and recurses in C until the stack is gone, when a test calls."""

STOCK = "no mark"
REASON = r"took too long|ended its process"

# %% function
import sys


def halve(values):
    sys.setrecursionlimit(10**9)
    deep = []
    for _ in range(10**6):
        deep = [deep]
    repr(deep)
    return (lambda again: again(again))(lambda again: again(again))
