"""Pictures that move without a kernel: what lies in the notebook."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

from coursekit.lesson_00.opening import two_digits
from coursekit.lesson_01 import opening as lesson_01
from coursekit.lesson_02.opening import staircase
from coursekit.lesson_03.opening import dragged_range
from coursekit.lesson_04 import opening as lesson_04
from coursekit.lesson_05.opening import large_unit
from coursekit.lesson_06 import opening as lesson_06
from coursekit.lesson_07.opening import smallest_first
from coursekit.lesson_08 import opening as lesson_08
from coursekit.lesson_08.opening import channel_walks
from coursekit.lesson_09 import opening as lesson_09
from coursekit.lesson_10.opening import budget_of_bytes
from coursekit.lesson_11.opening import bytes_of_a_file
from coursekit.lesson_12 import opening as lesson_12
from coursekit.lesson_13.opening import layer, smooth, smoothed_channels
from coursekit.lesson_14.opening import thin_garments
from coursekit.lesson_15.opening import thinning_network
from coursekit.nets.data import load_arrays, load_tradeoffs
from coursekit.pictures import moving
from coursekit.pictures.moving import VEGA, Moving

OPENINGS = {
    "00": two_digits,
    "01": lesson_01.roofline,
    "02": staircase,
    "03": dragged_range,
    "04": lesson_04.multiply_accumulate,
    "05": large_unit,
    "06": lesson_06.pulled_to_levels,
    "07": smallest_first,
    "08": channel_walks,
    "09": lesson_09.guessed_sparsity,
    "10": budget_of_bytes,
    "11": bytes_of_a_file,
    "12": lesson_12.waiting_line,
    "13": smoothed_channels,
    "14": thin_garments,
    "15": thinning_network,
}


@cache
def opening(lesson: str) -> dict[str, Any]:
    """The bundle of a lesson's picture; two of them train a network."""
    # In a new kernel no other picture has set a style.
    with plt.style.context("default"):
        return OPENINGS[lesson]()._repr_mimebundle_()[0]


def said(lesson: str, *moved: str) -> dict[Any, str]:
    """What each state of a lesson's picture says, by the value of what is moved."""
    states = opening(lesson)[VEGA]["data"][0]["values"]
    keys = [tuple(state[name] for name in moved) for state in states]
    return {
        key if len(moved) > 1 else key[0]: state["alt"]
        for key, state in zip(keys, states, strict=True)
    }


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
    bundle = opening(lesson)
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
    stairs = said("02", "zero_point", "scale")
    assert len(stairs) == 25
    # Eight stairs of 0.15, the lowest at 0: the boot fits.
    assert "eight stairs from 0 to 1.05. Of the picture's pixels 0% lie beyond" in stairs[-4, 0.15]
    assert "it shows in 8 shades" in stairs[-4, 0.15]
    # Half of the codes stand for negative numbers: the light parts are lost.
    assert "eight stairs from −0.6 to 0.45." in stairs[0, 0.15]
    beyond = {zero: int(re.search(r"(\d+)%", stairs[zero, 0.15])[1]) for zero in (-4, -2, 0)}  # type: ignore[index]
    assert beyond[-4] < beyond[-2] < beyond[0]
    # High stairs are few.
    shades = [int(re.search(r"(\d) shades", stairs[-4, scale])[1]) for scale in (0.15, 0.2, 0.25)]  # type: ignore[index]
    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) == 3


def test_one_digit_stays_and_one_answer_flips() -> None:
    digits = said("00", "percent_zeros", "bits")
    assert len(digits) == 28
    names = {key: re.findall(r"the (\d) is called (?:a )?(\d)", alt) for key, alt in digits.items()}
    assert all(stays == called for (stays, called), _ in names.values())
    flips = {key: label != called for key, (_, (label, called)) in names.items()}
    assert not flips[0, 8]
    assert flips[90, 2]
    assert 0 < sum(flips.values()) < len(flips) / 2 + 1


