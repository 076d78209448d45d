import base64
import functools
import io
from itertools import pairwise

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from coursekit import guess, mark_guess
from coursekit.learn import guesses as predict
from coursekit.nets.measure import Latency
from coursekit.pictures import plot


@pytest.fixture(autouse=True)
def _own_style():
    with matplotlib.rc_context():
        yield
    plt.close("all")


@pytest.fixture
def told():
    """What is said of each thing displayed."""
    return []


@pytest.fixture
def shown(monkeypatch, told):
    """What is displayed."""
    displayed = []

    def display(picture):
        bundle, metadata = picture._repr_mimebundle_()
        assert repr(picture) == bundle["text/plain"]
        displayed.append(bundle)
        told.append(metadata)

    monkeypatch.setattr("IPython.display.display", display)
    return displayed


def pixels(fig):
    """The drawn figure, shape (height, width, 3), 0–255."""
    fig.canvas.draw()
    return np.asarray(fig.canvas.buffer_rgba())[..., :3]


def data_of(bundle):
    """The image of an output, in base64."""
    return bundle["text/html"].partition("base64,")[2].partition('"')[0]


def test_a_figure_is_shown_once_with_its_alt_text_and_closed(shown):
    fig, ax = plot.figure(width=4, height=2)
    ax.plot([1, 2, 3])
    plot.show(fig, alt="A line < that rises.")
    [bundle] = shown
    assert bundle["text/plain"] == "A line < that rises."
    # Jupyter would show an image that stands alone without its alt text.
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/html"].startswith('<img alt="A line &lt; that rises." src="data:image/png')
    picture = Image.open(io.BytesIO(base64.b64decode(data_of(bundle))))
    assert picture.format == "PNG"
    assert picture.size == (400, 200)
    assert not plt.get_fignums()


def test_the_same_figure_gives_the_same_bytes(shown):
    for _ in range(2):
        fig, ax = plot.figure()
        ax.plot([1, 2, 3], label="a")
        ax.legend()
        plot.show(fig, alt="A line.")
    assert shown[0] == shown[1]
    assert b"Matplotlib" not in base64.b64decode(data_of(shown[0]))


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_plot_without_alt_text_is_refused(shown, alt):
    fig, _ = plot.figure()
    with pytest.raises(ValueError, match="alt text"):
        plot.show(fig, alt)
    assert shown == []


def test_figure_makes_a_grid_of_axes_and_passes_options_on():
    _, axes = plot.figure(2, 3, sharex=True)
    assert axes.shape == (2, 3)
    assert axes[0, 0].get_shared_x_axes().joined(axes[0, 0], axes[1, 2])


def test_lines_differ_in_colour_marker_and_dash():
    fig, ax = plot.figure()
    lines = [ax.plot([0, 1])[0] for _ in plot.COLOURS]
    assert [line.get_color() for line in lines] == list(plot.COLOURS)
    assert len({line.get_marker() for line in lines}) == len(lines)
    fig.canvas.draw()
    assert len({str(line._unscaled_dash_pattern) for line in lines}) == len(lines)


def test_what_is_drawn_after_the_figure_has_the_style_too():
    _, ax = plot.figure()
    [line] = ax.plot([0, 1], label="a")
    assert line.get_markersize() == 5
    assert not ax.legend().get_frame_on()


def test_the_first_lines_stay_apart_in_greyscale():
    lightness = sorted(np.dot(to_rgb(c), [0.2126, 0.7152, 0.0722]) for c in plot.COLOURS[:3])
    assert min(np.diff(lightness)) > 0.05


def test_bars_stand_in_reading_order_with_their_values():
    _, ax = plot.figure()
    plot.bars(ax, ["dense", "pruned"], [943_781, 158_627])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["dense", "pruned"]
    assert [text.get_text() for text in ax.texts] == ["943,781", "158,627"]
    assert [bar.get_width() for bar in ax.patches] == [943_781, 158_627]
    top, bottom = (ax.transData.transform((0, y))[1] for y in (0, 1))
    assert top > bottom
    assert len({bar.get_hatch() for bar in ax.patches}) == 2


def test_bars_have_the_format_asked_for():
    _, ax = plot.figure()
    plot.bars(ax, ["a"], [0.8525], label="{:.1%}")
    assert ax.texts[0].get_text() == "85.2%"


