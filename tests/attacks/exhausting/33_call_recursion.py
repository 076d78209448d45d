"""Has the borrowed function call itself through the test, deeper and deeper.

It hands the function a handle of its own, and what is handed back is called again.
"""

STOCK = "0 of 10"


# %% callback
def twice(f, x):
    def again(*args):
        return twice(again, again)

    try:
        f(again)
    except RecursionError:
        pass
    return again
