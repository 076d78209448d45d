"""Pictures that move without a kernel: what lies in the notebook."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from coursekit import moving
from coursekit.moving import VEGA, Moving
from coursekit.openings import lesson_04
from coursekit.openings.lesson_02 import staircase

OPENINGS = {"02": staircase, "04": lesson_04.multiply_accumulate}


def draw(height: float) -> Figure:
    figure, ax = plt.subplots(figsize=(2, 1))
    ax.plot([0, height])
    return figure


def small(**moved: object) -> Moving:
    options: dict[str, object] = {"height": [1, 2, 3], "start": {"height": 2}} | moved
    return Moving(draw, alt=lambda height: f"Up to {height} & <on>.", words="A line.", **options)  # type: ignore[arg-type]


def test_each_state_is_there_with_its_name_and_one_is_shown() -> None:
    bundle, _ = small()._repr_mimebundle_()
    vega = bundle[VEGA]
    states = vega["data"][0]["values"]
    assert [state["alt"] for state in states] == [f"Up to {n} & <on>." for n in (1, 2, 3)]
    assert len({state["png"] for state in states}) == 3
    # As Vega's filter takes them: for what is set one state, and no other.
    [transform] = vega["data"][0]["transform"]
    assert transform == {"type": "filter", "expr": "abs(datum.height - height) < 1e-6"}
    [height] = [signal for signal in vega["signals"] if signal["name"] == "height"]
    assert height["value"] == 2
    assert vega["marks"][0]["encode"]["update"]["description"] == {"field": "alt"}
    json.dumps(bundle)


def test_by_mouse_and_by_keyboard_and_each_follows() -> None:
    vega = small(height=[0.1, 0.2, 0.3], start={"height": 0.1})._repr_mimebundle_()[0][VEGA]
    bound = {signal["name"]: signal for signal in vega["signals"] if "bind" in signal}
    assert {one["bind"]["input"] for one in bound.values()} == {"range", "number"}
    names = [one["bind"]["name"] for one in bound.values()]
    assert len(set(names)) == 2, "two controls that are called the same"
    for one in bound.values():
        assert (one["bind"]["min"], one["bind"]["max"], one["bind"]["step"]) == (0.1, 0.3, 0.1)
        assert one["on"][0]["update"] == "height"


def test_where_no_vega_is_the_first_state_stands_with_its_words() -> None:
    bundle, metadata = small()._repr_mimebundle_()
    # HTML would hide Vega in JupyterLab; a PNG alone would have no alt text in nbconvert.
    assert list(bundle) == [VEGA, "text/markdown", "image/png", "text/plain"]
    assert bundle["image/png"] in bundle["text/markdown"]
    still = bundle["text/markdown"]
    assert still.startswith('<img alt="Up to 2 &amp; &lt;on&gt;." src="data:image/png;base64,')
    assert still.endswith("A line.")
    assert bundle["text/plain"] == "Up to 2 & <on>. A line."
    # Canvas names no state, and the menu leads to pages on the network.
    assert metadata[VEGA]["embed_options"] == {"actions": False, "renderer": "svg"}


def test_what_does_not_fit_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="height needs two or more values that rise evenly"):
        small(height=[1, 2, 4])
    with pytest.raises(ValueError, match="height needs two or more"):
        small(height=[2])
    with pytest.raises(ValueError, match="start: height=5 is none of its values"):
        small(start={"height": 5})
    monkeypatch.setattr(moving, "AT_MOST", 100)
    with pytest.raises(
        ValueError, match=r"the picture weighs [0-9,]+ bytes: draw fewer or simpler"
    ):
        small()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("lesson", OPENINGS)
def test_the_picture_that_opens_a_lesson(lesson: str) -> None:
    bundle, _ = OPENINGS[lesson]()._repr_mimebundle_()
    text = json.dumps(bundle, ensure_ascii=False)
    assert len(text) < 300_000
    # Nothing is asked from anywhere: the schema is a name.
    assert set(re.findall(r'https?://[^"\\]+', text)) == {bundle[VEGA]["$schema"]}
    states = bundle[VEGA]["data"][0]["values"]
    assert len({state["alt"] for state in states}) == len(states)
    for state in states:
        raw = base64.b64decode(state["png"].removeprefix("data:image/png;base64,"))
        pixels = np.asarray(Image.open(io.BytesIO(raw)).convert("RGBA"))
        assert pixels[0, 0, 3] == 0, "a ground of its own would glare in the dark theme"


def test_what_the_staircase_says_is_so() -> None:
    states = staircase()._repr_mimebundle_()[0][VEGA]["data"][0]["values"]
    said = {(state["zero_point"], state["scale"]): state["alt"] for state in states}
    assert len(said) == 25
    # Eight stairs of 0.15, the lowest at 0: the boot fits.
    assert "eight stairs from 0 to 1.05. Of the picture's pixels 0% lie beyond" in said[-4, 0.15]
    assert "it shows in 8 shades" in said[-4, 0.15]
    # Half of the codes stand for negative numbers: the light parts are lost.
    assert "eight stairs from −0.6 to 0.45." in said[0, 0.15]
    beyond = {zero: int(re.search(r"(\d+)%", said[zero, 0.15])[1]) for zero in (-4, -2, 0)}  # type: ignore[index]
    assert beyond[-4] < beyond[-2] < beyond[0]
    # High stairs are few.
    shades = [int(re.search(r"(\d) shades", said[-4, scale])[1]) for scale in (0.15, 0.2, 0.25)]  # type: ignore[index]
    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) == 3
