"""What of the machine can be seen and written inside the sandbox, and where there can be one."""

from __future__ import annotations

import functools
import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.host.engine import bubblewrap as sandbox
from grader.protocol.errors import GraderError
from tests.conftest import ROOT
from tests.grader.shut_in import environments, listed, try_out, wait

pytestmark = pytest.mark.usefixtures("bubblewrap")


# --- Reading -----------------------------------------------------------------------------------


def read(paths):
    readable = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                file.read(1)
        except OSError:
            continue
        readable.append(path)
    return readable


def test_of_the_machine_s_files_only_what_is_shown_can_be_read(tmp_path):
    solution = tmp_path / "solutions/right.py"
    helper = tmp_path / "coursekit/plot.py"
    mine = Path("/tmp") / f"sandbox-test-{os.getpid()}"
    for path in (solution, helper, mine):
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    try:
        outside = [solution, helper, mine, "/etc/passwd", "/etc/shadow", "/etc/hostname"]
        # This package may be installed as a link to its sources.
        outside += [
            ROOT / "pyproject.toml",
            ROOT / "grader/host/engine/bubblewrap.py",
            ROOT / "README.md",
        ]
        shown = "/course/coursekit/plot.py"
        own = ["/engine/grader/sandboxed/zygote.py", "/usr/bin/env", json.__file__]
        report = try_out(
            read,
            [str(path) for path in [*outside, shown, *own]],
            show={"/course/coursekit": tmp_path / "coursekit"},
        )
        assert report.result == [shown, *own]
    finally:
        mine.unlink()


def test_of_the_machine_s_folders_only_those_on_the_way_are_there(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "coursekit").mkdir()
    show = {"/course/coursekit": tmp_path / "coursekit"}
    outside = [str(tmp_path), str(Path.home()), str(ROOT), "/mnt", "/var", "/run"]
    inside = try_out(listed, ["/", "/course", "/engine", *outside], show=show).result
    prefixes = {Path(prefix) for prefix in (sys.prefix, sys.base_prefix)}
    ours = {prefix.parts[1] for prefix in prefixes}
    system = {"bin", "etc", "lib", "lib32", "lib64", "libx32", "sbin", "sys", "usr"}
    assert set(inside[0]) - system - ours == {"course", "dev", "engine", "proc", "tmp"} - ours
    assert inside[1:3] == [["coursekit"], ["grader"]]
    for folder, names in zip(outside, inside[3:], strict=True):
        below = [p.relative_to(folder) for p in prefixes if p.is_relative_to(folder)]
        assert names == (sorted({path.parts[0] for path in below}) or None)


# What a player may open without anybody having named it: all below these, and these.
SYSTEM = {
    *(f"/usr/{name}" for name in ("bin", "include", "libexec", "sbin", "share")),
    *(f"/usr/{name}" for name in ("lib", "lib32", "lib64", "libx32")),
    *(f"/usr/local/{name}" for name in ("bin", "include", "libexec", "share")),
    *(f"/usr/local/{name}" for name in ("lib", "lib32", "lib64")),
    *("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"),
    *(f"/etc/{name}" for name in ("alternatives", "fonts", "ld.so.cache", "localtime")),
    "/sys/devices/system/cpu",
    "/engine/grader/__init__.py",
    "/engine/grader/protocol",
    "/engine/grader/sandboxed",
}
PROC = {f"/proc/{name}" for name in ("cpuinfo", "meminfo", "stat", "self/cmdline", "self/exe")}
OF_PREFIX = ("bin", "include", "lib", "lib64", "libexec", "share", "pyvenv.cfg")


def openable(whole):
    """All files that can be opened, but for what lies in these."""
    import os

    found = []
    for folder, inner, names in os.walk("/"):
        inner[:] = [name for name in inner if os.path.join(folder, name) not in whole]
        for path in (os.path.join(folder, name) for name in names):
            if path not in whole and not folder.startswith("/dev"):
                try:
                    os.close(os.open(path, os.O_RDONLY))
                except OSError:
                    continue
                found.append(path)
    return found


@pytest.mark.parametrize("name", [b"\xfcber", "\u2028 \u3000x".encode()])
def test_a_folder_is_seen_whatever_bytes_its_name_has(tmp_path, name):
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    (folder / "inside").touch()
    assert try_out(listed, ["/course"], show={"/course": folder}).result == [["inside"]]


