"""Tables as systems and people write them: CSV in whatever code and with whatever separator."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from grader.host.publish.formulas import bare, harmless
from grader.protocol.errors import GraderError

_BOM = codecs.BOM_UTF8
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A first line that says to Excel alone what parts the cells.
_SEP = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)


@dataclass
class Table:
    """The rows of a file below its header, and how it was written."""

    header: list[str]
    rows: list[list[str]]
    separator: str = ","
    bom: bool = False

    def column(self, *names: str) -> int | None:
        """The column that has the first of these names there is, in small or capital letters."""
        titles = [title.strip().casefold() for title in self.header]
        wanted = [name.casefold() for name in names]
        return next((titles.index(name) for name in wanted if name in titles), None)

    def cell(self, row: Sequence[str], *names: str) -> str:
        """What a row has in that column; "" where there is none."""
        number = self.column(*names)
        return row[number].strip() if number is not None and number < len(row) else ""

    def data(self) -> bytes:
        """The file."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.separator, lineterminator="\r\n")
        writer.writerows([self.header, *self.rows])
        return (_BOM if self.bom else b"") + text.getvalue().encode("utf-8", "replace")


def read(path: Path) -> Table:
    """Reads a table.

    Raises:
        GraderError: when there is none.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GraderError(f"Cannot read {path}: {error.strerror}.") from error
    text = _text(data).lstrip("\r\n")
    if told := _SEP.match(text):
        text = text[told.end() :]
    separator = told[1] if told else max(",;\t", key=text.partition("\n")[0].count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise GraderError(f"{path} is no table that can be read: {error}.") from error
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise GraderError(f"{path} is empty.")
    return Table(rows[0], rows[1:], separator, data.startswith((_BOM, *_WIDE)))


def _text(data: bytes) -> str:
    try:
        # Excel's “Unicode text” is UTF-16.
        return data.decode("utf-16" if data.startswith(_WIDE) else "utf-8-sig")
    except UnicodeDecodeError:
        # What Excel writes where nobody asks for UTF-8.
        return data.decode("cp1252", "replace")


def dump(header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """A table of our own, with nothing in it that a spreadsheet would take for a formula."""
    text = io.StringIO()
    # What somebody has added to a table of ours is not kept.
    writer = csv.DictWriter(text, header, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows({name: harmless(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def load(path: Path, header: Iterable[str] = ()) -> list[dict[str, str]]:
    """The rows that `dump` wrote; none where there is no file.

    Args:
        header: the columns without which they can't be read.

    Raises:
        GraderError: when it cannot be read, or somebody has changed it so that these are gone.
    """
    if not path.exists():
        return []
    table = read(path)
    names = [name.strip() for name in table.header]
    for name in header:
        if name not in names:
            raise GraderError(
                f"{path} has no column {name} any more: take an older copy of it, or remove it and "
                "have it written again."
            )
    # A spreadsheet may leave out empty cells at the end.
    return [
        {name: bare(cell) for name, cell in zip_longest(names, row[: len(names)], fillvalue="")}
        for row in table.rows
    ]


def by_submission(path: Path, header: Iterable[str]) -> dict[tuple[str, str], dict[str, str]]:
    """The rows that `load` reads, by assignment and student.

    Args:
        header: as of `load`; with both of these.

    Raises:
        GraderError: as `load`, and where two rows are of one submission: nothing says whose.
    """
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for row in load(path, header):
        if rows.setdefault((row["assignment"], row["student"]), row) is not row:
            raise GraderError(
                f"{path} has two rows of {row['student']} for {row['assignment']}: a spreadsheet "
                "may have made 12 of 0012. Take an older copy of it, or remove it and have it "
                "written again."
            )
    return rows
