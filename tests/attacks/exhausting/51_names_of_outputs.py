"""Shows 25 MB in each of 40 cells as the names of what it shows, which are no output's text."""

STOCK = "not measured: it would take gigabytes of a machine that others use, too"


def change(notebook):
    import nbformat

    source = "from IPython.display import display\ndisplay({'x' * 25_000_000: '1'}, raw=True)"
    notebook.cells += [nbformat.v4.new_code_cell(source) for _ in range(40)]
