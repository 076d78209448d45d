"""Modules that are loaded and out of sight, until somebody imports them."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import resolve_name
from types import ModuleType
from typing import Any


class Shelf:
    """Puts away what is imported in its `with`.

    Whoever imports such a module later finds in `sys.modules`, and as attributes of packages, what
    its import would have brought, and no more.
    """

    def __enter__(self) -> Shelf:
        self._modules: dict[str, ModuleType] = {}
        # Where a module stands as an attribute of another.
        self._places: dict[str, tuple[ModuleType, str]] = {}
        # What each module has Python import while it is loaded.
        self._needs: dict[str, set[str]] = {}
        self._loading: list[str] = []
        self._before = set(sys.modules)
        self._real = builtins.__import__, importlib.import_module
        builtins.__import__, importlib.import_module = self._statement, self._function  # type: ignore[assignment]
        sys.meta_path.insert(0, self)  # type: ignore[arg-type]
        return self

    def __exit__(self, *_: object) -> None:
        builtins.__import__, importlib.import_module = self._real
        for name in [name for name in sys.modules if name not in self._before]:
            module = self._modules[name] = sys.modules[name]
            package, _, attribute = name.rpartition(".")
            if package:
                self._needs.setdefault(name, set()).add(package)
                if vars(sys.modules[package]).get(attribute) is module:
                    self._places[name] = sys.modules[package], attribute
            if getattr(module, "__spec__", None) is None:
                # Nobody looked for it: its package has put it there.
                self._needs.setdefault(name.partition(".")[0], set()).add(name)
        for name in self._modules:
            del sys.modules[name]
        for holder, attribute in self._places.values():
            delattr(holder, attribute)

    def peek(self, name: str) -> Any:
        """A module that nobody has imported yet, which stays out of sight."""
        return self._modules[name]

    # --- While modules are loaded -----------------------------------------------------------------

    def _statement(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        module = self._real[0](name, globals, locals, fromlist or (), level)
        if globals and level:
            package = globals.get("__package__") or globals["__name__"].rpartition(".")[0]
            name = resolve_name("." * level + name, package)
        self._note(name, *(f"{name}.{part}" for part in fromlist or ()))
        return module

    def _function(self, name: str, package: str | None = None) -> ModuleType:
        # Whoever takes it by `from importlib import` keeps it.
        module = self._real[1](name, package)
        self._note(resolve_name(name, package))
        return module

    def _note(self, *names: str) -> None:
        while self._loading and not _is_loading(self._loading[-1]):
            self._loading.pop()
        if self._loading:
            self._needs.setdefault(self._loading[-1], set()).update(names)

    # --- As Python's import uses it ---------------------------------------------------------------

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Of what is put away; while it is loaded, of nothing."""
        if name in self._modules:
            self._bring(name)
            return ModuleSpec(name, self)  # type: ignore[arg-type]
        if importlib.import_module == self._function:
            self._note(name)
            self._loading.append(name)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        self._spec = self._taken.__spec__
        return self._taken

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec

    def _bring(self, name: str) -> None:
        """Puts back what `name` imports, and all that this imports."""
        todo, found = [name], set()
        while todo:
            if (one := todo.pop()) in self._modules and one not in found:
                found.add(one)
                todo += self._needs.get(one, ())
        self._taken = self._modules[name]
        for one in [one for one in self._modules if one in found]:
            module = self._modules.pop(one)
            if one != name:
                sys.modules[one] = module
            if one in self._places:
                setattr(*self._places[one], module)


def _is_loading(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))
