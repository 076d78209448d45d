"""A decoder by itself, where no grader is: in a notebook, and under nbgrader."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch

from coursekit.lesson_15 import alone
from coursekit.lesson_15.alone import DecoderError, decode_alone, figures, source_bytes

REFUSED = {
    "decode = 4": "defines no function `decode`",
    "def (:": r"is not Python \(line 1\)",
    "def decode(data):\n    return [1]": "a plain `dict` of tensors .* but gives list",
    "def decode(data):\n    return {'a': 'b'}": "gives a dictionary with something else in it",
    "def decode(data):\n    return {'a': shapes}": "NameError: name 'shapes' is not defined",
    "from collections import *\ndef decode(data):\n    return OrderedDict()": "gives OrderedDict",
    "import coursekit\ndef decode(data):\n    return {}": "ModuleNotFoundError.*not `coursekit`",
    "import not_there\ndef decode(data):\n    return {}": "raises ModuleNotFoundError",
    "import os\ndef decode(data):\n    os._exit(0)": "ends its process",
    "import sys\ndef decode(data):\n    sys.exit('bye')": "raises SystemExit: bye",
    "def decode(data):\n    return bytes(10**12)": "raises MemoryError",
    "def decode(data):\n    while True:\n        print('!' * 999)": "takes more than 1 s",
    "while True:\n    pass": "takes more than 1 s",
    "open('notes.txt')": "raises FileNotFoundError",
}


@pytest.mark.parametrize(("source", "sentence"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_gives_no_tensors_is_told_in_one_sentence(source: str, sentence: str) -> None:
    with pytest.raises(DecoderError, match=sentence) as told:
        decode_alone(source, b"", 1.0)
    assert len(str(told.value).splitlines()) == 1


def test_tensors_and_arrays_come_back_the_same_each_time() -> None:
    source = (
        "import numpy as np\n"
        "def decode(data):\n"
        "    big = np.frombuffer(data, '>f4')\n"
        "    return {'b': big, 'a': np.arange(6).reshape(2, 3).T, 'half': big.astype('f2')}\n"
    )
    data = np.array([1.5, -2.0], ">f4").tobytes()
    for _ in range(2):
        found = decode_alone(source, data)
        assert list(found) == ["b", "a", "half"]
        assert torch.equal(found["b"], torch.tensor([1.5, -2.0]))
        assert torch.equal(found["half"], torch.tensor([1.5, -2.0]))
        assert found["half"].dtype == torch.float32
        assert found["a"].tolist() == [[0, 3], [1, 4], [2, 5]]
        # What a test does to them does nobody else any harm.
        found["b"].zero_()


def test_it_sees_no_environment_and_an_empty_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the notebook")
    source = (
        "import os\nimport numpy as np\n"
        "def decode(data):\n"
        "    return {'seen': np.array([len(os.listdir('.')), 'SECRET' in os.environ])}\n"
    )
    assert decode_alone(source, b"")["seen"].tolist() == [0, 0]


def test_the_source_counts_so_that_nothing_hides_in_it() -> None:
    rng = np.random.default_rng(0)
    weights = rng.bytes(3000)
    plain = "def decode(data):\n    return {}\n"
    commented = plain + "    # what stands here is for people\n" * 20
    assert source_bytes(commented) - source_bytes(plain) < 60
    for hidden in (
        repr(weights),
        weights.hex(),
        "".join(map(chr, rng.integers(0x4E00, 0x9FA5, 1715))),
    ):
        assert source_bytes(f"W = '''{hidden}'''") >= 3000
    assert source_bytes(plain) == len(zlib.compress(plain.encode(), 9))


def test_what_is_no_source_or_file_is_told() -> None:
    with pytest.raises(DecoderError, match="should be text"):
        source_bytes("W = '\ud800'")
    with pytest.raises(DecoderError, match="should be text"):
        decode_alone(b"def decode(data): pass", b"")  # type: ignore[arg-type]
    with pytest.raises(DecoderError, match="longer than a million characters"):
        decode_alone("#" * (2**20 + 1), b"")
    with pytest.raises(DecoderError, match="should be bytes, not str"):
        decode_alone("def decode(data): pass", "")  # type: ignore[arg-type]


def test_more_than_fits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "_MOST_RESULT", 1000)
    with pytest.raises(DecoderError, match="more than 64 MiB"):
        decode_alone(
            "import numpy as np\ndef decode(d):\n    return {'a': np.zeros(251, 'f4')}", b""
        )


def test_figures_are_nothing_here() -> None:
    figures(bytes=3)
