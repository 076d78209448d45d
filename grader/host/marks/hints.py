"""What a failed test says to the learner.

Of visible tests: all that it said. Of hidden ones: what the teacher wrote as an assertion's
message, word for word. Values that a message fills in are shown as “…”, for they may be inputs or
expected ones. Of any other error nothing is said, not even that it is one: a learner's code may
raise whatever it likes, and tell with it what it was called with.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from grader.host.course.assignment import TeacherCell
from grader.protocol.limits import MAX_MESSAGE
from grader.protocol.names import tree_of_cell
from grader.protocol.values import CannotCross

NEUTRAL = "A hidden check does not hold."

_PERCENT = re.compile(r"%(?:\([^)]*\))?[-#0 +]*[\d*]*(?:\.[\d*]+)?[a-zA-Z]")
_BRACES = re.compile(r"\{[^{}]*\}")

# The texts around the values that are filled in; one alone where there is no value.
_Texts = Sequence[str]


def message_for(
    teacher: TeacherCell, ename: str, evalue: str, line: int | None, visible: bool
) -> str:
    """The message of a test that failed.

    Args:
        ename: the type of the error.
        evalue: its text.
        line: of the test's source, from 1, where it was raised, if it was there.
        visible: whether learners can see that line, and what they see of it holds nothing hidden.
    """
    said = evalue.strip()[:MAX_MESSAGE]
    if visible and ename == "AssertionError":
        statement = visible_statement(teacher, line)
        return said or (f"This does not hold: {statement}" if statement else "A check fails.")
    if visible and ename == CannotCross.__name__:
        return f"A value cannot cross between your code and the tests: {said}."
    if visible:
        return f"{ename}: {said}" if said else ename
    written = _written(teacher.node.source, said, line) if ename == "AssertionError" else None
    if written:
        return written
    # That it failed is no secret where the line is none.
    statement = visible_statement(teacher, line)
    return f"This does not hold: {statement}" if statement else NEUTRAL


def visible_statement(teacher: TeacherCell, line: int | None) -> str | None:
    """The statement of a test cell at this line, if learners can see all of it."""
    lines, text = _statement(teacher.node.source, line or 0)
    return text if lines and teacher.visible_lines.issuperset(lines) else None


# A class fails in few ways, and to take a test apart takes milliseconds.
@lru_cache(maxsize=1000)
def _statement(source: str, line: int) -> tuple[range, str | None]:
    """The lines and the text of a cell's statement at this line; no lines if there is none."""
    for statement in tree_of_cell(source).body:
        lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        if line in lines:
            return lines, ast.get_source_segment(source, statement)
    return range(0), None


def is_as_written(teacher: TeacherCell, said: str, line: int | None) -> bool:
    """Whether an assertion's text stands in the test word for word, or there is none."""
    tree = tree_of_cell(teacher.node.source)
    for statement in ast.walk(tree) if line else ():
        if isinstance(statement, ast.Assert) and _holds(statement, line):
            message = statement.msg
            written = message.value if isinstance(message, ast.Constant) else None
            return said == ("" if message is None else written)
    return False


def _holds(statement: ast.stmt, line: int | None) -> bool:
    """Whether the statement goes over this line; one that is not known counts."""
    return line is None or statement.lineno <= line <= (statement.end_lineno or line)


@lru_cache(maxsize=1000)
def _written(source: str, said: str, line: int | None) -> str | None:
    """The message as the teacher wrote it, if one says this."""
    tree = tree_of_cell(source)
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.Assert) or statement.msg is None:
            continue
        if _holds(statement, line):
            for texts in _messages(statement.msg, _Names(tree)):
                if any(text.strip() for text in texts) and _says(said, texts):
                    return "…".join(texts).strip()
    return None


def _says(said: str, texts: _Texts) -> bool:
    """Whether it is made of these texts in this order, with anything in between."""
    first, last = texts[0].lstrip(), texts[-1].rstrip()
    if len(texts) == 1:
        return said == texts[0].strip()
    position, end = len(first), len(said) - len(last)
    if position > end or not said.startswith(first) or not said.endswith(last):
        return False
    for text in texts[1:-1]:
        position = said.find(text, position, end)
        if position < 0:
            return False
        position += len(text)
    return True


def _messages(message: ast.expr, names: _Names) -> Iterator[_Texts]:
    """What an assertion's message can come to, as far as the teacher wrote it."""
    match message:
        case ast.Constant(value=str(text)):
            yield (text,)
        case ast.JoinedStr(values=values):
            texts = [""]
            for value in values:
                if isinstance(value, ast.Constant):
                    texts[-1] += str(value.value)
                else:
                    texts.append("")
            yield texts
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod()):
            yield [part.replace("%%", "%") for part in _PERCENT.split(text)]
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            yield _BRACES.split(text)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            for begin in list(_messages(left, names)) or [("", "")]:
                for end in list(_messages(right, names)) or [("", "")]:
                    yield (*begin[:-1], begin[-1] + end[0], *end[1:])
        case _:
            for value in _choices(message, names):
                yield from _messages(value, names)


def _choices(message: ast.expr, names: _Names) -> Iterator[ast.expr]:
    """The expressions one of which a message is."""
    match message:
        case ast.IfExp(body=one, orelse=other):
            yield from (one, other)
        case ast.BoolOp(values=values) | ast.List(elts=values) | ast.Tuple(elts=values):
            yield from values
        # Keys are values to look up.
        case ast.Dict(values=values):
            yield from values
        case ast.Subscript(value=value):
            yield value
        # A function that chooses among hints: first comes what it chooses by.
        case ast.Call(args=[_, *others], keywords=keywords):
            yield from (*others, *(keyword.value for keyword in keywords))
        case ast.Name(id=name):
            yield from names.take(name)


class _Names:
    """What a cell binds names to that it reads in messages only, so not its tests' values."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        messages = [n.msg for n in ast.walk(tree) if isinstance(n, ast.Assert) and n.msg]
        inside = {id(node) for message in messages for node in ast.walk(message)}
        # A name is taken once: two may stand for each other.
        self._taken = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and id(node) not in inside
        }

    def take(self, name: str) -> Iterator[ast.expr]:
        """What a name may stand for, by assignment or in a loop over what is written out."""
        if name in self._taken:
            return
        self._taken.add(name)
        for node in ast.walk(self._tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                    yield value
                case ast.For(target=target, iter=ast.List(elts=rows) | ast.Tuple(elts=rows)):
                    for row in rows:
                        yield from _bound(name, target, row)


def _bound(name: str, target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    match target, value:
        case ast.Name(id=found), _ if found == name:
            yield value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, other in zip(targets, values, strict=True):
                yield from _bound(name, one, other)
