"""Writes code that is hard to highlight, to compare and to parse: the grader reads it too."""

STOCK = "0 of 10"


def change(notebook):
    import nbformat

    texts = [
        "(" * 100_000,
        "f'" + "{" * 100_000,
        '"""' + "\\" * 200_001,
        "x = " + "-" * 200_000 + "1",
        "0x" + "_1" * 200_000,
        "@" * 100_000,
        "\t \n" * 100_000,
        "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 300)),
        "é\u0301" * 200_000,
        "\x00\uffff\u2028" * 1000,
    ]
    notebook.cells += [nbformat.v4.new_code_cell(text) for text in texts]


# %% value
product = 1
