"""Hands in JSON that is nested 500,000 deep, in the metadata."""

STOCK = "no mark"
OURS = REJECTED
REASON = r"nest"


def change(notebook):
    deep = b'{"a":' * 500_000 + b"1" + b"}" * 500_000
    return b'{"nbformat":4,"nbformat_minor":5,"cells":[],"metadata":' + deep + b"}"