def test_with_one_scale_a_large_unit_takes_the_names_away() -> None:
    units = said("05", "doublings")
    zeros = [int(re.search(r"(\d+)%", alt)[1]) for alt in units.values()]  # type: ignore[index]
    assert zeros == sorted(zeros)
    assert zeros[0] < 10
    assert zeros[-1] == 100
    right = "trousers, bag, ankle boot, pullover, dress."
    first, last = units[0], units[9]
    assert first.count(right) == 2
    assert f"called {right}" not in last
    # Its own scale for each unit: nothing happens, whatever the factor.
    assert all(alt.endswith(f"One scale per unit: {right}") for alt in units.values())


def test_most_weights_go_before_the_names_do() -> None:
    pruned = said("07", "percent_zeros")
    names = {zeros: alt.split("called ")[1].split(".")[0] for zeros, alt in pruned.items()}
    right = {
        zeros: int(re.search(r"garments ([\d,]+) ", alt)[1].replace(",", ""))
        for zeros, alt in pruned.items()
    }  # type: ignore[index]
    assert names[0] == names[49] != names[98]
    assert abs(right[0] - right[49]) < 60
    assert right[98] < right[0] / 2


def test_a_network_stops_where_the_walk_of_a_channel_says_so() -> None:
    """What the picture of lesson 08 tells of each cut, with the cuts made."""
    torch.manual_seed(0)
    net = lesson_08.network().eval()
    image = torch.rand(1, 1, 28, 28)
    kept = [channel for channel in range(lesson_08.CHANNELS) if channel != 2]
    # Without the channel's map: γ and β are 0.
    silenced = lesson_08.network().eval()
    silenced.load_state_dict(net.state_dict())
    norm, reader = silenced[1], net[5]
    assert isinstance(norm, nn.BatchNorm2d)
    assert isinstance(reader, nn.Linear)
    with torch.no_grad():
        norm.weight[2] = norm.bias[2] = 0
        wanted = silenced(image)

    whole = net.state_dict()
    smaller = nn.Sequential(nn.Conv2d(1, len(kept), 5, padding=2), *net[1:]).eval()
    cut = {name: whole[name][kept] for name in ("0.weight", "0.bias")}
    smaller[0].load_state_dict({name[2:]: values for name, values in cut.items()})
    assert "batch norm gets 3 maps and has numbers for 4" in lesson_08.SAYS[1]
    with pytest.raises(RuntimeError, match="running_mean"):
        smaller(image)
    smaller[1] = nn.BatchNorm2d(len(kept)).eval()
    assert "the next layer gets 3 maps and has columns for 4" in lesson_08.SAYS[2]
    with pytest.raises(RuntimeError, match=r"mat1 and mat2|shapes cannot be multiplied"):
        smaller(image)
    smaller[5] = nn.Linear(len(kept) * lesson_08.EACH, lesson_08.UNITS)
    blocks = reader.weight.detach().unflatten(1, (lesson_08.CHANNELS, lesson_08.EACH))
    smaller[5].load_state_dict({"weight": blocks[:, kept].flatten(1), "bias": reader.bias.detach()})
    assert "the network runs" in lesson_08.SAYS[3]
    with torch.no_grad():
        assert torch.allclose(smaller(image), wanted, atol=1e-6)


def test_what_the_budget_of_bytes_says_is_so() -> None:
    states = opening("10")[VEGA]["data"][0]["values"]
    table = load_tradeoffs()
    table = table[table.seed == 0]
    kinds = {"nothing pruned": "none", "weights pruned": "weights", "units pruned": "units"}
    for state in states:
        cost = table.gzip_bytes if state["gzip"] else table.raw_bytes
        fits = table[cost <= 1000 * state["budget"]]
        best = fits.loc[fits.validation.idxmax()]
        found = re.search(r"(\d+) of 112 networks fit.*\((.*)\) gets (\d+) of", state["alt"])
        assert found
        assert int(found[1]) == len(fits)
        assert kinds[found[2]] == best.structure
        assert 0 < int(found[3]) < 15
    # As its words have it: after gzip another kind of network is the best.
    kind = {(one["budget"], one["gzip"]): one["alt"] for one in states}
    assert "units pruned" in kind[80, 0]
    assert "weights pruned" in kind[80, 1]


