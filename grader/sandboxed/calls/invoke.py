"""Doing what a request asks for: a call, a method, or what Python does by a special method."""

from __future__ import annotations

from typing import Any

from grader.sandboxed.calls.special_methods import DUNDERS, OPERATORS, lacking


def invoke(target: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """What comes of calling something, or a method of it, by its name."""
    match name:
        case "" | "__call__":
            return target(*args, **kwargs)
        case "__iter__":
            return iter(target)
        case "__next__":
            return next(target)
        case "__await__":
            return _awaited(target)
        case "__instancecheck__":
            return isinstance(args[0], target)
        case "__subclasscheck__":
            return issubclass(args[0], target)
        case _ if name in DUNDERS:
            if name in OPERATORS and not hasattr(type(target), name):
                return lacking(name)
            return getattr(type(target), name)(target, *args, **kwargs)
    return getattr(target, name)(*args, **kwargs)


def _awaited(target: Any) -> Any:
    """What comes of something that can be awaited, in a loop of its own."""
    import asyncio

    async def whole() -> Any:
        return await target

    return asyncio.run(whole())
