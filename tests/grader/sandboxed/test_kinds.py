"""Which fields of the schema are looked into."""

from __future__ import annotations

from grader.protocol.values import Array, Frame, Module, Pairs, Quantized, Seq
from grader.sandboxed.calls.kinds import _fields_with_nodes


def test_the_fields_that_may_hold_live_things_are_found_by_their_types() -> None:
    """A part of the schema that gets a field for a value is looked into, whatever its text says."""
    found = {cls: _fields_with_nodes(cls) for cls in (Seq, Pairs, Quantized, Module, Frame, Array)}
    assert found == {
        Seq: ("items",),
        Pairs: ("items", "default"),
        Quantized: ("integers", "scale", "zero_point"),
        Module: ("args", "attributes", "parameters", "buffers", "children"),
        Frame: ("labels", "index", "columns"),
        Array: (),
    }
