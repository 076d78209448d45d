"""Raises errors whose names, messages and tracebacks are HTML and terminal codes."""

STOCK = "0 of 10"

# %% first
kind = type("<script>PWNED()</script>", (Exception,), {"__module__": "<img src=x onerror=PWNED()>"})
error = kind("<img src=x onerror=PWNED()> \x1b]8;;javascript:PWNED()\x1b\\click\x1b]8;;\x1b\\")
error.add_note("\x1b[2J\x1b]0;PWNED\x07<script>PWNED()</script>")
raise error

# %% value
product = "<script>PWNED()</script>"


# %% function
def halve(values):
    raise AssertionError("<script>PWNED()</script>\x1b[31m[bold]")


# %% generator
def countdown(n):
    yield "<img src=x onerror=PWNED()>"
