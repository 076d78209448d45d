"""Which contexts tell something about a weight: the model behind the file's bits.

A layer's levels go row by row, so unit by unit. For each level there is one bit for “is it zero?”,
then its sign, then its size in unary. What a bit depends on is what both sides have seen already:
how full this column and this row are, and, where the inputs are pixels, the weights of the pixels
beside this one, in this unit and in those before.
"""

from __future__ import annotations

from collections.abc import Hashable

from coursekit.lesson_15.squeeze.coder import Coder, Mixer

# A size of this many or more goes on in the code of Elias (1975), which has no end; nothing that a
# network needs is over `LARGEST`.
UNARY = 12
LARGEST = 1 << 15

Rows = list[list[int]]


class TooLarge(ValueError):
    """A size that no file of ours holds."""


class Sizes:
    """Sign and size of a number that is not zero."""

    def __init__(self, signs: int, sizes: int) -> None:
        self._sign = Mixer(signs)
        self._more = Mixer(sizes)
        self._rest = Mixer(1)

    def code(self, coder: Coder, level: int, signs: list[Hashable], sizes: list[Hashable]) -> int:
        """Writes `level`, which is not 0, or reads it.

        Raises:
            TooLarge: if its size is over `LARGEST`.
        """
        negative = self._sign.code(coder, int(level < 0), signs)
        size, wanted = 1, abs(level)
        while size < UNARY and self._more.code(
            coder, int(wanted > size), [(size, key) for key in sizes], size
        ):
            size += 1
        if size == UNARY:
            size += self._elias(coder, wanted - UNARY)
        if size > LARGEST:
            raise TooLarge(f"a level is over {LARGEST}")
        return -size if negative else size

    def _elias(self, coder: Coder, number: int) -> int:
        """A number from 0 on: how many bits it has, one by one, then these bits."""
        bits = 0
        while bits < 17 and self._rest.code(coder, int(number + 1 >> bits > 1), [bits]):
            bits += 1
        found = 1
        for place in reversed(range(bits)):
            found = found << 1 | self._rest.code(coder, number + 1 >> place & 1, [-1])
        return found - 1


class Flags:
    """Which columns are used at all. Of pixels, neighbours are used together."""

    def __init__(self) -> None:
        self._mixer = Mixer(3)

    def code(self, coder: Coder, flags: list[int], side: int) -> None:
        """Writes `flags`, or fills them in. `side`: pixels in a row of the image, 0 if none."""
        for place, flag in enumerate(flags):
            left = flags[place - 1] if place else 0
            above = flags[place - side] if side and place >= side else 0
            right = flags[place - side + 1] if side and place >= side else 0
            before = flags[place - side - 1] if side and place > side else 0
            keys: list[Hashable] = [0, (left, above), (left, above, right, before)]
            flags[place] = self._mixer.code(coder, flag, keys)


class Matrix:
    """The levels of one layer's weights."""

    def __init__(self) -> None:
        self._zero = Mixer(6)
        self._sizes = Sizes(4, 3)

    def code(self, coder: Coder, rows: Rows, columns: list[int], side: int) -> None:
        """Writes `rows`, or fills them in.

        Args:
            rows: One list of levels a unit; only the `columns` are looked at.
            columns: Numbers of the columns that are used, ascending.
            side: Pixels in a row of the image, 0 if the inputs are none.
        """
        width = len(rows[0]) if rows else 0
        filled = [0] * (width + 2 * side + 2)
        before = 0
        for number, row in enumerate(rows):
            seen = 0
            for step, column in enumerate(columns):
                self._one(coder, number, row, step, column, side, filled, seen, before)
                seen += row[column] != 0
            for column in columns:
                filled[column] += row[column] != 0
            before = seen

    def _one(
        self,
        coder: Coder,
        number: int,
        row: list[int],
        step: int,
        column: int,
        side: int,
        filled: list[int],
        seen: int,
        before: int,
    ) -> None:
        full, density = _bucket(filled[column], number), _bucket(seen, step)
        zero: list[Hashable] = [0, full, (density, before)]
        if side:
            near = [row[column - back] if column >= back else 0 for back in (1, side, side - 1)]
            near.append(row[column - side - 1] if column > side else 0)
            around = filled[column - 1] + filled[column + 1]
            around += filled[column - side] + filled[column + side]
            beside = sum([level != 0 for level in near])
            zero += [(beside, full // 2), (_bucket(around, 4 * number), beside)]
            zero.append(tuple([min(abs(level), 2) for level in near]))
        else:
            zero += [column, (full // 2, density // 2), (seen, step // 4)]
        if not self._zero.code(coder, int(row[column] != 0), zero):
            row[column] = 0
            return
        if side:
            total, greatest = sum(near), max(map(abs, near))
            signs: list[Hashable] = [0, _sign(total), tuple(map(_sign, near)), column]
            sizes: list[Hashable] = [0, greatest, (abs(near[0]), abs(near[1]))]
        else:
            signs, sizes = [0, column, number, 0], [0, column, density]
        row[column] = self._sizes.code(coder, row[column], signs, sizes)


def _sign(level: int) -> int:
    return (level > 0) - (level < 0)


def _bucket(part: int, whole: int) -> int:
    """A share as a small whole number, about half a power of two apart, finer for small shares."""
    if not whole:
        return -1
    share = (part * 2 + 1) * 4096 // (whole * 2 + 2)
    top = share.bit_length()
    return 2 * top + (share >> top - 2 & 1 if top > 1 else 0)
