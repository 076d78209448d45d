"""Which fields of the schema are looked into."""

from __future__ import annotations

from grader.protocol.values import Array, Frame, Module, Pairs, Quantized, Seq, Sparse, Tensor
from grader.sandboxed.calls.kinds import _fields_with_nodes, is_empty


def test_the_fields_that_may_hold_live_things_are_found_by_their_types() -> None:
    """A part of the schema that gets a field for a value is looked into, whatever its text says."""
    found = {cls: _fields_with_nodes(cls) for cls in (Seq, Pairs, Quantized, Module, Frame, Array)}
    assert found == {
        Seq: ("items",),
        Pairs: ("items", "default"),
        Quantized: ("integers", "scale", "zero_point"),
        Module: ("args", "attributes", "parameters", "buffers", "children", "shown", "hooks"),
        Frame: ("labels", "index", "columns"),
        Array: (),
    }


def test_what_has_nothing_in_it_is_found_wherever_it_is() -> None:
    """One answer may refer to what another has hidden as a key, or as what labels a table."""
    nothing = Tensor("float32", [0], 0)
    assert is_empty(Pairs("dict", [(nothing, 1)]))
    assert is_empty(Frame("Series", nothing, None, [Array("<f8", [1], 0)], ["float64"]))
    assert not is_empty(Pairs("dict", [(Tensor("float32", [1], 0), Seq("list", []))]))
    # All of it is 0.
    assert not is_empty(Sparse("coo", [2, 2], [Tensor("int64", [2, 0], 0), nothing]))
