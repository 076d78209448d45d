"""Gives its notebook a name that is no UTF-8, which no result could be written with."""

STOCK = "no mark"
REASON = r"\\xdcbung.ipynb, not vault.ipynb"


def beside(folder):
    import os

    name = os.fsencode(folder)
    os.rename(name + b"/vault.ipynb", name + b"/\xdcbung.ipynb")
