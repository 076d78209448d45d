"""The class of what stays with the learner's code, where a test asks for it: `type(x)`,
`x.__class__`.

Python answers both without asking anybody, so such a test calls a function of this module instead.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Mapping
from typing import Any

from grader.sandboxed.calls.handle import Handle, peer_of

# No test has names like these.
_TYPE, _CLASS = "the type of", "the class of"
_ASKS = re.compile(r"\btype\s*\(|\.\s*__class__\b")


def ways_to_ask(source: str, space: Mapping[str, Any]) -> list[ast.NodeTransformer]:
    """What a test's tree goes through before it runs."""
    return [_Asking()] if "type" not in space and _ASKS.search(source) else []


class _Asking(ast.NodeTransformer):
    def visit_Module(self, tree: ast.Module) -> ast.Module:
        if not any(map(_binds_type, ast.walk(tree))):
            self.generic_visit(tree)
        return tree

    def visit_Call(self, call: ast.Call) -> ast.Call:
        self.generic_visit(call)
        match call:
            case ast.Call(ast.Name("type"), [value], []) if not isinstance(value, ast.Starred):
                call.func = ast.copy_location(ast.Name(_TYPE, ast.Load()), call.func)
        return call

    def visit_Attribute(self, asked: ast.Attribute) -> ast.expr:
        self.generic_visit(asked)
        if asked.attr != "__class__" or not isinstance(asked.ctx, ast.Load):
            return asked
        function = ast.copy_location(ast.Name(_CLASS, ast.Load()), asked)
        return ast.copy_location(ast.Call(function, [asked.value], []), asked)


def _binds_type(node: ast.AST) -> bool:
    match node:
        case ast.Name("type", ast.Store() | ast.Del()) | ast.arg("type") | ast.alias(asname="type"):
            return True
    return getattr(node, "name", None) == "type"


def _type_of(value: Any) -> Any:
    cls = type(value)
    return peer_of(value).class_of(value) if issubclass(cls, Handle) else cls


def _class_of(value: Any) -> Any:
    return _type_of(value) if issubclass(type(value), Handle) else value.__class__


def install() -> None:
    vars(builtins).update({_TYPE: _type_of, _CLASS: _class_of})
