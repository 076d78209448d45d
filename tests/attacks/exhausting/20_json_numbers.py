"""Hands in numbers that are hard to read: a million digits, infinities, exponents, NaN."""

STOCK = "no mark"
OURS = REJECTED
REASON = r"JSON|notebook"


def change(notebook):
    import nbformat

    text = nbformat.v4.writes(notebook).encode()
    return text.replace(b'"points": 1', b'"points": ' + b"9" * 10**6, 1)
