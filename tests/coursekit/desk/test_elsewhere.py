"""What the set-up cell does on Colab and Kaggle."""

from __future__ import annotations

import subprocess
import sys
import types
from importlib.metadata import PackageNotFoundError

import pytest

from coursekit.desk import elsewhere

ASKED = [
    "torch<2.15,>=2.11",
    "torchao<0.19,>=0.18",
    "anywidget<0.12,>=0.11",
    "tensorflow<2.22,>=2.20",
    "jupyterlab<5,>=4.6",
    'nh3<0.4; extra == "teach"',
]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], list[list[str]]]:
    """What is installed there, to be filled in, and what pip was asked for."""
    there: dict[str, str] = {}
    calls: list[list[str]] = []

    def version(name: str) -> str:
        if name not in there:
            raise PackageNotFoundError(name)
        return there[name]

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command[command.index("--quiet") + 1 :])
        return subprocess.CompletedProcess(command, 1, "", "pip's own words")

    monkeypatch.setattr(elsewhere, "version", version)
    monkeypatch.setattr(elsewhere, "requires", lambda _: ASKED)
    monkeypatch.setattr(subprocess, "run", run)
    return there, calls


def test_what_is_missing_is_installed_and_what_is_there_stays(place, capsys):
    there, calls = place
    there |= {"torch": "2.9.1", "torchao": "0.10.0", "tensorflow-cpu": "2.21.0"}
    elsewhere.get_ready("tensorflow torch torchao")
    assert calls == [["torchao<0.19,>=0.18", "anywidget<0.12,>=0.11"]]
    told = capsys.readouterr().out
    assert "torch <2.15,>=2.11 (here: 2.9.1)" in told
    assert "tensorflow <2.22,>=2.20 (here: 2.21.0)" in told
    assert "pip's own words" in told
    assert "a cell may stop with an error" in told
    assert "lost with it" in told


def test_where_all_fits_nothing_is_installed(place, capsys):
    there, calls = place
    there |= {"torch": "2.14.1", "anywidget": "0.11.0"}
    elsewhere.get_ready("torch")
    assert calls == []
    assert "stop with an error" not in capsys.readouterr().out


def test_progress_is_kept_in_the_drive_that_is_named(place, capsys, monkeypatch):
    there, _ = place
    there |= {"anywidget": "0.11.0"}
    mounted: list[str] = []
    drive = types.SimpleNamespace(mount=mounted.append)
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(drive=drive))
    monkeypatch.setenv("COURSE_PROGRESS", "")
    elsewhere.get_ready("", "fewer-bits.sqlite")
    assert mounted == ["/content/drive"]
    assert elsewhere.os.environ["COURSE_PROGRESS"] == "/content/drive/MyDrive/fewer-bits.sqlite"
    monkeypatch.setitem(sys.modules, "google.colab", None)
    elsewhere.get_ready("", "fewer-bits.sqlite")
    assert "There is no Google Drive here" in capsys.readouterr().out
