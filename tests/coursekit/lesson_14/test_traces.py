"""The traces of lesson 14: what their numbers and words say is so."""

import pytest
import torch

from coursekit.learn.traces import load_trace
from coursekit.lesson_14 import traces


def test_a_teachers_answer_gives_the_gradient_of_autograd_and_a_nearer_student():
    its, t = traces.one_lesson(), traces.TEMPERATURE
    leaf = torch.tensor(traces.STUDENT, dtype=torch.float64, requires_grad=True)
    (-(its.wanted * (leaf / t).log_softmax(0)).sum()).backward()
    assert leaf.grad is not None
    assert torch.allclose(its.gradient, leaf.grad)
    assert torch.allclose(its.scaled, t**2 * leaf.grad)
    last = load_trace("14", "taught-one-answer").stages[-1].text
    assert "are nearer to each other" in last
    # As the text has it: the coat's logit falls, the trainer's rises.
    moved = its.moved - torch.tensor(traces.STUDENT)
    assert moved[3] < 0 < moved[1]
    assert its.own[3] > its.own[1]


def test_the_nearest_matrix_is_not_the_nearest_layer():
    its = traces.products()
    for near in (its.plain, its.aware):
        assert torch.linalg.matrix_rank(near, rtol=1e-9) == 1
    plain, aware = ((near - its.weight).norm() for near in (its.plain, its.aware))
    assert plain == pytest.approx(float(its.sizes[1:].norm()))
    assert aware > plain
    assert its.off_aware < its.off_plain / 2
    # No other product of rank 1 has nearer outputs: those of the SVD of the outputs themselves.
    x = torch.tensor(traces.INPUTS, dtype=torch.float64)
    least = torch.linalg.svdvals(x @ its.weight.t())[1:].norm()
    assert its.off_aware == pytest.approx(float(least), rel=0.02)
    assert torch.allclose(its.aware[:, 3], its.weight[:, 3], atol=0.1)
    assert "better layer" in load_trace("14", "factored-one-matrix").stages[-1].text


def test_an_adapter_helps_beside_the_codes_and_is_lost_in_them():
    its = traces.beside()
    scale = its.weight.abs().amax(1, keepdim=True)
    for values in (its.rounded, its.again):
        assert torch.equal((values / scale).round() * scale, values)
    both = its.rounded + its.correction
    before, after = ((near - its.weight).norm() for near in (its.rounded, both))
    assert after < before / 2
    assert torch.equal(its.rounded, its.again)
    assert (
        "0 of 12 weights have another code"
        in load_trace("14", "adapter-one-matrix").stages[-1].text
    )
