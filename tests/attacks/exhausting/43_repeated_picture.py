"""Attaches a picture of 3 MB to a cell that mentions it 400 times."""

STOCK = "not measured: it would take gigabytes, or many minutes"


def change(notebook):
    import base64

    import nbformat

    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (10).to_bytes(4) * 2
    cell = nbformat.v4.new_markdown_cell("![a](attachment:a.png) " * 400)
    picture = base64.b64encode(head + bytes(2_200_000)).decode()
    cell.attachments = {"a.png": {"image/png": picture}}
    notebook.cells.append(cell)
