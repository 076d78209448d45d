"""Writes 300 cells of markdown, each a table that takes half a second to render."""

STOCK = "not measured: it would take gigabytes, or many minutes"


def change(notebook):
    import nbformat

    table = "|a|\n|-|\n" + "|b|\n" * 4_990
    notebook.cells += [nbformat.v4.new_markdown_cell(f"{table}|{n}|") for n in range(300)]
