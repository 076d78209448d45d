"""Lays bytecode for lab.py beside it that Python is told not to check against the source."""

STOCK = "0 of 10"


def beside(folder):
    import importlib.util
    import marshal

    code = compile("def close(a, b):\n    return True\n", "lab.py", "exec")
    # Bit 0: known by a hash; bit 1 not set: the hash is not checked.
    data = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + marshal.dumps(code)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "lab.cpython-311.pyc").write_bytes(data)
    (folder / "lab.pyc").write_bytes(data)


# %% value
product = 1
