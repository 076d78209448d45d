"""The server that ends with its cell, the loads, the queue by events, the model card."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import sys
import textwrap
import time

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

from coursekit.lesson_12 import files, serving
from coursekit.lesson_12.serving import ModelCard, Server, nearest_rank, poisson, serve
from tests.conftest import ROOT


def network(answer: int) -> bytes:
    """An ONNX file that gives every image the same class."""
    bias = np.eye(10, dtype=np.float32)[answer]
    nodes = [
        helper.make_node("Flatten", ["images"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weight", "bias"], ["logits"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10])],
        [
            numpy_helper.from_array(np.zeros((10, 784), np.float32), "weight"),
            numpy_helper.from_array(bias, "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28), np.uint8)


def refuses(port: int) -> bool:
    """Whether nobody listens there any more."""
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=2).request("GET", "/sizes")
    except OSError:
        return True
    return False


@pytest.fixture(scope="module")
def server():
    with Server({"three": network(3), "eight": network(8)}) as its:
        yield its


def test_it_answers_refuses_and_switches(server):
    body = IMAGES[0].tobytes()
    assert server.use("three") == {"before": "three", "now": "three"}
    answer = server.ask("/predict", body)
    assert answer.pop("model_ms") > 0
    assert answer == {"classes": [3], "version": "three"}
    with pytest.raises(RuntimeError, match=r"422: .*send 784 bytes for each image, not 783"):
        server.ask("/predict", body[1:])
    with pytest.raises(RuntimeError, match="404"):
        server.use("nine")
    with pytest.raises(RuntimeError, match="404"):
        server.use("three", most=0)
    assert server.use("eight")["before"] == "three"
    assert server.ask("/predict", body)["classes"] == [8]


def test_a_closed_loop_asks_each_image_in_turn_and_batches_are_bounded(server):
    server.use("three", most=4)
    load = serving.closed_loop(server, IMAGES, count=60, at_once=8)
    assert load.classes.tolist() == [3] * 60
    assert set(load.versions) == {"three"}
    assert (load.model > 0).all()
    assert (load.latency > load.model).all()
    assert load.throughput > 0
    sizes = server.sizes()
    assert sum(sizes) == 60
    assert max(sizes) <= 4
    assert load.row()["p50, ms"] <= load.row()["p99, ms"]


def test_an_open_loop_keeps_the_clock(server):
    server.use("three", most=16)
    load = serving.open_loop(server, IMAGES, rate=200, count=40)
    assert load.seconds >= 40 / 200 - 1e-9
    assert (load.latency > 0).all()


def test_a_connection_that_idles_is_kept_open(server):
    """On a slow machine a client's next request may be due more than five seconds later."""
    connection = server.connect()
    for pause in (0, 5.5):
        time.sleep(pause)
        connection.request("GET", "/sizes")
        assert connection.getresponse().read()
    connection.close()


def test_as_many_are_due_as_the_rate_says(monkeypatch):
    monkeypatch.setattr(serving, "_load", lambda *arguments: arguments[-1])
    due = serving.open_loop(None, IMAGES, rate=200, count=40)
    assert due[-1] == pytest.approx(40 / 200)
    # At random times all the same: these are the forty that were drawn, nearer together.
    assert np.allclose(due / due[-1], poisson(200, 40) / poisson(200, 40)[-1])
    assert np.diff(due).std() > 0


@pytest.mark.parametrize(("count", "at_once"), [(0, 1), (10, 0), (10, 65), (5001, 1)])
def test_loads_are_bounded(server, count, at_once):
    with pytest.raises(ValueError, match="at most 64 at once and 5000 requests"):
        serving.closed_loop(server, IMAGES, count, at_once)


def test_a_load_on_a_server_that_is_gone_raises_and_does_not_hang():
    with Server({"three": network(3)}) as gone:
        pass
    began = time.perf_counter()
    with pytest.raises(OSError):  # noqa: PT011
        serving.closed_loop(gone, IMAGES, 100, 8)
    assert time.perf_counter() - began < 30


def test_a_full_line_says_503():
    with (
        Server({"three": network(3)}, line=1) as server,
        pytest.raises(RuntimeError, match=r"503: .*too many requests wait"),
    ):
        serving.closed_loop(server, IMAGES, 3000, at_once=64)