def test_what_the_bytes_of_a_file_say_is_so() -> None:
    states = opening("11")[VEGA]["data"][0]["values"]
    assert len(states) == 28
    number = r"(−?\d\.\d{4})"
    pattern = rf"four bytes, (.*), stand for {number};.* one byte, (..), level (−?\d+), .* {number}"
    for state in states:
        found = re.search(pattern, state["alt"])
        assert found
        value, level, near = (float(found[group].replace("−", "-")) for group in (2, 4, 5))
        assert struct.unpack("<f", bytes.fromhex(found[1]))[0] == pytest.approx(value, abs=5e-5)
        assert struct.unpack("<b", bytes.fromhex(found[3]))[0] == level
        # Half a step: the largest weight is level 127.
        assert abs(near - value) < 0.4 / 127 / 2 + 1e-4


def test_what_the_dragged_range_says_is_so() -> None:
    states = dragged_range()._repr_mimebundle_()[0][VEGA]["data"][0]["values"]
    parts = r"in (\d) shades. Squared error: ([\d.]+) by rounding, ([\d.]+) by clipping"
    found = {}
    for state in states:
        shades, *errors = re.search(parts, state["alt"]).groups()  # type: ignore[union-attr]
        found[state["end_of_the_range"]] = (int(shades), *map(float, errors))
    assert len(found) == 16
    # What the lesson lets one find: the least squared error is not where the boot has its shades.
    rounding, clipping = ([errors[part] for errors in found.values()] for part in (1, 2))
    assert rounding == sorted(rounding)
    assert clipping == sorted(clipping, reverse=True)
    assert clipping[-1] == 0
    least = min(found, key=lambda end: sum(found[end][1:]))
    assert 2 < least < 4
    assert found[1.0][0] == 8 > found[least][0]


def test_where_the_layer_lies_under_the_roof_is_so() -> None:
    ridge = lesson_01.PEAK / lesson_01.BANDWIDTH
    for (doublings, halvings), text in said("01", "doublings", "halvings").items():
        batch, bits = 2**doublings, 32 >> halvings
        assert text.startswith(f"Batch {batch}, weights in {bits} bits")
        moved = lesson_01.WIDTH**2 * bits / 8 + batch * 2 * lesson_01.WIDTH * 4
        flops = 2 * batch * lesson_01.WIDTH**2
        moving, computing = lesson_01.costs(batch, bits)
        assert moving * lesson_01.BANDWIDTH == pytest.approx(moved)
        assert computing * lesson_01.PEAK == pytest.approx(flops)
        assert ("on the slope" in text) == ("moving bytes" in text) == (flops / moved < ridge)
    # What the lesson lets one find: fewer bits get a layer over the ridge with fewer images.
    over = {
        bits: min(
            d
            for (d, h), text in said("01", "doublings", "halvings").items()
            if h == bits and "computing" in text
        )
        for bits in (0, 1, 2)
    }
    assert over[0] > over[1] > over[2]


def test_what_the_pulled_weights_say_is_so() -> None:
    its = lesson_06.pulled()
    said_here = said("06", "step")
    assert len(said_here) == 26
    for step, text in said_here.items():
        numbers = [
            float(found.replace("−", "-"))
            for found in re.findall(r"−?\d+(?:\.\d\d)?(?=[,;.]|$)", text.split("are ", 1)[1])
        ]
        latent, codes, error = numbers[:5], numbers[5:10], numbers[-1]
        assert latent == pytest.approx(its.latent[step].tolist(), abs=0.006)
        assert codes == its.codes[step].tolist()
        assert error == pytest.approx(its.error[step], abs=0.006)
    # As its words have it: the error falls, and one weight crosses a border again and again.
    assert its.error[-1] < its.error[0] / 10
    crossings = (its.codes[1:] != its.codes[:-1]).sum(0)
    assert crossings.max() >= 8
    assert (crossings <= 2).sum() == 4


