"""Tensors: strides, gradients, sparse and quantized."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.grader.sandboxed.codec.crossing import SPARSE, alike, cross, quietly

pytestmark = pytest.mark.filterwarnings("ignore:.*(deprecated|oneDNN|Sparse)")


@pytest.mark.parametrize("name", ["float8_e4m3fn", "bfloat16", "float16", "uint16", "complex128"])
def test_types_that_numpy_does_not_have_cross(name):
    tensor = torch.arange(6).to(getattr(torch, name)).reshape(2, 3)
    assert alike(cross(tensor), tensor)


@pytest.mark.parametrize(
    ("make", "strides"),
    [
        (lambda: torch.arange(12.0).reshape(3, 4).t(), (1, 4)),
        (lambda: torch.arange(12.0).reshape(3, 4)[:, 1:3], (4, 1)),
        (lambda: torch.ones(1).expand(50), (0,)),
        (lambda: torch.arange(8.0).reshape(1, 2, 2, 2).to(memory_format=torch.channels_last), None),
        # Its column of a large matrix brings no matrix along.
        (lambda: torch.arange(10_000.0).reshape(100, 100)[:, 0], (1,)),
        (lambda: torch.tensor([1 + 2j, 3j]).conj(), (1,)),
    ],
)
def test_strides_stay_where_they_are_worth_it(make, strides):
    tensor = make()
    got = cross(tensor)
    assert alike(got, tensor)
    assert got.stride() == (strides or tensor.stride())
    assert got.untyped_storage().nbytes() <= max(1000, 4 * tensor.nbytes)


@pytest.mark.parametrize("name", ["int32", "float16", "bfloat16", "complex64", "float32"])
def test_one_number_crosses_whatever_its_stride(name):
    tensor = torch.arange(3).to(getattr(torch, name)).reshape(1, 3)[:, 1]
    assert tensor.stride() == (3,)
    got = cross(tensor)
    assert (got.dtype, got.tolist()) == (tensor.dtype, tensor.tolist())


def test_gradients_and_parameters_cross():
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    (leaf**2).sum().backward()
    got = cross(leaf)
    assert got.is_leaf
    assert got.requires_grad
    assert got.grad.tolist() == [2.0, 4.0]
    computed = cross(leaf * 3)
    assert computed.requires_grad
    assert computed.tolist() == [3.0, 6.0]
    parameter = cross(nn.Parameter(torch.ones(2), requires_grad=False))
    assert type(parameter) is nn.Parameter
    assert not parameter.requires_grad


@pytest.mark.parametrize(
    "tensor",
    [
        SPARSE.to_sparse(),
        quietly(torch.sparse_coo_tensor, [[0, 0], [1, 1]], [1.0, 2.0], (2, 2)),
        torch.sparse_coo_tensor([[1]], torch.ones(1, 3), (2, 3)),
        SPARSE.to_sparse().requires_grad_(),
        quietly(SPARSE.to_sparse_csr),
        SPARSE.to_sparse_csc(),
        SPARSE.to_sparse_bsr((2, 2)),
        SPARSE.to_sparse_bsc((2, 2)),
        torch.zeros(2, 2).to_sparse(),
    ],
    ids=lambda tensor: f"{tensor.layout}-{'x'.join(map(str, tensor.shape))}",
)
def test_sparse_tensors_keep_their_layout(tensor):
    assert alike(cross(tensor), tensor)


@pytest.mark.parametrize("dtype", [torch.qint8, torch.quint8, torch.qint32])
def test_quantized_tensors_keep_scale_and_zero_point(dtype):
    one = torch.quantize_per_tensor(torch.linspace(-1, 1, 6).reshape(2, 3), 0.013, 7, dtype)
    got = cross(one)
    assert alike(got, one)
    assert (got.q_scale(), got.q_zero_point()) == (one.q_scale(), one.q_zero_point())
    scales, zeros = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0, 1, 2])
    one = torch.quantize_per_channel(
        torch.linspace(-1, 1, 6).reshape(2, 3), scales, zeros, 1, dtype
    )
    got = cross(one)
    assert torch.equal(got.dequantize(), one.dequantize())
    assert got.q_per_channel_axis() == 1


def test_what_was_computed_may_be_changed_in_place_with_its_gradient():
    made = torch.ones(3, requires_grad=True) * 2
    got = cross(made)
    assert got.requires_grad
    assert not got.is_leaf
    got += 1
    assert got.tolist() == [3, 3, 3]


def test_a_parameter_that_a_computation_has_written_into_is_one():
    layer = nn.Linear(2, 1).requires_grad_(False)
    layer.bias.copy_(torch.ones(1, requires_grad=True))
    got = cross(layer).bias
    assert type(got) is nn.Parameter
    assert (got.requires_grad, got.is_leaf, got.tolist()) == (True, False, [1.0])


def test_what_was_made_in_inference_mode_cannot_be_trained():
    with torch.inference_mode():
        layer, number = nn.Linear(2, 1), torch.ones(2)
    got = cross(layer)
    assert all(parameter.is_inference() for parameter in got.parameters())
    got(torch.ones(1, 2)).sum().backward()
    assert got.weight.grad is None
    with pytest.raises(RuntimeError, match="InferenceMode"):
        cross(number).add_(1)
    ordinary = nn.Linear(2, 1)
    with torch.inference_mode():
        got = cross(ordinary)
    got(torch.ones(1, 2)).sum().backward()
    assert got.weight.grad is not None
