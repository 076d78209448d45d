"""Hands in a notebook of format 3 whose headings have 700,000,000 levels."""

STOCK = "not measured: it would take gigabytes, or many minutes"
OURS = REJECTED
REASON = r"format 3, but is not"


def change(notebook):
    import json

    heading = {"cell_type": "heading", "level": 700_000_000, "source": "x", "metadata": {}}
    sheet = {"cells": [heading] * 1000}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [sheet]}
    return json.dumps(old).encode()
