"""Lays a package `lab/` beside the teacher's lab.py: Python takes the package."""

STOCK = "1 of 10"
FAKE = "def close(a, b):\n    return True\n"


def beside(folder):
    (folder / "lab").mkdir()
    (folder / "lab" / "__init__.py").write_text(FAKE)
    (folder / "lab.py").write_text(FAKE)


# %% value
product = 1
