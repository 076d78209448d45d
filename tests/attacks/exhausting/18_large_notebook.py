"""Hands in a notebook of 200 MB, all of it the output of one cell."""

STOCK = "0 of 10"
OURS = REJECTED
REASON = r"MB"


def change(notebook):
    import nbformat

    text = nbformat.v4.writes(notebook).encode()
    output = b'{"output_type":"stream","name":"stdout","text":"' + b"x" * 200 * 10**6 + b'"}'
    return text.replace(b'"outputs": []', b'"outputs": [' + output + b"]", 1)