def test_what_a_player_can_open_is_what_it_may(by):
    prefixes = {sys.base_prefix, sys.prefix} if by is None else {"/usr"}
    if by is not None and os.getuid() != 0:
        prefixes |= {sys.base_prefix, sys.prefix}
    python = {f"{prefix}/{part}" for prefix in prefixes for part in OF_PREFIX}
    libraries = {
        f"/usr/local/{name}"
        for name in os.listdir("/usr/local")
        if name.startswith(("cuda", "nvidia", "texlive"))
    }
    report = try_out(openable, [*SYSTEM, *python, *libraries], by=by)
    assert set(report.result) - PROC == set()


def idle_cores():
    import glob
    import os

    found = glob.glob("/sys/devices/system/cpu/cpu[0-9]*/cpuidle/*")
    return found, os.path.isdir("/sys/devices/system/cpu/cpu0/cache")


def test_nobody_sees_how_long_a_core_has_had_nothing_to_do():
    assert list(try_out(idle_cores).result) == [[], os.path.isdir(f"{sandbox._CORES}/cpu0/cache")]


def test_of_the_system_s_folders_only_programs_and_libraries_are_seen(tmp_path, monkeypatch):
    # A folder that comes and goes in /usr itself would stop sandboxes that start meanwhile.
    local = tmp_path / "local"
    (local / "lib/python").mkdir(parents=True)
    (local / "courses").mkdir()
    (local / "courses/marks.csv").touch()
    (local / "share/fonts").mkdir(parents=True)
    # nbgrader's exchange lies there, unless a course says otherwise.
    (local / "share/nbgrader/exchange/demo/inbound").mkdir(parents=True)
    assert sandbox._SYSTEM.keys() == {Path("/usr"), Path("/usr/local")}
    monkeypatch.setattr(sandbox, "_SYSTEM", {local: sandbox._SYSTEM[Path("/usr/local")]})
    places = ["/seen", "/seen/courses", "/seen/lib", "/seen/share", "/seen/share/nbgrader"]
    seen = try_out(below, places, show={"/seen": local}).result
    assert seen == [["courses", "lib", "share"], [], ["python"], ["fonts", "nbgrader"], []]


def below(folders):
    import os

    return [sorted(os.listdir(folder)) if os.path.isdir(folder) else None for folder in folders]


def test_nobody_can_open_what_others_have_handed_in_wherever_it_lies(tmp_path):
    shown = tmp_path / "everything"
    (shown / "submitted/amy").mkdir(parents=True)
    (shown / "data").mkdir()
    (shown / "data/a.csv").write_text("1")
    (shown / "gradebook.db").write_text("marks")
    hide = [shown, shown / "submitted", shown / "gradebook.db", tmp_path / "nowhere", Path("/usr")]
    places = ["/course", "/course/submitted", "/course/data", "/usr/local/etc", "/usr/local/src"]
    places += ["/usr/local/share/nbgrader", f"{sys.prefix}/share/nbgrader"]
    result = try_out(below, places, show={"/course": shown}, hide=hide).result
    assert result[:3] == [["data", "gradebook.db", "submitted"], [], ["a.csv"]]
    assert [names or [] for names in result[3:]] == [[]] * 4
    files = ["/course/gradebook.db", "/course/data/a.csv"]
    assert try_out(read, files, show={"/course": shown}, hide=hide).result == files[1:]


PRINTS = """
import os, sys
print(sys.base_prefix, open(sys.argv[1]).read() if os.path.exists(sys.argv[1]) else None)
"""


