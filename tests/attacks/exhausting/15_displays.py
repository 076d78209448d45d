"""Displays 300,000 objects, all different, and as many updates of one."""

STOCK = "no mark"

# %% first
from IPython.display import display

handle = display("0", display_id="one")
for number in range(300_000):
    display({"text/plain": str(number)}, raw=True)
    handle.update(number)
