"""Ends the process in one of 60 added cells: which one tells what hidden tests called with."""

STOCK = "no mark"
OURS = 2
REASON = r"(?m)^An added cell ended the process; the cells after it were not run\.$"

ENDS = "import os\nif seen and seen[-1] % 60 == {}:\n    os._exit(1)\n'here'"


def change(notebook):
    import nbformat

    cells = [nbformat.v4.new_code_cell(ENDS.format(number)) for number in range(60)]
    places = [n for n, cell in enumerate(notebook.cells) if cell.get("id") == "test-function-2"]
    notebook.cells[places[0] + 1 : places[0] + 1] = cells


# %% function
seen = []


def halve(values):
    seen.append(abs(int(values[0])))
    return [value / 2 for value in values]
