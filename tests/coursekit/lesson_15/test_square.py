"""The square: what is printed is read again, by a reader that is not ours."""

from __future__ import annotations

import io

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageFilter
from typer.testing import CliRunner

from coursekit.lesson_15 import square
from coursekit.nets.data import load_file

PAGE = "https://owner.github.io/fewer-bits/reader.html"


def printed(code, scale):
    file = io.BytesIO()
    code.save(file, kind="png", scale=scale, border=square.BORDER)
    return Image.open(file).convert("L")


def turned(picture):
    return picture.rotate(7, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def blurred(picture):
    return picture.filter(ImageFilter.GaussianBlur(0.8))


def noisy(picture):
    noise = np.random.default_rng(0).normal(0, 25, (picture.height, picture.width))
    return Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def data():
    return load_file("capstone_square.fb")


@pytest.mark.parametrize("page", ["", PAGE], ids=["bytes", "address"])
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("harm", [None, turned, blurred, noisy])
def test_a_printed_square_is_read_to_the_last_byte(data, page, scale, harm):
    picture = printed(square.square(data, page), scale)
    [found] = zxingcpp.read_barcodes(harm(picture) if harm else picture)
    if page:
        address, _, signs = found.text.partition("#")
        assert address == page
        assert square.from_signs(signs) == data
    else:
        assert found.bytes == data


def test_most_bytes_is_what_fits_and_one_more_does_not():
    for page in ("", PAGE, PAGE + "x"):
        most = square.most_bytes(page) if page else square.MOST_BYTES
        # The greatest number of that many bytes has the most digits.
        assert square.square(b"\xff" * most, page).designator == "40-L"
        with pytest.raises(ValueError, match="1 too many"):
            square.square(b"\xff" * (most + 1), page)
    import segno

    with pytest.raises(segno.DataOverflowError):
        segno.make(b"\xff" * (square.MOST_BYTES + 1), error="l", mode="byte")


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\1", bytes(range(256))])
def test_signs_keep_every_byte(data):
    signs = square.to_signs(data)
    assert set(signs) <= set(square.ALPHABET)
    assert square.from_signs(signs) == data


@pytest.mark.parametrize(("signs", "why"), [("AB C", "' ' is none"), ("5", "cut off"), ("", "cut")])
def test_other_signs_are_refused_in_a_sentence(signs, why):
    with pytest.raises(ValueError, match=why):
        square.from_signs(signs)


def test_the_command_writes_both_forms_and_says_what_does_not_fit(data, tmp_path):
    import typer

    app = typer.Typer()
    app.command()(square.main)
    (tmp_path / "small").write_bytes(data)
    (tmp_path / "large").write_bytes(bytes(square.MOST_BYTES + 7))
    arguments = ["--folder", str(tmp_path), "--page", PAGE]
    run = CliRunner().invoke(app, [str(tmp_path / "small"), *arguments])
    assert run.exit_code == 0, run.output
    assert f"{square.MOST_BYTES - len(data):,} bytes to spare" in run.output
    [found] = zxingcpp.read_barcodes(Image.open(tmp_path / "square.png").convert("L"))
    assert found.bytes == data
    assert (tmp_path / "square_link.svg").read_text().startswith("<svg")
    run = CliRunner().invoke(app, [str(tmp_path / "large"), *arguments])
    assert run.exit_code == 1
    assert "7 too many" in run.output
    run = CliRunner().invoke(app, [str(tmp_path / "none"), *arguments])
    assert run.exit_code == 1
    assert "can't be read" in run.output


def test_the_square_that_readme_shows_holds_the_network_that_the_course_ships(data, root):
    [found] = zxingcpp.read_barcodes(Image.open(root / "docs" / "square.png").convert("L"))
    # `make publish` draws it with an address.
    _, hash_, signs = found.text.partition("#")
    assert data == (
        square.from_signs(signs) if hash_ and found.text.startswith("https:") else found.bytes
    )
    assert "docs/square.png" in (root / "README.md").read_text()
