"""Makes magika.csv: `python course/12_serving/make_magika.py MODEL.onnx FOLDER…`.

Magika tells the kind of a file from its first and last 1,024 bytes. Its model is quantized in
several ways, and asked about files in the folders whose kind their name tells. Minutes.
"""

import csv
import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from onnxruntime import InferenceSession
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from coursekit.lesson_12.files import session, time_ratios
from coursekit.nets.data import enter_checksum

DATA = Path(__file__).parents[2] / "data"
# How a name ends, and what Magika calls that kind.
KINDS = {
    ".py": "python",
    ".pyc": "pythonbytecode",
    ".json": "json",
    ".rst": "rst",
    ".md": "markdown",
    ".html": "html",
    ".css": "css",
    ".js": "javascript",
    ".svg": "svg",
    ".xml": "xml",
    ".png": "png",
    ".gz": "gzip",
    ".so": "elf",
    ".sql": "sql",
    ".toml": "toml",
    ".csv": "csv",
    ".ttf": "ttf",
    ".woff2": "woff2",
    ".ipynb": "ipynb",
    ".c": "c",
    ".po": "po",
}
# So many files of a kind at most; of these, the first ones are for calibration.
EACH, CALIBRATION = 120, 20
ENDS, PADDING, LEAST = 1024, 256, 8


def features(content: bytes) -> np.ndarray:
    """Both ends of a file without the white space around it, int32 (2048,); 256 is "no byte"."""
    begin, end = content[:4096].lstrip()[:ENDS], content[-4096:].rstrip()[-ENDS:]
    found = np.full(2 * ENDS, PADDING, np.int32)
    found[: len(begin)] = np.frombuffer(begin, np.uint8)
    found[2 * ENDS - len(end) :] = np.frombuffer(end, np.uint8)
    return found


def drawn(folders: list[Path]) -> dict[str, np.ndarray]:
    """For each kind the features of some files, int32 (files, 2048), no two of them alike."""
    rng = np.random.default_rng(0)
    everything = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    found = {}
    for end, kind in KINDS.items():
        its = [path for path in everything if path.suffix == end]
        rows: dict[bytes, np.ndarray] = {}
        for place in rng.permutation(len(its)):
            content = its[place].read_bytes()
            if len(content.strip()) >= LEAST:
                row = features(content)
                rows[row.tobytes()] = row
            if len(rows) == EACH:
                break
        found[kind] = np.array(list(rows.values()))
    return found


class Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands out rows, 20 at a time, then None."""

    def __init__(self, rows: np.ndarray) -> None:
        self.parts = iter(np.array_split(rows, len(rows) // 20))

    def get_next(self) -> dict[str, np.ndarray] | None:
        part = next(self.parts, None)
        return None if part is None else {"bytes": part}


def versions(model: Path, calibration: dict[str, np.ndarray]) -> Iterator[tuple[str, bytes]]:
    """Each version's name and file."""
    yield "float32", model.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        ready, out = Path(folder, "ready.onnx"), Path(folder, "out.onnx")
        # Its shapes depend on values that only a run knows.
        quant_pre_process(model, ready, skip_symbolic_shape=True)
        products = ["Conv", "MatMul"]
        quantize_dynamic(ready, out, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8)
        yield "dynamic, products of matrices", out.read_bytes()
        mixed = np.concatenate(list(calibration.values()))
        static = partial(
            quantize_static, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8
        )
        for name, rows, options in (
            ("static", mixed, {"per_channel": True, "op_types_to_quantize": products}),
            ("static, one scale", mixed, {"op_types_to_quantize": products}),
            ("static, every operation", mixed, {}),
            (
                "static, calibrated on PNG alone",
                calibration["png"],
                {"per_channel": True, "op_types_to_quantize": products},
            ),
        ):
            static(ready, out, Reader(rows), **options)
            yield name, out.read_bytes()


def answers(run: InferenceSession, rows: np.ndarray) -> np.ndarray:
    parts = np.array_split(rows, -(-len(rows) // 50))
    return np.concatenate([run.run(None, {"bytes": part})[0].argmax(1) for part in parts])


def main() -> None:
    logging.disable(logging.WARNING)
    model, *folders = map(Path, sys.argv[1:])
    labels = labels_of(model)
    found = drawn(folders)
    calibration = {kind: rows[:CALIBRATION] for kind, rows in found.items()}
    test = {kind: rows[CALIBRATION:] for kind, rows in found.items()}
    float_run, before, rows = session(model.read_bytes()), {}, []
    one = {"bytes": next(iter(test.values()))[:1]}
    for name, content in versions(model, calibration):
        run = session(content)
        ratios = [1.0] * 5 if name == "float32" else time_ratios(run, float_run, one)
        times = [f"{ratio:.3f}" for ratio in (np.median(ratios), min(ratios), max(ratios))]
        for kind, its in test.items():
            right = answers(run, its) == labels.index(kind)
            if name == "float32":
                before[kind] = right
            lost, won = (before[kind] & ~right).sum(), (right & ~before[kind]).sum()
            rows.append([name, len(content), *times, kind, len(its), right.sum(), lost, won])
    path = DATA / "magika.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["version", "bytes", "time", "least", "most", "kind", "files", "right", "lost", "won"]
        )
        writer.writerows(rows)
    enter_checksum(path)


def labels_of(model: Path) -> list[str]:
    """The kinds in the order of the model's answers, from the settings beside it."""
    settings = json.loads((model.parent / "config.min.json").read_text())
    its: list[str] = settings["target_labels_space"]
    (answer,) = onnx.load(model).graph.output
    assert len(its) == answer.type.tensor_type.shape.dim[1].dim_value
    return its


if __name__ == "__main__":
    main()
