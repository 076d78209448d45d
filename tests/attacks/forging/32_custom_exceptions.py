"""Registers a handler for all exceptions that swallows them."""

STOCK = "0 of 10"

# %% first
get_ipython().set_custom_exc((BaseException,), lambda *args, **kwargs: None)
