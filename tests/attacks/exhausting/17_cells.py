"""Hands in a notebook of a million cells."""

STOCK = "no mark after 300 s"
OURS = REJECTED
REASON = r"cells|MB"


def change(notebook):
    cell = b'{"cell_type":"code","source":"1","metadata":{},"outputs":[],"execution_count":null}'
    head = b'{"nbformat":4,"nbformat_minor":4,"metadata":{},"cells":['
    return head + b",".join([cell] * 10**6) + b"]}"
