"""Hands in 400 cells without metadata or ids, all nearly alike, so that each must be compared."""

STOCK = "no mark"
REASON = r"metadata was lost"


def change(notebook):
    import json

    cells = [
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": "# YOUR CODE HERE\nraise NotImplementedError()" + "\nx = 1" * 150 + f"\n#{n}",
        }
        for n in range(400)
    ]
    whole = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    return json.dumps(whole).encode()
