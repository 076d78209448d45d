"""Names of before lead to where a module is now: what was handed out earlier goes on working."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from coursekit import moved


@pytest.mark.parametrize("old", sorted(set(moved.NOW) - {"jupyter_validate", "serving_app"}))
def test_an_old_name_is_the_same_module_with_a_warning(old: str) -> None:
    sys.modules.pop(f"coursekit.{old}", None)
    with pytest.warns(
        DeprecationWarning, match=rf"coursekit\.{old} is coursekit\.{moved.NOW[old]}"
    ):
        found = importlib.import_module(f"coursekit.{old}")
    assert found is importlib.import_module(f"coursekit.{moved.NOW[old]}")


def test_what_an_exercise_imported_before_can_be_imported() -> None:
    code = (
        "from coursekit import explain, plot\n"
        "from coursekit.openings.lesson_07 import smallest_first\n"
        "from coursekit.diagnose import five_layers, four_files\n"
        "from coursekit.squeeze.container import read\n"
        "from coursekit.taught import learn, shifted\n"
        "from coursekit.traces import draw_prediction\n"
        "import coursekit.widgets.panel, coursekit.learn.widgets.panel\n"
        "assert coursekit.widgets.panel is coursekit.learn.widgets.panel\n"
        "assert read.__module__ == 'coursekit.lesson_15.squeeze.container'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_never_was_there_is_missing() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'coursekit\.nonsense'"):
        importlib.import_module("coursekit.nonsense")
