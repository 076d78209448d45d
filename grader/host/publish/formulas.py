"""Cells of tables that no spreadsheet takes for formulas, and what they were before."""

from __future__ import annotations

import re

# What a spreadsheet takes for a formula begins so, also from East Asian keyboards. An apostrophe of
# one's own before it counts as well, so that ours can be taken away again.
_SIGNS = re.escape("=+-@＝＋－＠")
_FORMULA = re.compile(rf"['\s]*[{_SIGNS}]")
# Where a spreadsheet takes other signs than commas for separators, a cell begins after them: after
# the last of several.
_SEPARATED = rf"(?='*(?:'|[^\S\t\n\r]){{0,8}}[{_SIGNS}])"
_TO_MARK = re.compile(rf"([;|\t\n\r]){_SEPARATED}")
_MARKED = re.compile(rf"([;|\t\n\r])'{_SEPARATED}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def harmless(cell: str) -> str:
    """With an apostrophe before what a spreadsheet would take for a formula; a number is none."""
    if _NUMBER.fullmatch(cell):
        return cell
    marked = _TO_MARK.sub(r"\1'", cell)
    return f"'{marked}" if _FORMULA.match(cell) else marked


def bare(cell: str) -> str:
    """Without it."""
    if cell.startswith("'") and _FORMULA.match(cell[1:]):
        cell = cell[1:]
    return _MARKED.sub(r"\1", cell)
