"""A squeezed network as a square of print: a QR code that holds every weight.

    python -m coursekit.lesson_15.square FILE --page https://example.org/reader.html

Two forms. One holds the file's bytes. The other holds an address that a phone's camera opens: the
page, a `#`, and the file in 43 signs. What is behind a `#` stays in the browser (RFC 3986, section
3.5), so the network travels in the square and nowhere else.

The largest QR code (ISO/IEC 18004, version 40, error correction L) has 23,648 bits. Its
alphanumeric mode packs two of 45 signs into 11 bits; of these, blank and `%` can't be in an
address.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import segno

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-./:"
# Bits of the largest square, without error correction; of a segment's head, bytes and alphanumeric.
BITS = 23_648
_BYTES_HEAD, _SIGNS_HEAD = 4 + 16, 4 + 13
# Modules of white all round, as the standard asks for.
BORDER = 4
MOST_BYTES = (BITS - _BYTES_HEAD) // 8


def to_signs(data: bytes) -> str:
    """The bytes as one number with 43 digits, a 1 before it to keep leading zeros."""
    number, signs = int.from_bytes(b"\1" + data, "big"), []
    while number:
        number, digit = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[digit])
    return "".join(reversed(signs))


def from_signs(signs: str) -> bytes:
    """The bytes that `to_signs` was given.

    Raises:
        ValueError: if another sign is among them, or they are no number of bytes.
    """
    number = 0
    for sign in signs:
        digit = ALPHABET.find(sign)
        if digit < 0:
            raise ValueError(f"{sign!r} is none of the 43 signs.")
        number = number * len(ALPHABET) + digit
    data = number.to_bytes(-(-number.bit_length() // 8), "big")
    if data[:1] != b"\1":
        raise ValueError("The signs are cut off: they are no whole number of bytes.")
    return data[1:]


def most_bytes(page: str) -> int:
    """Bytes of the largest file that fits behind the address of a page, 0 if none does."""
    left = BITS - _BYTES_HEAD - 8 * len(f"{page}#") - _SIGNS_HEAD
    signs = max(0, left // 11 * 2 + (left % 11 >= 6))
    return max(0, (len(ALPHABET) ** signs).bit_length() - 2) // 8


def square(data: bytes, page: str = "") -> segno.QRCode:
    """The QR code of a file.

    Args:
        data: The file.
        page: Where the reader is. Without it, the square holds the file's bytes.

    Raises:
        ValueError: if the file does not fit; it says by how much.
    """
    import segno
    from segno import consts

    most = most_bytes(page) if page else MOST_BYTES
    if len(data) > most:
        where = f"with the address {page}" if page else "as bytes"
        raise ValueError(
            f"The file has {len(data):,} bytes, and a QR code holds {most:,} {where}: "
            f"{len(data) - most:,} too many."
        )
    parts: list[tuple[str | bytes, int]] = [(data, consts.MODE_BYTE)]
    if page:
        parts = [(f"{page}#", consts.MODE_BYTE), (to_signs(data), consts.MODE_ALPHANUMERIC)]
    # segno's type hints leave out lists of segments.
    return segno.make(parts, error="l", boost_error=False, micro=False)  # type: ignore[arg-type]


def save(code: segno.QRCode, path: Path, scale: int = 4) -> list[Path]:
    """Writes the square as `path` with the endings .svg and .png, black on white.

    Args:
        scale: Pixels a module in the PNG.

    Returns:
        The two paths.
    """
    paths = [path.with_name(f"{path.name}{end}") for end in (".svg", ".png")]
    code.save(
        str(paths[0]), border=BORDER, light="white", xmldecl=False, svgclass=None, lineclass=None
    )
    code.save(str(paths[1]), border=BORDER, scale=scale)
    return paths


def main(
    file: Annotated[Path, typer.Argument(help="A squeezed network.")],
    page: Annotated[str, typer.Option(help="The reader's address: adds the second form.")] = "",
    folder: Annotated[Path, typer.Option(help="Where the pictures go.")] = Path("out"),
) -> None:
    """Writes a network's square as SVG and PNG, and says how much room is left in it."""
    try:
        data = file.read_bytes()
        folder.mkdir(parents=True, exist_ok=True)
        for form, address in {"square": "", "square_link": page}.items():
            if form == "square" or address:
                code = square(data, address)
                room = (most_bytes(address) if address else MOST_BYTES) - len(data)
                written = " and ".join(str(path) for path in save(code, folder / form))
                side = code.symbol_size()[0] - 2 * BORDER
                print(f"{written}: {side} × {side} modules, {room:,} bytes to spare")
    except OSError as error:
        raise _stop(f"{error.filename} can't be read or written: {error.strerror}.") from None
    except ValueError as error:
        raise _stop(str(error)) from None


def _stop(sentence: str) -> typer.Exit:
    typer.secho(sentence, fg="red", err=True)
    return typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
