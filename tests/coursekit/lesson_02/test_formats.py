"""coursekit.lesson_02.formats: bits and values of number formats, against their definitions."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from coursekit.lesson_02.formats import bits_of, draw_bits, draw_points, every_value
from coursekit.pictures import plot


@pytest.mark.parametrize(
    ("value", "dtype", "bits"),
    [
        (1.0, torch.float32, "0" + "01111111" + "0" * 23),
        (-2.0, torch.float16, "1" + "10000" + "0" * 10),
        (1.5, torch.bfloat16, "0" + "01111111" + "1" + "0" * 6),
        (0.125, torch.float8_e4m3fn, "0" + "0100" + "000"),
        (12, torch.int8, "00001100"),
        (-1, torch.int8, "11111111"),
        (200, torch.uint8, "11001000"),
    ],
)
def test_bits(value: float, dtype: torch.dtype, bits: str) -> None:
    assert bits_of(value, dtype) == bits


def test_types_of_another_size() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        bits_of(1.0, torch.float64)
    with pytest.raises(ValueError, match="4 bytes"):
        every_value(torch.float32)


@pytest.mark.parametrize(
    ("dtype", "count"),
    [
        (torch.int8, 256),
        # Less what is not finite, and -0 counts as 0: 2 NaNs; 6 NaNs and 2 infinities; 64 · 32 - 1.
        (torch.float8_e4m3fn, 256 - 2 - 1),
        (torch.float8_e5m2, 256 - 8 - 1),
        (torch.float16, 2**16 - 2**11 - 1),
        (torch.bfloat16, 2**16 - 2**8 - 1),
    ],
)
def test_every_value(dtype: torch.dtype, count: int) -> None:
    values = every_value(dtype)
    assert len(values) == count
    assert (np.diff(values) > 0).all()
    info = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    assert (values[0], values[-1]) == (info.min, info.max)
    kept = torch.from_numpy(values).to(dtype).double().numpy()
    assert (kept == values).all()


def test_drawings() -> None:
    fig, (above, below) = plot.figure(2, 1)
    draw_bits(above, {"half": (bits_of(1.0, torch.float16), (1, 5, 10)), "int": ("0011", (4,))})
    texts = [text.get_text() for text in above.texts]
    assert "".join(texts) == "0011110000000000" + "0011"
    assert [label.get_text() for label in above.get_yticklabels()] == ["half", "int"]
    legend = above.get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == 4
    draw_points(below, {"a": np.array([0.0, 0.5, 9.0]), "b": np.array([1.0])}, 0, 1)
    drawn = [collection for collection in below.collections if hasattr(collection, "get_segments")]
    assert [len(collection.get_segments()) for collection in drawn] == [2, 1]
    plt.close(fig)