def test_grouped_bars_stand_side_by_side_without_overlap():
    fig, ax = plot.figure()
    plot.grouped_bars(ax, ["dense", "pruned"], {"as saved": [407, 406], "gzip": [379, 290]})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["dense", "pruned"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["as saved", "gzip"]
    assert [text.get_text() for text in ax.texts] == ["407", "406", "379", "290"]
    assert [bar.get_width() for bar in ax.patches] == [407, 406, 379, 290]
    spans = sorted((bar.get_y(), bar.get_y() + bar.get_height()) for bar in ax.patches)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert ax.yaxis_inverted()
    assert len({bar.get_hatch() for bar in ax.patches}) == 2
    pixels(fig)


def test_latencies_are_medians_in_microseconds_with_a_solid_line_for_the_middle_half():
    fig, ax = plot.figure()
    plot.latencies(
        ax,
        {
            "dense": Latency((22e-6, 22e-6, 23.4e-6, 25e-6, 25e-6), 1, "shuffled"),
            "big": Latency((5e-4, 5e-4, 6e-4, 7e-4, 7e-4), 1, "shuffled"),
        },
    )
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([23.4, 600])
    assert [line.get_xdata().tolist() for line in ax.lines] == [
        pytest.approx([22, 25]),
        pytest.approx([500, 700]),
    ]
    assert {line.get_linestyle() for line in ax.lines} == {"-"}
    written = [text.get_text() for text in ax.texts if text.get_text()]
    assert written == ["23.4", "600"]
    assert "median of 5 runs, shuffled" in ax.get_xlabel()
    pixels(fig)


def test_a_matrix_shows_every_value_and_zeros_white():
    fig, ax = plot.figure()
    plot.matrix(ax, np.array([[0.0, -1.25], [0.5, 2.0]]), decimals=2)
    shown = {
        tuple(int(v) for v in text.get_position()): text.get_text() for text in ax.texts
    }  # keys: column, row
    assert shown == {(0, 0): "0", (1, 0): "-1.25", (0, 1): "0.50", (1, 1): "2.00"}
    [image] = ax.images
    colours = image.to_rgba(image.get_array())[..., :3].sum(-1)
    assert colours[0, 0] > 2.9
    assert colours[0, 0] > colours[1, 0] > colours[0, 1] > colours[1, 1], "darker when larger"
    pixels(fig)


def test_a_matrix_of_zeros_can_be_drawn():
    fig, ax = plot.figure()
    plot.matrix(ax, np.zeros((2, 3)))
    assert [text.get_text() for text in ax.texts] == ["0"] * 6
    [image] = ax.images
    assert (image.to_rgba(image.get_array())[..., :3] > 0.95).all()
    pixels(fig)


def test_the_smallest_number_of_a_matrix_is_not_white_unless_it_is_zero():
    _, ax = plot.figure()
    plot.matrix(ax, np.array([[1.0, 2.0]]))
    [image] = ax.images
    assert image.to_rgba(image.get_array())[0, 0, :3].min() < 0.9


def test_images_are_ink_on_paper_whatever_the_style():
    pictures = np.zeros((2, 4, 4), np.uint8)
    pictures[1] = 255
    _, ax = plt.subplots()
    plot.images(ax, pictures, ["zero", "full"])
    [image] = ax.images
    drawn = image.to_rgba(image.get_array())[..., :3]
    assert drawn.shape == (4, 12, 3)
    assert (drawn[:, :4] == 1).all()
    assert (drawn[:, 6:10] == 0).all()
    assert [text.get_text() for text in ax.texts] == ["zero", "full"]
    assert [text.get_position()[0] for text in ax.texts] == [2, 8]


def test_a_band_is_shaded_from_low_to_high_in_the_colour_of_its_line():
    _, ax = plot.figure()
    plot.band(ax, [1, 2], [5, 6], [4, 3], [7, 8], label="runs")
    [line], [shade] = ax.lines, ax.collections
    assert line.get_ydata().tolist() == [5, 6]
    assert to_rgb(shade.get_facecolor()[0][:3]) == to_rgb(line.get_color())
    assert shade.get_datalim(ax.transData).bounds == pytest.approx((1, 3, 1, 5))
    assert ax.get_legend_handles_labels()[1] == ["runs"]


def test_ranges_show_mean_lowest_and_highest_side_by_side():
    _, ax = plot.figure()
    plot.ranges(ax, ["a", "b"], {"one": [[1, 2, 6], [4, 4, 4]], "two": [[0, 2, 4], [1, 2, 3]]})
    one, two = ax.containers
    assert one.lines[0].get_ydata().tolist() == [3, 4]
    lows, highs = (cap.get_ydata().tolist() for cap in one.lines[1])
    assert (lows, highs) == ([1, 4], [6, 4])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]
    assert (two.lines[0].get_xdata() > one.lines[0].get_xdata()).all()
    assert (one.lines[0].get_xdata() + two.lines[0].get_xdata()) / 2 == pytest.approx([0, 1])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]


def test_ranges_of_equal_runs_have_no_length():
    _, ax = plot.figure()
    # Their mean is off by its last bit.
    plot.ranges(ax, ["a"], {"one": [[0.1005, 0.1005, 0.1005]]})
    [segment] = ax.containers[0].lines[2][0].get_segments()
    assert np.ptp(segment[:, 1]) < 1e-12


def test_a_logarithmic_axis_has_plain_numbers():
    fig, ax = plot.figure()
    ax.plot([0, 1], [9, 2100])
    plot.log_y(ax)
    fig.canvas.draw()
    low, high = ax.get_ylim()
    shown_ticks = [
        label.get_text()
        for tick, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
        if low <= tick <= high
    ]
    assert shown_ticks == ["10", "20", "50", "100", "200", "500", "1,000", "2,000"]


