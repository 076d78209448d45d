"""The traces of lesson 05: what their numbers and words say is so."""

import re
from dataclasses import replace

import pytest
import torch

from coursekit.lesson_05 import traces
from coursekit.nets import three_models
from tests.coursekit.stages import column, read, stage


def test_a_static_layer_is_what_its_codes_stand_for():
    its = traces.static_layer()
    assert (its.p.dtype, its.q.dtype) == (torch.uint8, torch.int8)
    assert (its.products.dtype, its.bias.dtype) == (torch.int32, torch.int32)
    inputs = its.t * (its.p.double() - its.z)
    assert (inputs - its.x)[its.x <= its.high].abs().max() <= its.t / 2 + 1e-6
    weight = its.s[:, None].double() * its.q
    assert ((weight - its.weight).abs() <= its.s[:, None] / 2 + 1e-6).all()
    bias = three_models.run().trained[2].bias.detach()
    assert torch.allclose(its.outputs.double(), weight @ inputs + bias, atol=1e-4)
    assert its.sums.abs().max() >= 2**8, "eight bits can't hold the sums"


def test_the_tables_of_the_static_layer_agree_with_each_other():
    name = "static-one-layer"
    sums = stage("05", name, "Sums in int32")
    parts = [column(sums, heading) for heading in ("products", "bias in steps", "sum")]
    back = stage("05", name, "Scaled back")
    last = stage("05", name, "Against float32")
    for digit in map(str, range(10)):
        products, bias, total = (read(part[digit]) for part in parts)
        assert products + bias == total == read(column(back, "sum")[digit])
        scaled = read(column(back, "scaled back")[digit])
        assert scaled == pytest.approx(total * read(column(back, "t · s")[digit]), abs=0.01)
        float32, ours = (read(column(last, name)[digit]) for name in ("float32", "integers"))
        assert ours == scaled
        assert read(column(last, "difference")[digit]) == pytest.approx(ours - float32, abs=2e-4)
    largest = max(abs(read(cell)) for cell in column(last, "difference").values())
    assert f"largest difference is {largest:.4f}" in last.text
    signs = {cell.startswith("−") for cell in column(last, "difference").values()}
    assert signs == {True, False}, "what the bank says to notice"


def test_the_static_layer_is_told_as_it_is():
    its = traces.static_layer()
    louder = replace(its, x=its.x * 10)
    assert "beyond" in traces._reach(louder)
    assert "fits" in traces._reach(its)
    assert traces._clamped(1).startswith("1 of them lies outside")
    flipped = replace(its, float32=its.float32.flip(0))
    assert re.search(r"int8 answers \d and float32 \d; it is a", traces._verdict(flipped))
    assert "both answer" in traces._verdict(its)
    assert "can't flip" in traces._verdict(replace(its, float32=its.outputs))
    assert "wrong" in traces._verdict(replace(its, label=-1))
    assert "16 bits would do" in traces._bits_needed(
        replace(its, products=its.products // 1000, bias=its.bias // 1000)
    )
