"""Attaches pictures to markdown that are scripts, under names that are markup."""

STOCK = "0 of 10"


def change(notebook):
    import base64

    import nbformat

    svg = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='PWNED()'/>").decode()
    cell = nbformat.v4.new_markdown_cell(
        "![x](attachment:a.svg) ![x](attachment:b\"onerror=PWNED().png) <img src='attachment:a.svg'>"
    )
    cell.attachments = {
        "a.svg": {"image/svg+xml": svg, "text/html": "<script>PWNED()</script>"},
        'b"onerror=PWNED().png': {
            "image/png": 'x" onerror="PWNED()',
            'image/png" onload="PWNED()': svg,
        },
    }
    notebook.cells.insert(1, cell)
    raw = nbformat.v4.new_raw_cell("<script>PWNED()</script>")
    raw.metadata.format = raw.metadata.raw_mimetype = "text/html"
    notebook.cells.insert(1, raw)