# The guess on the plot.


@pytest.fixture
def noted(monkeypatch):
    """Notes a guess of the question “?”."""
    monkeypatch.setattr(predict, "_notes_of", functools.cache(predict._Notes))
    return lambda value, **options: guess("?", value, **options)


def test_a_guess_is_a_dashed_line_where_it_lies(noted):
    noted(1.5)
    _, ax = plot.figure()
    ax.plot([1, 2], [1, 2], linestyle="-")
    before = ax.get_xlim(), ax.get_ylim(), len(ax.texts)
    mark_guess(ax, "?", axis="x")
    line = ax.lines[-1]
    assert list(line.get_xdata()) == [1.5, 1.5]
    assert line.get_linestyle() == "--"
    assert ax.texts[-1].get_text() == "your guess"
    mark_guess(ax, "?", axis="y", label="your guess at 2 bits")
    assert list(ax.lines[-1].get_ydata()) == [1.5, 1.5]
    assert ax.texts[-1].get_text() == "your guess at 2 bits"
    assert (ax.get_xlim(), ax.get_ylim(), len(ax.texts) - 2) == before


@pytest.mark.parametrize(("axis", "arrows"), [("x", "←→"), ("y", "↓↑")])
@pytest.mark.parametrize("turned", [False, True])
def test_a_guess_outside_is_named_at_the_edge_and_squeezes_nothing(noted, axis, arrows, turned):
    for value, which in [(-1000, 0), (1000, 1)]:
        noted(value)
        _, ax = plot.figure()
        ax.plot([0, 1], [0, 1])
        if turned:
            ax.invert_xaxis()
            ax.invert_yaxis()
        before = ax.get_xlim(), ax.get_ylim()
        mark_guess(ax, "?", axis=axis)
        assert len(ax.lines) == 1
        arrow = arrows[1 - which if turned else which]
        assert ax.texts[-1].get_text() == f"{arrow} your guess: {value:,}"
        assert (ax.get_xlim(), ax.get_ylim()) == before


def test_on_a_logarithmic_axis_a_guess_has_its_place_and_zero_has_none(noted):
    noted(10)
    _, ax = plot.figure()
    ax.plot([1, 2], [1, 100])
    plot.log_y(ax)
    mark_guess(ax, "?")
    assert list(ax.lines[-1].get_ydata()) == [10, 10]
    noted(0)
    mark_guess(ax, "?")
    assert len(ax.lines) == 2
    assert ax.texts[-1].get_text() == "↓ your guess: 0"


@pytest.mark.parametrize(("axis", "scale"), [("x", "linear"), ("y", "linear"), ("y", "log")])
def test_a_picture_says_where_a_guess_stands_on_it(noted, shown, told, axis, scale):
    noted(None)
    fig, ax = plot.figure()
    ax.plot([1, 2], [1, 100], linestyle="-")
    ax.set_yscale(scale)
    mark_guess(ax, "?", axis=axis, label="mine")
    plot.show(fig, alt="A line.")
    plot.show(plot.figure()[0], alt="Nothing.")
    [place], nothing = told[0]["guesses"], told[1]
    assert nothing == {}
    assert (place["question"], place["label"], place["axis"]) == ("?", "mine", axis)
    # Where it says, the same picture has the line of a guess.
    noted(1.7)
    fig, ax = plot.figure()
    ax.plot([1, 2], [1, 100], linestyle="-")
    ax.set_yscale(scale)
    ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())
    without = pixels(fig).copy()
    mark_guess(ax, "?", axis=axis, label="")
    changed = (pixels(fig) != without).any(2)
    start, end, at = [
        np.log(one) if place["scale"] == "log" else one for one in (*place["limits"], 1.7)
    ]
    share = (at - start) / (end - start)
    left, top, width, height = place["box"]
    where = left + share * width if axis == "x" else top + (1 - share) * height
    along = changed.sum(0) if axis == "x" else changed.sum(1)
    assert abs(along.argmax() - where * len(along)) <= 4


def test_the_mark_and_its_words_can_be_seen_and_lie_on_the_plot(noted):
    for value in (0.01, 0.5, 0.99, 7):
        for axis in ("x", "y"):
            noted(value)
            fig, ax = plot.figure()
            ax.set(xlim=(0, 1), ylim=(0, 1))
            without = pixels(fig).copy()
            mark_guess(ax, "?", axis=axis)
            assert (pixels(fig) != without).any()
            box = ax.texts[-1].get_window_extent()
            inside = ax.get_window_extent()
            assert inside.x0 <= box.x0 < box.x1 <= inside.x1, (value, axis)
            assert inside.y0 <= box.y0 < box.y1 <= inside.y1, (value, axis)


def test_without_a_number_nothing_is_drawn(noted):
    _, ax = plot.figure()
    mark_guess(ax, "?")
    noted("one", choices=["one", "two"])
    mark_guess(ax, "?")
    assert not [*ax.lines, *ax.texts]
