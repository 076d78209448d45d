"""Reports an error of 28 MB for each of 30 cells: errors are kept when there is room for no more."""

STOCK = "does not apply: tests and learner's code share a process"

HEAD = """
import json
import struct
import sys


def above(name):
    frame = sys._getframe(1)
    while frame is not None:
        if name in frame.f_locals:
            return frame.f_locals[name]
        frame = frame.f_back


def fail(**parts):
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []} | parts
    body = json.dumps({"outputs": [error], "execution_count": 1}).encode()
    above("channel").socket.sendall(struct.pack(">II", len(body), 0) + body)
"""


def change(notebook):
    import nbformat

    notebook.cells.append(nbformat.v4.new_code_cell(HEAD))
    source = "fail(traceback=['t' * 19_000] * 1_500)"
    notebook.cells += [nbformat.v4.new_code_cell(source) for _ in range(30)]
