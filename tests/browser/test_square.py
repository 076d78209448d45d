"""The page that takes a network out of a square, in a browser: it answers as Python does."""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import segno
import torch
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, Page, expect

from authoring.site import build
from authoring.site import reader as made
from coursekit.lesson_15 import square
from coursekit.lesson_15.squeeze import container
from coursekit.nets.data import load_digits, load_fashion_mnist, load_file
from coursekit.nets.networks import lenet
from tests.browser.lab import ROOT, SCREENSHOTS
from tests.browser.site import reader, served
from tests.conftest import system_package_missing

ADDRESS = "https://owner.github.io/fewer-bits/reader.html"
PHONE = {"width": 360, "height": 740}
# A 3, in parts of the pad's width and height.
THREE = [
    (0.3, 0.2), (0.5, 0.18), (0.66, 0.26), (0.66, 0.4), (0.5, 0.47), (0.42, 0.48), (0.6, 0.5),
    (0.7, 0.62), (0.66, 0.78), (0.5, 0.85), (0.3, 0.8),
]  # fmt: skip


@pytest.fixture(scope="module")
def data() -> bytes:
    return load_file("capstone_square.fb")


@pytest.fixture(scope="module")
def page_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page is served, alone."""
    if not shutil.which("npm"):
        system_package_missing("npm")
    folder = tmp_path_factory.mktemp("square")
    (folder / "_static").mkdir()
    made.write(ROOT, ROOT / build.RUNTIME, folder)
    with served(folder) as address:
        yield address


def visit(page: Page, address: str, data: bytes) -> None:
    page.goto(f"{address}reader.html#{square.to_signs(data)}")
    said(page, f"Got it: {len(data):,} bytes")


def said(page: Page, text: str) -> None:
    expect(page.locator("#said")).to_contain_text(text, timeout=15_000)


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    page.locator("#pad").scroll_into_view_if_needed()
    box = page.locator("#pad").bounding_box()
    assert box is not None
    for place, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if not place:
            page.mouse.down()
    page.mouse.up()


def test_it_answers_a_thousand_images_as_python_does(
    browser: Browser, page_at: str, data: bytes
) -> None:
    images = np.concatenate(
        [load_digits().test.images, load_fashion_mnist().test.images, load_digits().train.images]
    )[[*range(400), *range(400, 800), *range(2400, 2600)]]
    model = lenet()
    model.load_state_dict(container.state_dict(container.read(data)))
    with torch.inference_mode():
        wanted = model(torch.from_numpy(images).unsqueeze(1).float() / 255).numpy()
    with reader(browser, page_at) as page:
        visit(page, page_at, data)
        found = page.evaluate(
            """(packed) => {
              const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0)), found = [];
              for (let at = 0; at < bytes.length; at += 784) {
                const image = Float64Array.from(bytes.subarray(at, at + 784), (grey) => grey / 255);
                found.push(outputsOf(layers, image).at(-1));
              }
              return found;
            }""",
            base64.b64encode(images.tobytes()).decode(),
        )
    assert len(found) == len(wanted) == 1000
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(np.argmax(found, 1), wanted.argmax(1))


def test_what_is_drawn_by_mouse_and_by_keyboard_is_read(
    browser: Browser, page_at: str, data: bytes
) -> None:
    with reader(browser, page_at) as page:
        visit(page, page_at, data)
        draw(page, THREE)
        expect(page.locator("#read")).to_contain_text("a 3")
        expect(page.get_by_role("row", name=re.compile("^3"))).to_have_class("first")
        expect(page.locator("#looked")).to_have_attribute(
            "aria-label", re.compile(r"look at \d+ of 784 pixels\. \d+ pixels speak for 3")
        )
        page.get_by_role("button", name="Wipe").click()
        expect(page.locator("#read")).to_have_text("Nothing yet.")
        # A 1: up, pen down, and down.
        page.locator("#pad").focus()
        for key, times in (("ArrowUp", 9), ("Space", 1), ("ArrowDown", 18), ("Space", 1)):
            for _ in range(times):
                page.keyboard.press(key)
        expect(page.locator("#read")).to_contain_text("a 1")
        page.keyboard.press("Escape")
        expect(page.locator("#read")).to_have_text("Nothing yet.")


def picture(code: segno.QRCode, scale: int = 4) -> Image.Image:
    file = io.BytesIO()
    code.save(file, kind="png", scale=scale, border=square.BORDER)
    return Image.open(file).convert("L")


def show(page: Page, shown: Image.Image) -> None:
    file = io.BytesIO()
    shown.save(file, format="png")
    page.set_input_files(
        "#file", {"name": "square.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )


@pytest.mark.parametrize("address", ["", ADDRESS], ids=["bytes", "address"])
def test_it_reads_pictures_of_squares(
    browser: Browser, page_at: str, data: bytes, address: str
) -> None:
    code = square.square(data, address)
    turned = picture(code).rotate(7, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    blurred = picture(code).filter(ImageFilter.GaussianBlur(1))
    noise = np.random.default_rng(0).normal(0, 25, (code.symbol_size(4)[1],) * 2)
    noisy = (np.asarray(picture(code)) + noise).clip(0, 255).astype(np.uint8)
    with reader(browser, page_at) as page:
        for shown in (picture(code, 3), picture(code), turned, blurred, Image.fromarray(noisy)):
            page.goto(f"{page_at}reader.html")
            show(page, shown)
            said(page, f"Got it: {len(data):,} bytes")
            page.goto("about:blank")


def test_it_reads_a_network_s_own_file(browser: Browser, page_at: str, data: bytes) -> None:
    kind = "application/octet-stream"
    with reader(browser, page_at) as page:
        page.goto(f"{page_at}reader.html")
        page.set_input_files("#file", {"name": "my.fb", "mimeType": kind, "buffer": data})
        said(page, f"Got it: {len(data):,} bytes")
        expect(page.locator("#pad")).to_be_visible()


def other_network() -> bytes:
    """Of 12 pixels and three answers."""
    levels = np.arange(36, dtype=np.int32).reshape(3, 12)
    return container.write([container.Layer(levels, 0.5, levels[:, 0], 0.5)], side=4)


def test_what_is_wrong_is_said_in_a_sentence(browser: Browser, page_at: str, data: bytes) -> None:
    damaged = data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]
    with reader(browser, page_at) as page:
        page.goto(f"{page_at}reader.html")
        said(page, "Without a network, this page can’t read a thing")
        expect(page.locator("#pad")).not_to_be_visible()
        for signs, text in (
            (square.to_signs(damaged), "damaged or cut off: its checksum does not fit"),
            (square.to_signs(data)[:-1], ""),
            (square.to_signs(other_network()), "takes 12 numbers and gives 3"),
            (square.to_signs(b"something else"), "This is no squeezed network"),
            ("part-3", "another sign behind its #"),
        ):
            page.goto("about:blank")
            page.goto(f"{page_at}reader.html#{signs}")
            said(page, text)
            expect(page.locator("#said")).to_have_class("wrong")
            expect(page.locator("#pad")).not_to_be_visible()
        show(page, picture(segno.make("https://example.org/menu#today")))
        said(page, "This square holds no network. It says “https://example.org/menu#today”.")
        show(page, picture(square.square(damaged)))
        said(page, "damaged or cut off")
        show(page, Image.new("L", (300, 300), 200))
        said(page, "There’s no square in this picture")
        page.set_input_files(
            "#file", {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"}
        )
        said(page, "This file is no network, and no picture")


def test_a_file_that_claims_too_much_is_refused_at_once(
    browser: Browser, page_at: str, data: bytes
) -> None:
    import zlib

    with reader(browser, page_at) as page:
        for body in (
            b"",
            b"\1\xff\xff\xff\x7f\xff\xff\x7f\0",
            b"\x11",
            b"\1\2\3\4",
            b"\1" + b"\xff" * 99,
        ):
            file = container.MAGIC + zlib.crc32(body).to_bytes(4, "little") + body
            with pytest.raises(ValueError, match=r"^The file"):
                container.read(file)
            page.goto("about:blank")
            page.goto(f"{page_at}reader.html#{square.to_signs(file)}")
            said(page, "The network is damaged")


def test_it_needs_no_network_and_takes_another_square_at_once(
    browser: Browser, page_at: str, data: bytes
) -> None:
    with reader(browser, page_at) as page:
        page.goto(f"{page_at}reader.html")
        page.context.set_offline(True)
        page.get_by_role("link", name="the course’s own").click()
        said(page, "MNIST’s 10,000 test images it got")
        draw(page, THREE)
        expect(page.locator("#read")).to_contain_text("a 3")
        show(page, picture(square.square(data)))
        said(page, "Got it")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone_and_axe_finds_nothing(
    browser: Browser, page_at: str, data: bytes, theme: str
) -> None:
    with reader(browser, page_at, viewport=PHONE, color_scheme=theme, bypass_csp=True) as page:
        visit(page, page_at, data)
        draw(page, THREE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert not Axe().run(page).response["violations"]
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"square-{theme}-360.png", full_page=True)


def test_the_page_s_own_code_is_small() -> None:
    files = list((ROOT / "site" / "reader").iterdir())
    assert files
    assert sum(Path(file).stat().st_size for file in files) < 40_000
