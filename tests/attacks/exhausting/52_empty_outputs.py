"""Shows nothing 19,000 times in each of 60 cells, and on two streams in turn: no character."""

STOCK = "not measured: it would take gigabytes of a machine that others use, too"


def change(notebook):
    import nbformat

    source = "from IPython.display import display\nfor _ in range(19_000): display({}, raw=True)"
    notebook.cells += [nbformat.v4.new_code_cell(source) for _ in range(30)]
    source = "import sys\nfor _ in range(12_000): print(); print(file=sys.stderr)"
    notebook.cells += [nbformat.v4.new_code_cell(source) for _ in range(10)]