@pytest.mark.parametrize("installs", ["a link there", "Python itself there"])
def test_what_somebody_keeps_in_a_home_is_not_seen_for_python_s_sake(
    tmp_path, monkeypatch, installs
):
    # Where `uv python install` puts a link, Jupyter keeps its keys and nbgrader its cache.
    own = tmp_path / ".local"
    key = own / "share/jupyter/runtime/jpserver-1.json"
    for folder in (own / "bin", key.parent):
        folder.mkdir(parents=True)
    key.write_text("a key")
    for folder in (tmp_path, own, own / "share", own / "bin"):
        folder.chmod(0o755)
    if installs == "a link there":
        (own / "bin/python3").symlink_to(os.path.realpath(sys.executable))
        monkeypatch.setattr(sys, "executable", str(own / "bin/python3"))
    else:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("XDG_DATA_HOME", raising=False)
        monkeypatch.setattr(
            sandbox, "_prefixes", functools.partial(set, {*sandbox._prefixes(), own})
        )
    argv = sandbox.command([sys.executable, "-c", PRINTS, str(key)], {}, {})
    run = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    assert run.stdout.split() == [sys.base_prefix, "None"], run.stderr


def test_what_is_shown_by_its_name_is_seen_in_a_hidden_folder(tmp_path):
    whole = tmp_path / "whole"
    (whole / "tools").mkdir(parents=True)
    (whole / "tools/a.txt").write_text("1")
    (whole / "other").mkdir()
    show = {"/whole": whole, "/whole/tools": whole / "tools"}
    places = ["/whole", "/whole/tools", "/whole/other"]
    hide = [whole / "tools", whole / "other"]
    result = try_out(below, places, show=show, hide=hide).result
    assert result == [["other", "tools"], ["a.txt"], []]


def test_nothing_of_the_environment_comes_in(monkeypatch):
    monkeypatch.setenv("SECRET", "sesame")
    report = try_out(environments, before=environments)
    assert report.result[0]["HOME"] == "/tmp"
    # The warm process sees itself and bubblewrap's process 1.
    assert len(report.before) == 3
    assert "sesame" not in str(report)


# --- Writing -----------------------------------------------------------------------------------


def writable(whole):
    import os

    folders, files = [], []
    for folder, inner, names in os.walk("/"):
        inner[:] = [name for name in inner if os.path.join(folder, name) not in whole]
        if os.access(folder, os.W_OK):
            folders.append(folder)
        paths = [os.path.join(folder, name) for name in names]
        files += [p for p in paths if not os.path.islink(p) and os.access(p, os.W_OK)]
    return folders, files


def create(folders):
    import os

    created = []
    for folder in folders:
        try:
            os.mkdir(os.path.join(folder, "made"))
        except OSError:
            continue
        created.append(folder)
    return created


def test_only_scratch_can_be_written(by):
    # What bubblewrap binds is too much to walk through; the next test writes there.
    prefixes = {"/usr/local", sys.prefix, sys.base_prefix, "/sys/devices/system/cpu"}
    folders, files = try_out(writable, [*prefixes, "/usr"], by=by).result
    assert set(folders) == {"/tmp", "/dev/shm"}
    devices = {"null", "zero", "full", "random", "urandom", "tty", "pts/ptmx", "console"}
    assert set(files) == {f"/dev/{name}" for name in devices}


def test_what_is_shown_cannot_be_written(readable_grader, by):
    shown = Path(readable_grader, "shown")
    shown.mkdir()
    shown.chmod(0o777)
    folders = ["/", "/dev", "/course", "/course/shown", "/engine", sys.prefix, "/usr", "/tmp"]
    report = try_out(create, folders, show={"/course/shown": shown}, by=by)
    assert report.result == ["/tmp"]


# --- Network and terminal ----------------------------------------------------------------------


def interfaces():
    import socket

    return [name for _, name in socket.if_nameindex()]


def test_the_warm_process_has_no_network_either(by):
    assert try_out(wait, before=interfaces, by=by).before == ["lo"]


def use_the_terminal():
    import os

    devices = {os.stat(f"/dev/{name}").st_rdev for name in ("null", "console")}
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return len(devices), "none"
    return len(devices), "terminal"


def test_the_teacher_s_terminal_is_out_of_reach():
    ours, theirs = os.openpty()
    code = f"{inspect.getsource(use_the_terminal)}\nprint(use_the_terminal())"
    argv = sandbox.command([sys.executable, "-c", code], {}, {})
    login = functools.partial(os.login_tty, theirs)
    subprocess.run(argv, preexec_fn=login, timeout=30, check=True)
    assert os.read(ours, 1000).decode().strip() == "(1, 'none')"
    for number in (ours, theirs):
        os.close(number)


# --- Where it has to work ----------------------------------------------------------------------


