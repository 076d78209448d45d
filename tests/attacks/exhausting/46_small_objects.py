"""Hands in metadata of 20 MB that are small objects: to read them takes a gigabyte."""

STOCK = "not measured: it would take gigabytes, or many minutes"
OURS = REJECTED
# On a busy machine its time is up first.
REASON = r"takes (too much memory|more than 60 s)"


def change(notebook):
    import nbformat

    text = nbformat.v4.writes(notebook).encode()
    objects = b'"a": [' + b"[[]]," * 4_000_000 + b"1], "
    return text.replace(b'"metadata": {', b'"metadata": {' + objects, 1)
