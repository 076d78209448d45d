"""Containers do later what the other side's would do."""

from __future__ import annotations

import collections

import pytest

from tests.grader.sandboxed.codec.crossing import cross


def test_what_a_container_does_later_crosses_too():
    counts = cross(collections.defaultdict(list, a=[1]))
    counts["b"].append(2)
    assert counts == {"a": [1], "b": [2]}
    # A function stays where it is.
    with pytest.raises(KeyError):
        cross(collections.defaultdict(lambda: 1))["c"]
    last = cross(collections.deque([1, 2], maxlen=2))
    last.append(3)
    assert list(last) == [2, 3]