def import_something():
    import sqlite3
    import sys

    return sys.prefix, sqlite3.sqlite_version


def make_environment(folder, python):
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    return ["env", f"PYTHONPATH={folder.parent}", str(folder / "bin/python")]


def test_an_environment_in_tmp_stays_there_for_children(readable_grader):
    folder = Path(readable_grader, "environment")
    by = make_environment(folder, sys.executable)
    assert try_out(import_something, by=by).result[0] == str(folder)
    report = try_out(create, ["/tmp", readable_grader, str(folder)], by=by)
    assert report.result == ["/tmp"]


def test_an_environment_whose_python_is_behind_links_works(readable_grader):
    # As uv makes them: through a link to the folder of the newest patch version.
    newest = Path(readable_grader, "newest")
    newest.symlink_to(sys.base_prefix)
    folder = Path(readable_grader, "environment")
    by = make_environment(folder, newest / "bin/python3")
    assert try_out(import_something, by=by).result[0] == str(folder)


def test_python_without_an_environment_works(readable_grader):
    python = os.path.realpath(sys.executable)
    by = ["env", f"PYTHONPATH={readable_grader}", python]
    assert try_out(import_something, by=by).result[0] == sys.base_prefix


def test_an_environment_made_in_the_course_s_folder_does_not_show_the_course(readable_grader):
    by = make_environment(Path(readable_grader), sys.executable)
    (Path(readable_grader) / "solutions").mkdir()
    [names] = try_out(listed, [readable_grader], by=by).result
    assert set(names) - {"lib64"} == {"bin", "include", "lib", "pyvenv.cfg"}


# --- Where it cannot work ----------------------------------------------------------------------


def test_the_check_is_content_here():
    sandbox.check()


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A folder that is the only one on the PATH, but for what the check itself needs."""
    for name in ("env", "setpriv", "unshare"):
        (tmp_path / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.skipif(os.getuid() != 0, reason="only root is root in a container")
def test_the_check_is_content_in_a_container_too():
    """Whose process ids are its own, and so is its /proc."""
    container = ["unshare", "--pid", "--fork", "--mount-proc"]
    check = [sys.executable, "-c", "from grader.host.engine import bubblewrap; bubblewrap.check()"]
    run = subprocess.run([*container, *check], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_without_bubblewrap_the_check_says_how_to_install_it(path):
    with pytest.raises(GraderError) as error:
        sandbox.check()
    assert "apt-get install bubblewrap" in str(error.value)
    assert "--no-sandbox" in str(error.value)
    assert "read, change and delete" in str(error.value)


def test_a_bubblewrap_that_may_not_work_is_quoted(path):
    bwrap = path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n")
    bwrap.chmod(0o755)
    with pytest.raises(GraderError) as error:
        sandbox.check()
    assert "(bwrap: setting up uid map: Permission denied)" in str(error.value)
    assert "allow user namespaces" in str(error.value)
    assert "--no-sandbox" in str(error.value)


@pytest.mark.parametrize("by", ["as an ordinary user"], indirect=True)
def test_a_sandbox_in_which_children_cannot_be_shut_in_is_no_sandbox(by, readable_grader):
    bwrap = Path(readable_grader, "bwrap")
    real = shutil.which("bwrap")
    # As where the system lets bubblewrap make namespaces, and nobody inside it.
    bwrap.write_text(f'#!/bin/sh\nexec {real} --unshare-user --disable-userns "$@"\n')
    bwrap.chmod(0o755)
    run = subprocess.run(
        [*by, "-c", "from grader.host.engine import bubblewrap; bubblewrap.check()"],
        env={"PATH": f"{readable_grader}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert "GraderError" in run.stderr
    assert "A process could not be shut in" in run.stderr


def test_a_system_without_fork_is_told_so(monkeypatch):
    monkeypatch.delattr(os, "fork")
    with pytest.raises(GraderError, match="which this system has not"):
        sandbox.check()


def test_python_may_be_called_by_a_way_from_here():
    here = ROOT / "tests"
    way = os.path.relpath(sys.executable, here)
    check = "from grader.host.engine import bubblewrap; bubblewrap.check()"
    assert subprocess.run([way, "-c", check], cwd=here, timeout=60).returncode == 0
