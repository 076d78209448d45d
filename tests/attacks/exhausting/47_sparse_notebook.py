"""Hands in a second notebook of three terabytes that takes no room on the disk."""

STOCK = "not measured: it would copy three terabytes"
REASON = r"no notebook of this assignment"


def beside(folder):
    with (folder / "more.ipynb").open("wb") as file:
        file.truncate(3 * 10**12)
