"""What shows the memory of an object that both sides have shows it on the other side, too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from grader.protocol.terms import Terms
from grader.protocol.values import Back, CannotCross
from grader.sandboxed.codec import views
from grader.sandboxed.codec.changes import assign
from grader.sandboxed.codec.narrow import Narrow
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.codec.unpacking import Unpacker
from tests.grader.sandboxed.codec.crossing import cross, no_live

WHOLE = np.arange(12).reshape(3, 4)
PARTS = {
    "rows": lambda x: x[1:],
    "a column": lambda x: x[:, 2],
    "backwards": lambda x: x[::-1, ::-2],
    "the other way round": lambda x: x.T,
    "in a row": lambda x: x.ravel("K"),
    "all of it": lambda x: x[:],
    "again and again": lambda x: np.broadcast_to(x[0], (5, 4)),
}


def shown(known, value, theirs):
    """What comes of a part of a known object where the other side has its own."""
    packer = Packer(no_live, {}, [known])
    packer.views = True
    node = packer.pack(value)
    made = Unpacker([], no_live, no_live, {}, [theirs]).unpack(node)
    assert isinstance(node, Back)
    return made


@pytest.mark.parametrize("lies", ["C", "F"])
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_part_of_an_array_is_one_of_the_other_sides(part, lies):
    known, theirs = WHOLE.copy(lies), WHOLE.copy(lies)
    made = shown(known, part(known), theirs)
    assert np.array_equal(made, part(known))
    assert np.shares_memory(made, theirs)
    theirs += 1
    assert np.array_equal(made, part(theirs))


def test_one_of_numbers_that_lie_otherwise_is_a_copy():
    theirs = np.arange(24).reshape(3, 8)[:, ::2]
    known = theirs.copy()
    made = shown(known, known[1:], theirs)
    assert np.array_equal(made, theirs[1:])
    assert not np.shares_memory(made, theirs)


def test_so_is_a_part_of_a_tensor():
    known, theirs = torch.arange(6.0), torch.arange(6.0)
    made = shown(known, known.view(2, 3).T, theirs)
    assert torch.equal(made, known.view(2, 3).T)
    theirs += 1
    assert made[0, 0] == 1
    assert isinstance(shown(known, known.numpy()[1:], theirs), np.ndarray)
    array = np.zeros(3)
    assert isinstance(shown(array, torch.from_numpy(array), np.zeros(3)), torch.Tensor)


@pytest.mark.parametrize("lies", ["C", "F"])
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_part_of_what_a_message_brings_is_one_there_too(talk, part, lies):
    whole = WHOLE.copy(lies)
    got, made = talk(Terms(), f=lambda: (whole, part(whole)))["f"]()
    assert np.array_equal(got, whole)
    assert np.array_equal(made, part(whole))
    assert np.shares_memory(got, made)


def test_so_is_what_has_the_memory_that_another_showed_before(talk):
    whole, tensor = WHOLE.copy(), torch.zeros(2, 3)
    judge = talk(Terms(), f=lambda: [whole[:], whole, whole.copy()], g=lambda: (tensor, tensor.T))
    shown, got, copied = judge["f"]()
    assert np.shares_memory(shown, got)
    assert not np.shares_memory(got, copied)
    one, other = judge["g"]()
    one[0, 1] = 5
    assert other[1, 0] == 5


def test_a_table_of_an_argument_s_numbers_crosses_by_itself(talk):
    def table(x):
        return pd.DataFrame({"a": x[:, 0], "b": x[:, 1]}, copy=False)

    judge = talk(Terms(), table=table)
    assert judge["table"](WHOLE.copy()).to_numpy().tolist() == WHOLE[:, :2].tolist()


def test_what_may_not_be_written_into_may_not_be_there():
    fixed = WHOLE.copy()
    fixed.flags.writeable = False
    assert not cross(fixed).flags.writeable
    assert cross(WHOLE).flags.writeable
    known = WHOLE.copy()
    assert not shown(known, np.broadcast_to(known[0], (2, 4)), WHOLE.copy()).flags.writeable
    assert shown(known, known[0], WHOLE.copy()).flags.writeable
    changed = cross(fixed)
    assign(changed, fixed + 1)
    assert np.array_equal(changed, fixed + 1)


def test_what_has_memory_of_its_own_is_no_part():
    known = WHOLE.copy()
    packer = Packer(no_live, {}, [known])
    packer.views = True
    for value in (known[1:].copy(), known[:0], known[1:].view(np.int32), np.zeros(8)[2:]):
        assert not isinstance(packer.pack(value), Back)
    packer.forget(known)
    packer = Packer(no_live, {}, [known])
    assert not isinstance(packer.pack(known[1:]), Back)


LIES = {
    "beyond the end": Back(0, [4], [1], 9),
    "before the beginning": Back(0, [3], [-1], 1),
    "from below 0": Back(0, [1], [1], -1),
    "of other rank": Back(0, [2], [1, 1]),
    "of no size": Back(0, [0], [1]),
    "of a negative size": Back(0, [-2], [1]),
    "of many dimensions": Back(0, [1] * 40, [1] * 40),
    "of what overflows": Back(0, [2**62, 2], [2**62, 1]),
    "of terabytes": Back(0, [2**40], [0]),
    "of what is no array": Back(1, [1], [1]),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_no_part_is_believed_that_is_not_there(lie):
    unpacker = Unpacker([], no_live, no_live, {}, [WHOLE.copy(), [1]])
    # Before anybody looks at its numbers, which would take for ever.
    unpacker.narrow = Narrow(set())
    with pytest.raises(CannotCross):
        unpacker.unpack(lie)
    assert views.as_array([1]) is None


def sharing(first, other):
    """A layer that shares its numbers with another, though it has parameters of its own."""
    other.weight.data = first.weight.data
    return other


def over(value, known=(), theirs=()):
    """What comes of a value where the other side has objects of its own for the known ones."""
    packer = Packer(no_live, {}, known)
    packer.views = True
    node = packer.pack(value)
    buffers = [np.frombuffer(buffer, np.uint8) for buffer in packer.buffers]
    return Unpacker(buffers, no_live, no_live, {}, theirs).unpack(node)


def test_a_layer_that_shares_the_numbers_of_a_known_one_shares_the_other_sides():
    known, theirs = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    given = sharing(known, torch.nn.Linear(2, 3))
    made = over(given, [known, *known.parameters()], [theirs, *theirs.parameters()])
    assert made.weight.data_ptr() == theirs.weight.data_ptr()
    assert isinstance(made.weight, torch.nn.Parameter)
    assert torch.equal(made.bias, given.bias)
    made(torch.ones(1, 2)).sum().backward()
    assert made.weight.grad is not None
    assert theirs.weight.grad is None


@pytest.mark.parametrize("share", [True, False])
def test_so_do_two_in_one_network_and_a_copy_does_not(share):
    first, other = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
    made = over(torch.nn.Sequential(first, sharing(first, other) if share else other))
    assert (made[0].weight.data_ptr() == made[1].weight.data_ptr()) == share


def test_what_is_compared_meanwhile_leaves_no_tensor_behind():
    known = [torch.nn.Sequential(torch.nn.Linear(2, 3)), torch.ones(3)]
    packer = Packer(no_live, {}, known)
    packer.views = True
    packer.look(0)
    assert packer.tensors == {known[1].data_ptr(): 1}


@pytest.mark.parametrize("rows", [slice(2), slice(1, None)], ids=str)
def test_so_does_one_that_has_a_part_of_them(rows):
    known, theirs = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    part = torch.nn.Linear(2, 2)
    part.weight.data = known.weight.data[rows]
    made = over(part, [known, known.weight], [theirs, theirs.weight])
    with torch.no_grad():
        theirs.weight.fill_(7)
    assert torch.equal(made.weight, torch.full((2, 2), 7.0))
    assert isinstance(made.weight, torch.nn.Parameter)
    assert made.weight.requires_grad


def test_a_part_of_the_last_of_many_tensors_is_one():
    known, theirs = ([torch.zeros(2) for _ in range(30)] for _ in range(2))
    made = over(known[-1].detach(), known, theirs)
    theirs[-1] += 7
    assert made.tolist() == [7, 7]
