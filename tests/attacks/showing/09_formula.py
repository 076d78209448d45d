"""File names and texts that a spreadsheet would take for formulas in grades.csv."""

STOCK = "0 of 10"
REASON = r"cmd"


def beside(folder):
    for name in (
        "=cmd|'C calc'!A0.ipynb",
        '=HYPERLINK("https:pwned.invalid","x").ipynb',
        "+1.ipynb",
        "-1.ipynb",
        "@SUM(1).ipynb",
        "\t=1.ipynb",
        '",=1,".ipynb',
    ):
        (folder / name).write_text("{}")
