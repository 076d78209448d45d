"""Lesson 04's network as a C program: the integers it needs, and how it is compiled and run."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from coursekit.lesson_04.int8_networks import Layer

# Seconds that the compiler, and then the program, may take.
_PATIENCE = 60


def header(network: Sequence[Layer], prepared: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> str:
    """A C header with an int8 MLP: `network[]`, one `struct layer` for each layer.

    Args:
        network: linear layers.
        prepared: for each of them multiplier and shift, both of shape (outputs,).
    """
    lines: list[str] = []
    rows = []
    for number, (layer, (multiplier, shift)) in enumerate(zip(network, prepared, strict=True)):
        # The zero point of the input is in the bias.
        bias = layer.bias - layer.input_zero * layer.weights.sum(1, dtype=torch.int32)
        for kind, name, values in (
            ("int8_t", "weights", layer.weights),
            ("int32_t", "bias", bias),
            ("int32_t", "multiplier", multiplier),
            ("int", "shift", shift),
        ):
            text = ",".join(map(str, values.flatten().tolist()))
            lines.append(f"static const {kind} {name}{number}[] = {{{text}}};")
        outputs, inputs = layer.weights.shape
        names = ", ".join(f"{name}{number}" for name in ("weights", "bias", "multiplier", "shift"))
        rows.append(f"    {{{inputs}, {outputs}, {layer.output_zero}, {names}}},")
    return "\n".join([*lines, "static const struct layer network[] = {", *rows, "};", ""])


def has_floats(source: str) -> bool:
    """Whether C code names a type of floats, or writes a number with a point."""
    return re.search(r"\b(?:float|double)\b|\d\.|\.\d", source) is not None


def run(source: str, numbers: str, images: np.ndarray) -> torch.Tensor | None:
    """Compiles a program and gives it images; None where there is no C compiler.

    Args:
        source: of the program, which includes "network.h": images on standard input, a byte a
            pixel, and for each a line of integers on standard output.
        numbers: what stands in network.h.
        images: uint8, shape (n, …).

    Returns:
        int32, shape (n, integers in a line).

    Raises:
        RuntimeError: when the compiler or the program fails; says what it said.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "network.h").write_text(numbers)
        (folder / "main.c").write_text(source)
        build = [compiler, "-std=c99", "-O2", "-Wall", "-o", "main", "main.c"]
        _said(build, folder, b"")
        told = _said([str(folder / "main")], folder, np.ascontiguousarray(images).tobytes())
    rows = [[int(part) for part in line.split()] for line in told.decode().splitlines()]
    return torch.tensor(rows, dtype=torch.int32)


def _said(command: Sequence[str], folder: Path, given: bytes) -> bytes:
    ended = subprocess.run(
        command, cwd=folder, input=given, capture_output=True, timeout=_PATIENCE, check=False
    )
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip() or f"status {ended.returncode}"
        raise RuntimeError(f"{Path(command[0]).name} failed: {said}")
    return ended.stdout