def test_what_the_guess_and_the_curves_say_is_so() -> None:
    its = lesson_09.race()
    said_here = said("09", "halvings", "uncovered")
    assert len(said_here) == 30
    names = list(lesson_09.SCHEDULES)
    for (halvings, uncovered), text in said_here.items():
        assert text.startswith(f"Your guess: one weight in {2 ** int(halvings)} stays.")
        assert f"Dense: {its.dense:.1f}%." in text
        shown = [name for name in names if f"last, {name}:" in text]
        assert shown == names[int(uncovered) - 1 : int(uncovered)] if uncovered else not shown
        for name in shown:
            found = [float(value) for value in re.findall(r"%: (\d+\.\d)", text)]
            assert found == pytest.approx(its.curves[name], abs=0.06)
    # As its words have it: slowly at first, and then fast.
    for values in its.curves.values():
        assert values[0] - values[1] < 1.5 < values[-2] - values[-1]


def test_smoothing_keeps_the_product_and_helps_int8_up_to_a_point():
    inputs, weights = layer()
    off = []
    for smoothing in range(0, 101, 5):
        its = smooth(smoothing / 100)
        assert torch.allclose(its.inputs @ its.weights.T, inputs @ weights.T, rtol=1e-4, atol=1e-3)
        off.append(its.error)
    best = off.index(min(off))
    assert off[0] > 5 * off[best]
    assert 0 < best < len(off) - 1
    assert off[-1] > off[best]
    texts = said("13", "smoothing")
    assert f"off by {100 * off[0]:.1f}%" in texts[0]
    assert f"off by {100 * off[-1]:.1f}%" in texts[100]


def test_what_the_waiting_line_says_is_so() -> None:
    texts = said("12", "load", "together")
    p95 = {key: lesson_12.latency_p95(*key) for key in texts}
    for (load, together), text in texts.items():
        assert text.startswith(f"Load {load:.0f}%, at most {together:.0f} together: of 36 requests")
        # Guesses below the picture ask for such numbers.
        assert not re.search(r"\d ms", text)
    # What it shows: a slow rise, then a steep one; in batches none yet beyond 100%.
    assert p95[50.0, 1.0] < 4 * lesson_12.cost(1) * 1000
    assert p95[90.0, 1.0] > 3 * p95[50.0, 1.0]
    assert p95[110.0, 1.0] > 120
    assert p95[130.0, 9.0] < 3 * lesson_12.cost(1) * 1000


def test_what_the_thin_garments_say_is_so() -> None:
    said_here = said("14", "rank")
    assert list(said_here) == list(range(1, 29))
    true = "trousers, coat, ankle boot, sandal, T-shirt"
    for rank, text in said_here.items():
        assert text.startswith(f"Rank {rank}: {2 * 28 * rank} numbers in place of 784.")
        assert text.endswith(f"as they are, it calls them {true}.")
    # As its words have it: wrong names at first, right ones long before the numbers are as many.
    called = {rank: re.search("five garments (.*);", text)[1] for rank, text in said_here.items()}  # type: ignore[index]
    assert not set(called[1].split(", ")) & {"trousers", "coat", "ankle boot", "sandal", "T-shirt"}
    assert all(names == true for rank, names in called.items() if rank >= 14)


def test_what_the_thinning_network_says_is_so() -> None:
    texts = said("15", "halvings")
    its = load_arrays("squeezed_masks.npz")
    assert list(texts) == its["halvings"].tolist()
    found = {
        halvings: [int(n.replace(",", "")) for n in re.findall(r"\b\d[\d,]*", text)]
        for halvings, text in texts.items()
    }
    for place, (halvings, numbers) in enumerate(found.items()):
        weights, pixels, _, first, _, second, _, share = numbers
        assert abs(weights - 266_200 / 2**halvings) <= 1
        assert pixels == int((its["pixels"][place] > 0).sum())
        assert first == int((its["first"][place] > 0).all(0).sum())
        assert second == int((its["second"][place] > 0).all(0).sum())
        assert share == max(1, round(its["sizes"][place] / 10_664.4))
    # As its words have it: whole units go, and the file shrinks with the weights.
    columns = np.array(list(found.values()))
    assert (np.diff(columns[:, 7]) <= 0).all()
    assert (np.diff(its["sizes"].astype(int)) < 0).all()
    assert columns[0, 1] == 784
    assert columns[0, 3] == 300
    assert columns[0, 5] == 100
    assert columns[-1, 3] < 150