def test_it_ends_although_the_cell_raises():
    its = Server({"three": network(3)})
    with contextlib.suppress(ZeroDivisionError), its:
        assert not refuses(its.port)
        print(1 // 0)
    assert its.process is not None
    assert its.process.poll() is not None
    assert refuses(its.port)


def test_it_ends_although_its_kernel_is_killed(tmp_path):
    (tmp_path / "three.onnx").write_bytes(network(3))
    code = f"""
        import os, pathlib, signal
        from coursekit.lesson_12.serving import Server
        its = Server({{"three": pathlib.Path({str(tmp_path / "three.onnx")!r}).read_bytes()}})
        its.__enter__()
        print(its.port, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, cwd=ROOT
    )
    port = int(run.stdout)
    until = time.perf_counter() + 15
    while not refuses(port):
        assert time.perf_counter() < until, "the server is there still"
        time.sleep(0.1)


def test_what_does_not_start_says_why_and_leaves_nothing():
    its = Server({"broken": b"no model"})
    with pytest.raises(RuntimeError, match="the server has not started"):
        its.__enter__()
    assert its.process is not None
    assert its.process.poll() is not None


def test_weights_alone_in_int8_compute_what_the_float_file_does(tmp_path):
    random = np.random.default_rng(0)
    weights = [random.normal(size=shape).astype(np.float32) for shape in ((20, 16), (4, 20))]
    nodes = [
        helper.make_node("Gemm", ["images", "one"], ["hidden"], transB=1),
        helper.make_node("Relu", ["hidden"], ["above"]),
        helper.make_node("Gemm", ["above", "two"], ["logits"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "two layers",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 16])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 4])],
        [numpy_helper.from_array(*its) for its in zip(weights, ("one", "two"), strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    images = random.normal(size=(50, 16)).astype(np.float32)

    class Once(CalibrationDataReader):
        def __init__(self):
            self.rest = iter([{"images": images}])

        def get_next(self):
            return next(self.rest, None)

    whole, int8 = tmp_path / "whole.onnx", tmp_path / "int8.onnx"
    onnx.save(model, whole)
    quantize_static(whole, int8, Once(), per_channel=True, weight_type=QuantType.QInt8)
    less = files.weights_only(int8.read_bytes())
    onnx.checker.check_model(onnx.load_from_string(less))
    kinds = [node.op_type for node in onnx.load_from_string(less).graph.node]
    assert kinds.count("DequantizeLinear") == 2
    assert "QuantizeLinear" not in kinds
    wanted = np.maximum(images @ weights[0].T, 0) @ weights[1].T
    sessions = [InferenceSession(content) for content in (less, model.SerializeToString())]
    (found,) = sessions[0].run(None, {"images": images})
    assert np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()
    assert (np.array(files.time_ratios(*sessions, {"images": images})) > 0).all()
    lines = files.up_to_the_first("Gemm", onnx.load(int8).graph).splitlines()
    assert lines[-1].startswith("Gemm")
    assert any("int8 [20, 16]" in line for line in lines)
    assert not any("[4, 20]" in line for line in lines)


# By events.


def test_nearest_rank_is_one_of_the_values():
    assert nearest_rank([3, 1, 2], 0.5) == 2
    assert nearest_rank(list(range(1, 101)), 0.07) == 7
    assert nearest_rank([5.0], 0.01) == 5
    for values, share in (([], 0.5), ([1], 0), ([1], 1.5)):
        with pytest.raises(ValueError, match="a percentile needs"):
            nearest_rank(values, share)


def test_a_spread_names_the_median_and_both_ends():
    assert serving.spread([3.0, 1.004, 2.0]) == "2 (1 to 3)"
    assert serving.spread([351.6], 0) == "352 (352 to 352)"


TIMES = st.lists(st.integers(0, 60), max_size=30).map(sorted)


@settings(deadline=None)
@given(TIMES, st.integers(0, 9), st.integers(1, 4), st.integers(1, 6), st.integers(0, 9))
def test_nobody_is_served_early_out_of_turn_or_too_many_at_once(times, once, each, most, wait):
    its = serve(times, lambda size: once + each * size, most, wait)
    assert its.sizes.sum() == len(times)
    assert (its.starts >= times).all() if times else True
    assert (np.diff(its.starts) >= 0).all()
    assert its.sizes.max(initial=0) <= most
    at, free = 0, -np.inf
    for size in its.sizes:
        batch = slice(at, at + size)
        start, end = its.starts[at], its.ends[at]
        assert (its.starts[batch] == start).all()
        assert start >= free
        assert end == start + once + each * size
        # Begun when it may be: full, or the oldest has waited, or the worker was busy till then.
        assert size == most or start >= times[at] + wait
        # Nobody who was there was left, if there was room.
        assert size == most or at + size == len(times) or times[at + size] > start
        at, free = at + size, end
    assert np.allclose(its.latency, its.ends - np.array(times, float))


def test_the_mean_is_that_of_pollaczek_and_khinchine():
    for load in (0.5, 0.8):
        found = serve(poisson(load, 200_000), lambda size: 1.0).latency.mean()
        assert found == pytest.approx(1 + load / (2 * (1 - load)), rel=0.03)


def test_a_card_says_what_is_missing():
    card = ModelCard("m", {"accuracy": "0.8", "bytes": ""})
    assert card.missing() == [*card.written, "bytes"]
    assert card.markdown().count("missing") == 6
    card.written = dict.fromkeys(card.written, "said")
    card.measured = {"accuracy": "0.8"}
    assert card.missing() == []
    assert "missing" not in card.markdown()
