"""Hands in a time stamp that is a formula, of the year 9999, and 10 MB long."""

STOCK = "no mark"
REASON = r"timestamp\.txt cannot be read"


def beside(folder):
    (folder / "timestamp.txt").write_text("=1+1\x1b[2J 9999-12-31 23:59:59 UTC" + "9" * 10**7)
