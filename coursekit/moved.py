"""Names of before: they lead to where a module is now, with a warning, for one release.

So exercises and notebooks that were handed out earlier go on working.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

NOW = {
    "alone": "lesson_15.alone",
    "anki": "learn.anki",
    "begin": "exercises.begin",
    "check": "exercises.check",
    "cli": "desk.cli",
    "clinic": "lesson_11.clinic",
    "combine": "nets.combine",
    "contents": "desk.contents",
    "costs": "nets.costs",
    "data": "nets.data",
    "doctor": "desk.doctor",
    "elsewhere": "desk.elsewhere",
    "explain": "exercises.explain",
    "explore": "learn.explore",
    "formats": "lesson_02.formats",
    "gradual": "lesson_15.gradual",
    "integer": "lesson_04.int8_networks",
    "items": "exercises.items",
    "jupyter_validate": "exercises.jupyter_validate",
    "kernel": "exercises.kernel",
    "lab": "desk.lab",
    "language": "lesson_13.runs",
    "lessons": "learn.lessons",
    "measure": "nets.measure",
    "moving": "pictures.moving",
    "networks": "nets.networks",
    "numbers": "pictures.numbers",
    "plot": "pictures.plot",
    "predict": "learn.guesses",
    "serving": "lesson_12.serving",
    "serving_app": "lesson_12.serving_app",
    "simulate": "lesson_03.simulate",
    "squeezed": "lesson_15.shared_levels",
    "start_page": "desk.start_page",
    "stories": "lesson_13.stories",
    "tensorflow": "nets.tensorflow",
    "tflite": "nets.tflite",
    "train": "nets.train",
    "transformer": "lesson_13.transformer",
    "try_out": "exercises.try_out",
    "workspace": "desk.workspace",
    "progress": "learn.progress",
    "questions": "learn.questions",
    "squeeze": "lesson_15.squeeze",
    "widgets": "learn.widgets",
    **{f"openings.lesson_{n:02}": f"lesson_{n:02}.opening" for n in range(16)},
}
_OF_TAUGHT = (
    "ALL_LABELS",
    "CUT",
    "CUT_PAIRS",
    "MENDED",
    "MOVES",
    "NO_LABELS",
    "by_rate",
    "chosen",
    "compared",
    "cut_down",
    "mended",
    "points",
    "shifted",
    "shuffled_wrong",
    "two_thin",
)
# What was one place is several now: by each of its names.
APART = {
    "diagnose": {
        "five_layers": "lesson_03.diagnose",
        "three_colleagues": "lesson_04.diagnose",
        "three_students": "lesson_14.diagnose",
        "four_files": "lesson_15.diagnose",
    },
    "taught": {
        "learn": "nets.train",
        **dict.fromkeys(_OF_TAUGHT, "lesson_14.distilled"),
    },
    "traces": {"draw_prediction": "lesson_00.prediction"},
    "openings": {},
}


class _Moved:
    """Finds `coursekit.data` as `coursekit.nets.data`: the same module, not a second one.

    Finder and loader, but no child of those in `importlib.abc`: to import that takes a page longer.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        old = fullname.removeprefix("coursekit.")
        if old == fullname or not (old in APART or _now(old)):
            return None
        return ModuleSpec(fullname, self, is_package=old in APART)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        now = _now(spec.name.removeprefix("coursekit."))
        if not now:
            return None
        warnings.warn(f"{spec.name} is coursekit.{now} now", DeprecationWarning, stacklevel=2)
        module = import_module(f"coursekit.{now}")
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        asked = module.__spec__
        assert asked is not None
        if asked.loader_state:  # It has run; Python has just given it the spec of the old name.
            module.__spec__ = asked.loader_state
            return
        for name, place in APART[asked.name.removeprefix("coursekit.")].items():
            setattr(module, name, getattr(import_module(f"coursekit.{place}"), name))


def _now(old: str) -> str:
    """Where a module is now, and what lies in a package that moved as a whole; else nothing."""
    if old in NOW:
        return NOW[old]
    package, _, inner = old.partition(".")
    return f"{NOW[package]}.{inner}" if inner and package in NOW else ""


def lead_from_old_names() -> None:
    """Has Python ask here first: below a package that moved it would find a second copy."""
    sys.meta_path.insert(0, _Moved())
