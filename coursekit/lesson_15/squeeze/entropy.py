"""How few bits a code can need that takes one symbol after the other (Shannon 1948)."""

from __future__ import annotations

import numpy as np


def entropy_bits(symbols: np.ndarray) -> float:
    """Bits that all `symbols` together need at least, each coded by itself, the table not counted.

    This is n·H with H = −Σ p·log2 p, p the share of each value among them: no code that gives each
    value a fixed codeword needs less. A code that looks at neighbours may.

    Args:
        symbols: Whole numbers of any shape; an empty array needs 0 bits.

    Raises:
        TypeError: if they are no whole numbers.
    """
    symbols = np.asarray(symbols)
    if symbols.dtype.kind not in "iub":
        raise TypeError(f"symbols are whole numbers, not {symbols.dtype}")
    counts = np.unique(symbols, return_counts=True)[1].astype(float)
    return float(counts @ np.log2(counts.sum() / counts)) if counts.size else 0.0


def position_bits(levels: np.ndarray) -> float:
    """Bits at least for *where* the non-zeros are, each place coded by itself."""
    return entropy_bits(np.asarray(levels) != 0)


def value_bits(levels: np.ndarray) -> float:
    """Bits at least for *what* the non-zeros are. With `position_bits`, exactly `entropy_bits`."""
    levels = np.asarray(levels)
    return entropy_bits(levels[levels != 0])
