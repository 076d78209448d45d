"""Shows 3.9 MB in each of 150 cells: no cell too much, all of them 600 MB."""

STOCK = "0 of 10"


def change(notebook):
    import nbformat

    notebook.cells += [nbformat.v4.new_code_cell("print('x' * 3_900_000)") for _ in range(150)]
