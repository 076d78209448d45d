"""Lifts the recursion limit and recurses in C until the stack is gone, when a test calls."""

STOCK = "no mark"
REASON = r"took too long|ended its process"

# %% function
import sys
import threading


def halve(values):
    sys.setrecursionlimit(10**9)
    deep = []
    for _ in range(10**6):
        deep = [deep]
    # Since Python 3.12 a limit of its own guards recursion in C; a small stack is gone before that.
    threading.stack_size(32768)
    thread = threading.Thread(target=repr, args=(deep,))
    thread.start()
    thread.join()
    return (lambda again: again(again))(lambda again: again(again))
