"""Crashes the interpreter natively: reads address 0, then overflows the C stack.

What was right before stays: the value.
"""

STOCK = "no mark"
OURS = 1
REASON = r"SIGSEGV|ended the process|process"

# %% value
product = 90001 * 90007

# %% function
import ctypes

ctypes.string_at(0)
