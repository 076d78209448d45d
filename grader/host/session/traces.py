"""Which names of a judge's may hold what comes of certain tests."""

from __future__ import annotations

from collections.abc import Collection

from grader.host.session.script import Script

_NO_TEST: frozenset[int] = frozenset()
_NO_NAME: frozenset[str] = frozenset()


class Traces:
    """What these tests have left, and what others and given cells have made of that."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._left: dict[str, frozenset[int]] = {}

    def behind(self, position: int) -> frozenset[int]:
        """Tests of which a cell reads what they have left."""
        if not self._left:
            return _NO_TEST
        found = (self._left[name] for name in self._script.reads(position) & self._left.keys())
        return _NO_TEST.union(*found)

    def leave(
        self,
        position: int,
        tests: Collection[int],
        more: frozenset[str] = _NO_NAME,
        but: frozenset[str] = _NO_NAME,
    ) -> None:
        """Takes note of the tests that what a cell leaves may come from.

        Args:
            more: names besides those that it binds or changes by itself.
            but: of these, those that nothing of this comes from.
        """
        if not (self._left or tests):
            return
        bound, changed = self._script.leaves(position)
        for name in bound:
            self._left.pop(name, None)
        if tests:
            self._left |= dict.fromkeys((bound | changed | more) - but, frozenset(tests))


def leaned_on(script: Script, position: int, by_answers: bool = True) -> frozenset[int]:
    """The tests that a cell may find something of: in names that they bind, and in all that they
    may have changed.

    Args:
        by_answers: whether by giving it to an answer, too.
    """
    traces = Traces(script)
    for number in filter(script.is_judged, range(position)):
        clause = script.clause(number)
        behind = traces.behind(number)
        if clause is None:
            traces.leave(number, behind)
        else:
            given_away = script.hands_out(number) if by_answers else _NO_NAME
            traces.leave(number, behind | {number}, given_away)
    return traces.behind(position)
