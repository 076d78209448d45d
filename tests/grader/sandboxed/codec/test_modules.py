"""Modules of torch: rebuilt from a description, without what hangs on them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from grader.protocol.values import CannotCross, Named, Seq
from grader.sandboxed.codec.families import modules
from tests.grader.sandboxed.codec.crossing import (
    GivenNet,
    X,
    alike,
    alike_modules,
    cross,
    quietly,
    received,
    sent,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*(deprecated|oneDNN|Sparse)")


IMAGE, VOLUME, SIGNAL = (torch.rand(s) for s in ((2, 4, 6, 6), (1, 4, 4, 4, 4), (2, 4, 6)))


IDS, LABELS = torch.tensor([[1, 2], [0, 3]]), torch.tensor([1, 0, 3])


PAIRS = (X, X.flip(0))


SIGNS = torch.tensor([1.0, -1, 1])


POOLED2 = torch.nn.functional.max_pool2d(IMAGE, 2, return_indices=True)


POOLED1 = torch.nn.functional.max_pool1d(SIGNAL, 2, return_indices=True)


POOLED3 = torch.nn.functional.max_pool3d(VOLUME, 2, return_indices=True)


# A module of every class that is said to cross, and an input. None: it can't be called by itself.
MODULES: list[tuple[nn.Module, Any]] = [
    (nn.AdaptiveAvgPool1d(3), (SIGNAL,)),
    (nn.AdaptiveAvgPool2d((2, None)), (IMAGE,)),
    (nn.AdaptiveAvgPool3d(2), (VOLUME,)),
    (nn.AdaptiveMaxPool1d(3), (SIGNAL,)),
    (nn.AdaptiveMaxPool2d(2, return_indices=True), (IMAGE,)),
    (nn.AdaptiveMaxPool3d(2), (VOLUME,)),
    (nn.AlphaDropout(0.3).eval(), (X,)),
    (nn.AvgPool1d(2), (SIGNAL,)),
    (nn.AvgPool2d(2, stride=1, divisor_override=3), (IMAGE,)),
    (nn.AvgPool3d(2), (VOLUME,)),
    (nn.BCELoss(weight=torch.rand(3, 4)), PAIRS),
    (nn.BCEWithLogitsLoss(pos_weight=torch.rand(4)), PAIRS),
    (nn.BatchNorm1d(4), (X,)),
    (nn.BatchNorm2d(4, momentum=None), (IMAGE,)),
    (nn.BatchNorm3d(4, affine=False), (VOLUME,)),
    (nn.Bilinear(4, 4, 2), PAIRS),
    (nn.CELU(0.7), (X,)),
    (
        nn.CTCLoss(blank=1),
        (torch.rand(5, 1, 4).log_softmax(2), torch.tensor([[2, 3]]), [5], [2]),
    ),
    (nn.ChannelShuffle(2), (IMAGE,)),
    (nn.CircularPad1d(1), (SIGNAL,)),
    (nn.CircularPad2d((1, 0, 2, 1)), (IMAGE,)),
    (nn.CircularPad3d(1), (VOLUME,)),
    (nn.ConstantPad1d(1, 3.5), (SIGNAL,)),
    (nn.ConstantPad2d(1, 3.5), (IMAGE,)),
    (nn.ConstantPad3d(1, 3.5), (VOLUME,)),
    (nn.Conv1d(4, 2, 3, padding="same"), (SIGNAL,)),
    (nn.Conv2d(4, 6, (3, 2), stride=2, groups=2, bias=False, padding_mode="circular"), (IMAGE,)),
    (nn.Conv3d(4, 2, 2, dilation=2), (VOLUME,)),
    (nn.ConvTranspose1d(4, 2, 3, output_padding=1, stride=2), (SIGNAL,)),
    (nn.ConvTranspose2d(4, 2, 3, bias=False), (IMAGE,)),
    (nn.ConvTranspose3d(4, 2, 2), (VOLUME,)),
    (nn.CosineEmbeddingLoss(0.2), (*PAIRS, SIGNS)),
    (nn.CosineSimilarity(0), PAIRS),
    (nn.CrossEntropyLoss(torch.rand(4), label_smoothing=0.1), (X, LABELS)),
    (nn.CrossMapLRN2d(3, alpha=0.1), (IMAGE,)),
    (nn.Dropout(0.3).eval(), (X,)),
    (nn.Dropout1d(0.3).eval(), (SIGNAL,)),
    (nn.Dropout2d(0.3).eval(), (IMAGE,)),
    (nn.Dropout3d(0.3).eval(), (VOLUME,)),
    (nn.ELU(0.7), (X,)),
    (nn.Embedding(5, 3, padding_idx=1, max_norm=0.5), (IDS,)),
    (nn.EmbeddingBag(5, 3, mode="max", padding_idx=2), (IDS,)),
    (nn.FeatureAlphaDropout(0.3).eval(), (IMAGE,)),
    (nn.Flatten(2), (IMAGE,)),
    (nn.Fold((3, 3), 2), (torch.rand(1, 8, 4),)),
    (nn.FractionalMaxPool2d(2, output_size=3, _random_samples=torch.rand(2, 4, 2)), (IMAGE,)),
    (
        nn.FractionalMaxPool3d(2, output_ratio=0.5, _random_samples=torch.rand(1, 4, 3)),
        (VOLUME,),
    ),
    (nn.GELU("tanh"), (X,)),
    (nn.GLU(1), (X,)),
    (nn.GRU(4, 3, 2, batch_first=True), (SIGNAL.transpose(1, 2),)),
    (nn.GRUCell(4, 3), (X,)),
    (nn.GaussianNLLLoss(full=True), (*PAIRS, X + 1)),
    (nn.GroupNorm(2, 4), (IMAGE,)),
    (nn.Hardshrink(0.3), (X,)),
    (nn.Hardsigmoid(), (X,)),
    (nn.Hardswish(), (X,)),
    (nn.Hardtanh(-0.2, 0.3), (X,)),
    (nn.HingeEmbeddingLoss(0.5), (X[:, 0], SIGNS)),
    (nn.HuberLoss(delta=0.2), PAIRS),
    (nn.Identity(), (X,)),
    (nn.InstanceNorm1d(4, affine=True), (SIGNAL,)),
    (nn.InstanceNorm2d(4, track_running_stats=True), (IMAGE,)),
    (nn.InstanceNorm3d(4), (VOLUME,)),
    (nn.KLDivLoss(reduction="sum", log_target=True), PAIRS),
    (nn.L1Loss(reduction="none"), PAIRS),
    (nn.LPPool1d(2, 2), (SIGNAL,)),
    (nn.LPPool2d(2, 2), (IMAGE,)),
    (nn.LPPool3d(2, 2), (VOLUME,)),
    (nn.LSTM(4, 3, 2, bidirectional=True, bias=False), (SIGNAL.transpose(1, 2),)),
    (nn.LSTM(4, 3, proj_size=2, batch_first=True), (SIGNAL.transpose(1, 2),)),
    (nn.LSTMCell(4, 3), (X,)),
    (nn.LayerNorm((6, 6), elementwise_affine=False), (IMAGE,)),
    (nn.LeakyReLU(0.3), (X - 0.5,)),
    (nn.Linear(4, 2), (X,)),
    (nn.LocalResponseNorm(2), (IMAGE,)),
    (nn.LogSigmoid(), (X,)),
    (nn.LogSoftmax(1), (X,)),
    (nn.MSELoss(reduction="sum"), PAIRS),
    (nn.MarginRankingLoss(0.1), (X[:, 0], X[:, 1], SIGNS)),
    (nn.MaxPool1d(2, dilation=2), (SIGNAL,)),
    (nn.MaxPool2d(2, ceil_mode=True), (IMAGE,)),
    (nn.MaxPool3d(2, return_indices=True), (VOLUME,)),
    (nn.MaxUnpool1d(2), POOLED1),
    (nn.MaxUnpool2d(2), POOLED2),
    (nn.MaxUnpool3d(2), POOLED3),
    (nn.Mish(), (X,)),
    (nn.ModuleDict({"a": nn.Linear(4, 2)}), None),
    (nn.ModuleList([nn.Linear(4, 2), nn.ReLU()]), None),
    (nn.MultiLabelMarginLoss(), (X, torch.tensor([[3, 0, -1, 1]] * 3))),
    (nn.MultiLabelSoftMarginLoss(torch.rand(4)), PAIRS),
    (nn.MultiMarginLoss(2, 0.7), (X, LABELS)),
    (nn.NLLLoss(torch.rand(4), ignore_index=3), (X, LABELS)),
    (quietly(nn.NLLLoss2d), (X, LABELS)),
    (nn.PReLU(4, init=0.1), (X - 0.5,)),
    (nn.PairwiseDistance(3, keepdim=True), PAIRS),
    (nn.ParameterDict({"a": torch.ones(2), "b": torch.zeros(1)}), None),
    (nn.ParameterList([torch.ones(2), torch.zeros(1)]), None),
    (nn.PixelShuffle(2), (IMAGE,)),
    (nn.PixelUnshuffle(2), (IMAGE,)),
    (nn.PoissonNLLLoss(log_input=False), PAIRS),
    (nn.RMSNorm(4, eps=0.1), (X,)),
    (nn.RNN(4, 3, nonlinearity="relu"), (SIGNAL.transpose(1, 2),)),
    (nn.RNNCell(4, 3, bias=False, nonlinearity="relu"), (X,)),
    (nn.RReLU(0.1, 0.3).eval(), (X - 0.5,)),
    (nn.ReLU(), (X - 0.5,)),
    (nn.ReLU6(), (X * 9,)),
    (nn.ReflectionPad1d(1), (SIGNAL,)),
    (nn.ReflectionPad2d(1), (IMAGE,)),
    (nn.ReflectionPad3d(1), (VOLUME,)),
    (nn.ReplicationPad1d(1), (SIGNAL,)),
    (nn.ReplicationPad2d((1, 2, 0, 0)), (IMAGE,)),
    (nn.ReplicationPad3d(1), (VOLUME,)),
    (nn.SELU(), (X,)),
    (nn.Sequential(nn.Linear(4, 2), nn.Sequential(nn.ReLU(), nn.BatchNorm1d(2)).eval()), (X,)),
    (nn.SiLU(), (X,)),
    (nn.Sigmoid(), (X,)),
    (nn.SmoothL1Loss(beta=0.3), PAIRS),
    (nn.SoftMarginLoss(), (X[:, 0], SIGNS)),
    (nn.Softmax(0), (X,)),
    (nn.Softmax2d(), (IMAGE,)),
    (nn.Softmin(1), (X,)),
    (nn.Softplus(2, 0.5), (X,)),
    (nn.Softshrink(0.2), (X,)),
    (nn.Softsign(), (X,)),
    (nn.SyncBatchNorm(4).eval(), (X,)),
    (nn.Tanh(), (X,)),
    (nn.Tanhshrink(), (X,)),
    (nn.Threshold(0.4, 7.0), (X,)),
    (nn.TripletMarginLoss(0.3, swap=True), (X, X.flip(0), X.flip(1))),
    (nn.Unflatten(1, (2, 2)), (X,)),
    (nn.Unfold(2, stride=2), (IMAGE,)),
    (nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), (IMAGE,)),
    (nn.UpsamplingBilinear2d(scale_factor=2), (IMAGE,)),
    (nn.UpsamplingNearest2d((3, 3)), (IMAGE,)),
    (nn.ZeroPad1d(1), (SIGNAL,)),
    (nn.ZeroPad2d((1, 0, 0, 1)), (IMAGE,)),
    (nn.ZeroPad3d(1), (VOLUME,)),
]


def test_every_class_that_crosses_is_tried():
    assert {type(module).__name__ for module, _ in MODULES} == set(modules._classes())


@pytest.mark.parametrize(("module", "inputs"), MODULES, ids=lambda v: type(v).__name__)
def test_a_module_is_rebuilt(module, inputs):
    for parameter in module.parameters():
        nn.init.uniform_(parameter)
    # A second one of the same sizes is not made from its arguments again.
    first = cross(module)
    first.register_forward_hook(lambda *_: None)
    first.register_buffer("more", torch.zeros(1))
    got = cross(module)
    assert not got._forward_hooks
    assert alike_modules(got, module)
    assert repr(got) == repr(module)
    if inputs is None:
        assert len(got) == len(module)
        return
    # Running statistics change by a call, so each has one call.
    torch.manual_seed(0)
    wanted = module(*inputs)
    torch.manual_seed(0)
    found = got(*inputs)
    assert alike(cross(found), cross(wanted))


@pytest.mark.parametrize("cls", modules._ONLY_KEPT)
def test_a_module_of_other_sizes_than_the_one_before_has_its_own(cls):
    names = modules._ONLY_KEPT[cls]
    small, large = (cls(**dict.fromkeys(names, size)) for size in (2, 5))
    rest = [vars(module).keys() - names - {"_parameters"} for module in (small, large)]
    assert rest[0] == rest[1]
    assert all(vars(small)[name] == vars(large)[name] for name in rest[0])
    for module in (small, large, small):
        got = cross(module)
        assert repr(got) == repr(module)
        assert alike_modules(got, module)


@pytest.mark.parametrize(
    ("cls", "inputs"), [(nn.Conv1d, SIGNAL), (nn.Conv2d, IMAGE), (nn.Conv3d, VOLUME)]
)
def test_a_padding_that_is_set_later_is_not_what_a_convolution_uses(cls, inputs):
    late = cls(4, 2, 3)
    late.padding, late.padding_mode = (2,) * (inputs.ndim - 2), "reflect"
    assert late.padding == cls(4, 2, 3, padding=2).padding
    for module in (late, cls(4, 2, 3, padding=2, padding_mode="reflect"), late):
        assert alike(cross(module)(inputs), module(inputs))
    late.padding_mode = "zeros"
    assert alike(cross(late)(inputs), late(inputs))


def test_containers_of_parameters_keep_names_and_order():
    some = nn.ParameterList([torch.ones(2), torch.zeros(1)])
    assert [p.tolist() for p in cross(some)] == [[1, 1], [0]]
    named = nn.ParameterDict({"b": torch.ones(2), "a": torch.zeros(1)})
    assert {k: v.tolist() for k, v in cross(named).items()} == {"b": [1, 1], "a": [0]}
    assert list(cross(nn.ModuleDict({"b": nn.ReLU(), "a": nn.Tanh()}))) == ["b", "a"]


def test_whatever_else_hangs_on_a_module_stays_behind(monkeypatch):
    layer = nn.Linear(4, 2)
    layer.forward = lambda x: torch.full((3, 2), 7.0)
    layer.parameters = lambda: iter([])
    layer.register_forward_hook(lambda *_: torch.full((3, 2), 7.0))
    layer.note = "mine"
    [node], buffers = sent(nn.Sequential(layer))
    here, there = modules._told, dict[int, Any]()
    monkeypatch.setattr(modules, "_told", there)
    got = received(node, buffers)[0]
    assert torch.equal(got(X), nn.functional.linear(X, layer.weight, layer.bias))
    assert len(list(got.parameters())) == 2
    assert not hasattr(got, "note")
    assert not there
    # What was called before and after it is there again where it comes from.
    [node], buffers = sent(got)
    monkeypatch.setattr(modules, "_told", here)
    assert (received(node, buffers)(X) == 7).all()


@pytest.mark.parametrize("how", ["with_kwargs", "always_call"])
def test_a_hook_that_comes_back_is_called_as_before(how, monkeypatch):
    layer = nn.Linear(4, 2)
    layer.register_forward_hook(lambda module, args, *rest: rest[-1] + 1, **{how: True})
    [node], buffers = sent(layer)
    here = modules._told
    monkeypatch.setattr(modules, "_told", {})
    [node], buffers = sent(received(node, buffers))
    monkeypatch.setattr(modules, "_told", here)
    got = received(node, buffers)
    assert torch.equal(got(X), layer(X))
    assert len(got._forward_hooks_with_kwargs) == len(layer._forward_hooks_with_kwargs)
    assert len(got._forward_hooks_always_called) == len(layer._forward_hooks_always_called)


BEFORE, AFTER = "_forward_pre_hooks", "_forward_hooks"
LOOKS_ON = [
    (BEFORE, {}, lambda m, given: None),
    (BEFORE, {}, lambda m, given: given[0]),
    (BEFORE, {"with_kwargs": True}, lambda m, given, named: (given, named)),
    (AFTER, {}, lambda m, given, made: None),
    (AFTER, {"with_kwargs": True}, lambda m, given, named, made: made),
    ("forward", {}, lambda x: nn.functional.linear(x, LINEAR.weight, LINEAR.bias)),
]
CHANGES = [
    (BEFORE, {}, lambda m, given: 2 * given[0]),
    (BEFORE, {}, lambda m, given: given * 2),
    (BEFORE, {"with_kwargs": True}, lambda m, given, named: (given, {"input": X})),
    (AFTER, {}, lambda m, given, made: made + 1),
    (AFTER, {}, lambda m, given, made: made[:1]),
    (AFTER, {}, lambda m, given, made: True),
    (AFTER, {}, lambda m, given, made: made.zero_() is None or None),
    ("forward", {}, lambda x: None),
    ("forward", {}, lambda x: nn.functional.linear(x, LINEAR.weight)),
]
LINEAR = nn.Linear(4, 2)


def hung(kept, how, ask):
    layer = copy.deepcopy(LINEAR)
    elsewhere = modules._Elsewhere(1, kept, layer)
    elsewhere.ask = ask
    if kept == "forward":
        layer.forward = elsewhere
    elif kept == BEFORE:
        layer.register_forward_pre_hook(elsewhere, **how)
    else:
        layer.register_forward_hook(elsewhere, **how)
    return layer


def test_nothing_of_a_library_is_asked_in_the_place_of_a_hook():
    [node], buffers = sent(LINEAR)
    node.hooks = {"_forward_hooks": [(1, [], Named("library", "torch:zeros_like"))]}
    with pytest.raises(CannotCross, match="does not hold together"):
        received(node, buffers)


@pytest.mark.parametrize(("kept", "how", "ask"), LOOKS_ON)
def test_what_hangs_on_a_module_may_look_on(kept, how, ask):
    assert torch.equal(hung(kept, how, ask)(X), LINEAR(X))


@pytest.mark.parametrize(("kept", "how", "ask"), CHANGES)
def test_it_may_not_change_what_the_module_gives(kept, how, ask):
    with pytest.raises(TypeError, match="changes what it gives"):
        hung(kept, how, ask)(X)


def test_a_parameter_used_twice_is_one_parameter():
    one, other = nn.Linear(4, 4), nn.Linear(4, 4)
    other.weight = one.weight
    got = cross(nn.Sequential(one, other, one))
    assert got[0] is got[2]
    assert got[0].weight is got[1].weight


def test_a_module_of_another_type_of_numbers_and_frozen_parts():
    module = nn.Linear(4, 2).to(torch.bfloat16)
    module.bias.requires_grad_(False)
    assert alike_modules(cross(module), module)


def test_masks_cross_and_are_masks_on_the_other_side():
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Conv2d(2, 3, 2))
    prune.l1_unstructured(net[0], "weight", amount=0.4)
    prune.random_structured(net[0], "weight", amount=1, dim=0)
    prune.custom_from_mask(net[0], "bias", torch.tensor([1.0, 0, 1, 0, 1]))
    prune.identity(net[2], "weight")
    got = cross(net)
    assert prune.is_pruned(got)
    assert alike_modules(got, net)
    assert torch.equal(got[0].weight, net[0].weight)
    assert torch.equal(got[0].bias, net[0].bias)
    x = torch.rand(3, 6)
    assert torch.equal(got[0](x), net[0](x))
    with torch.no_grad():
        got[0].weight_orig.fill_(1.0)
    got[0](x)
    assert torch.equal(got[0].weight, got[0].weight_mask), "the mask is applied in every call"
    prune.remove(got[0], "weight")
    prune.remove(got[0], "bias")
    assert sorted(dict(got[0].named_parameters())) == ["bias", "weight"]
    assert not prune.is_pruned(got[0])
    got[2](torch.rand(1, 2, 3, 3)).sum().backward()


def test_a_mask_whose_hook_a_refused_request_took_away_crosses_as_it_is():
    layer = nn.Linear(4, 2)
    prune.random_unstructured(layer, "weight", amount=3)
    with pytest.raises(ValueError, match="should be smaller"):
        prune.l1_unstructured(layer, "weight", amount=100)
    assert not prune.is_pruned(layer)
    got = cross(layer)
    assert not prune.is_pruned(got)
    assert torch.equal(got.weight, layer.weight)
    assert torch.equal(got.weight_mask, layer.weight_mask)
    with torch.no_grad():
        got.weight_orig.fill_(1.0)
    assert torch.equal(got(X), layer(X)), "the weight is what it was"


def pruned_layer():
    layer = nn.Linear(4, 2)
    prune.custom_from_mask(layer, "weight", torch.tensor([[1.0, 0, 1, 0], [0, 1, 1, 1]]))
    return layer


def stale(layer):
    layer.weight_mask = 1 - layer.weight_mask


def changed_in_place(layer):
    layer.weight_mask.mul_(0)


def trained(layer):
    layer(X).sum().backward()
    torch.optim.SGD(layer.parameters(), lr=1.0).step()


def without_a_mask(layer):
    layer.weight = layer.weight_orig.detach().clone()


def unhooked(layer):
    layer._forward_pre_hooks.clear()
    layer.weight = torch.ones(2, 4)


def missing(layer):
    del layer.weight


@pytest.mark.parametrize(
    "change", [stale, changed_in_place, trained, without_a_mask, unhooked, missing]
)
def test_a_weight_that_its_mask_has_not_made_crosses_as_it_is(change):
    layer = pruned_layer()
    change(layer)
    got = cross(layer)
    assert hasattr(got, "weight") == hasattr(layer, "weight")
    if hasattr(layer, "weight"):
        assert torch.equal(got.weight, layer.weight)
        assert got.weight.requires_grad == layer.weight.requires_grad
    # In a call it is laid on, where its hook is there.
    assert torch.equal(got(X), layer(X))
    assert torch.equal(got.weight, layer.weight)


class Forgetful(prune.CustomFromMask):
    """Lays no mask on."""

    def __call__(self, module, inputs):
        pass


def test_what_lays_no_mask_on_is_none():
    layer = pruned_layer()
    layer._forward_pre_hooks.clear()
    own = Forgetful(layer.weight_mask)
    own._tensor_name = "weight"
    layer.register_forward_pre_hook(own)
    got = cross(layer)
    assert modules._pruned(vars(got)) == []
    with torch.no_grad():
        got.weight_orig.fill_(1.0)
    assert torch.equal(got(X), layer(X)), "the weight is what it was"


def test_a_network_of_a_given_class_crosses_with_its_plain_attributes():
    net = GivenNet(4)
    net.note = ["kept"]
    net._hidden = 1
    net.forward = "own"
    got = cross(net)
    assert type(got) is GivenNet
    assert torch.equal(got(X), 2 * nn.functional.linear(X, net.first.weight, net.first.bias))
    assert (got.width, got.note, len(list(got.parameters()))) == (4, ["kept"], 3)
    assert not hasattr(got, "_hidden")
    assert list(got.state_dict()) == list(net.state_dict())


class Small(nn.Sequential):
    """A network as many write it."""

    hidden: int
    SIZES = (4, 3, 1)

    def __init__(self) -> None:
        super().__init__(nn.Linear(4, 3), nn.ReLU(), Plain(3, 1))
        self.hidden = 3

    @classmethod
    def made(cls) -> Small:
        return cls()

    @property
    def count(self) -> int:
        return sum(one.numel() for one in self.parameters())


class Plain(nn.Linear):
    def extra_repr(self) -> str:
        return "plain"


class Smaller(Small):
    pass


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Sized(nn.Linear):
    in_features = 1


class Mixed(nn.Linear, dict):
    pass


class Other(nn.Linear):
    in_features = property(lambda self: 1, lambda self, value: None)


@pytest.mark.parametrize("cls", [Small, Smaller])
def test_a_class_that_does_what_its_base_does_crosses_as_that(cls):
    net = cls()
    got = cross(net)
    parts = [nn.Sequential, nn.Linear, nn.ReLU, nn.Linear]
    assert [type(part) for part in got.modules()] == parts
    assert torch.equal(got(X), net(X))
    assert not hasattr(got, "hidden")


@pytest.mark.parametrize("layer", [Doubled(4, 2), Sized(4, 2), Mixed(4, 2), Other(4, 2)])
def test_a_class_that_does_something_else_stays(layer):
    with pytest.raises(CannotCross, match="live"):
        cross(nn.Sequential(layer))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cls": "Transformer"}, "the class Transformer"),
        ({"cls": "given:Nobody"}, "which no given cell defines"),
        ({"cls": "given:Box"}, "which no given cell defines"),
        ({"args": {"in_features": 4, "out_features": 2, "device": "cpu"}}, "other arguments"),
        ({"args": {"in_features": 2**40, "out_features": 2}}, "size"),
        ({"args": {"in_features": Seq("list", [Seq("list", [2**40])])}}, "size"),
        ({"args": {"in_features": Named("type", "int"), "out_features": 2}}, "no number or text"),
        ({"parameters": [("weight", 3)]}, "a parameter that is none"),
        ({"parameters": [("forward", None)]}, "a parameter that is none"),
        ({"parameters": [("__class__", None)]}, "a parameter that is none"),
        ({"parameters": [("a.b", None)]}, "a parameter that is none"),
        ({"buffers": [("state_dict", None, True)]}, "a buffer that is none"),
        ({"buffers": [("ok", "text", True)]}, "a buffer that is none"),
        ({"children": [("0", Seq("list", []))]}, "a part of a module that is none"),
        ({"pruned": ["weight"]}, "a mask that does not fit"),
        ({"pruned": ["forward"]}, "a mask that does not fit"),
        ({"unhooked": ["weight"]}, "a mask that does not fit"),
        ({"shown": [("weight", None)]}, "the place of no masked parameter"),
        ({"hooks": {"_modules": [(1, [], None)]}}, "other hooks"),
        ({"hooks": {"forward": [(1, ["training"], None)]}}, "in another way"),
    ],
    ids=range(20),
)
def test_a_description_that_does_not_hold_together_is_refused(change, why):
    [node], buffers = sent(nn.Linear(4, 2))
    for name, value in change.items():
        setattr(node, name, value)
    with pytest.raises(CannotCross, match=why):
        received(node, buffers)
