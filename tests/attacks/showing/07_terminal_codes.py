"""Prints codes that clear, retitle, recolour and answer for the teacher's terminal."""

STOCK = "no mark"


def change(notebook):
    for cell in notebook.cells:
        if cell.id == "title":
            cell.source = "\x1b[2J\x1b]0;title\x07 \x9b31m"
        if cell.id == "value":
            cell.metadata.nbgrader.grade_id += "\x1b[2J"
    notebook.metadata.kernelspec.display_name = "\x1b[2J"


def beside(folder):
    (folder / "\x1b[2J\x1b]0;title\x07.ipynb").write_text("{}")
    (folder / "new\nline.ipynb").write_text("{}")


# %% first
import sys

for text in (
    "\x1b[2J\x1b[H10 graded, 0 rejected",
    "\x1b]0;title\x07\x1b]2;title\x1b\\",
    "\x1b]8;;https://pwned.invalid/PWNED\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;UFdORUQ=\x07\x1b[6n\x1b[c\x1bP$q\x1b\\",
    "\x9b31m\x90\x9d0;x\x9c\x07\x08\x08\x08\x7f\x00",
    "\r100 of 100 points\r",
    "\u202e drawkcab \u2066\u2069\u200b\u2028\u2029\ufeff",
):
    print(text)
    sys.stderr.write(text + "\n")
