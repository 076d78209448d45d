"""Writes markdown that takes hours to render: brackets, quotes, emphasis, tables, nested deep."""

STOCK = "0 of 10"


def change(notebook):
    import nbformat

    texts = [
        "![" * 50_000,
        "[a](" * 50_000,
        "*a_" * 50_000,
        "> " * 20_000 + "a",
        "- " * 20_000 + "a",
        "`" * 100_000 + "a" + "``" * 50_000,
        "| a " * 20_000 + "|\n" + "| - " * 20_000 + "|",
        "<" * 100_000 + "a" + ">" * 100_000,
        "a\n" * 200_000,
        "[a]: <" * 30_000,
        "~~a" * 50_000 + "**" * 50_000,
        "\\" * 200_000 + "$" * 100_001,
    ]
    notebook.cells += [nbformat.v4.new_markdown_cell(text) for text in texts]
