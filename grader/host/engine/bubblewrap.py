"""The command line of bubblewrap around the warm process: what of the machine it gets to see.

It sees the system's libraries, Python with its packages, of this package what runs shut in, and
what the caller shows it, all read-only; an empty /tmp; no network; none of the machine's processes.
It does not see home folders, the course, other submissions or the environment, unless the caller
shows them.

Start it with standard output on a pipe or a file, and from a thread that lives as long as it: the
kernel ends it with the thread that started it.

Root is a case of its own: the kernel limits the number of processes of everybody but root, in a
sandbox too. So an outer sandbox of root makes the file tree, and an inner one runs as nobody.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from grader.protocol.errors import GraderError

# Where the part of this package that runs shut in lies in the sandbox, and what it is.
ENGINE = "/engine"
# By a way that there is inside, too: it may have been started as ../.venv/bin/python.
PYTHON = str(Path(sys.executable).parent.resolve() / Path(sys.executable).name)
PACKAGE = Path(__file__).parents[2]
_SHUT_IN = ("__init__.py", "protocol", "sandboxed")
# The user and group as whom root's sandboxes run: nobody.
NOBODY = 65534

_RISK = "or take --no-sandbox, with which submissions can read, change and delete all that you can"
# What Python and its packages need of the folder they are installed in. Not all of it: an
# environment may have been made in the course's own folder.
_PARTS_OF_PREFIX = ("bin", "include", "lib", "lib64", "libexec", "share", "pyvenv.cfg")
_PARTS_OF_ETC = ("alternatives", "fonts", "ld.so.cache", "localtime")
# What of /usr and /usr/local is system and libraries. What else people keep there is theirs:
# nbgrader's exchange lies below them, other courses, settings with keys in them.
_PARTS_OF_LOCAL = {"bin", "include", "lib", "lib32", "lib64", "libexec", "share"}
_SYSTEM = {
    Path("/usr"): {*_PARTS_OF_LOCAL, "libx32", "local", "sbin"},
    Path("/usr/local"): _PARTS_OF_LOCAL,
}
_LIBRARIES_OF_LOCAL = ("cuda", "nvidia", "texlive")
# Where people hand in to nbgrader, wherever that is installed.
_EXCHANGE = "share/nbgrader"
# Runtimes count the cores there, and need not know what each has had to do, and how fast and hot
# that was.
_CORES = "/sys/devices/system/cpu"
_BUSY = ("cpu*/cpuidle", "cpu*/thermal_throttle", "cpu*/acpi_cppc", "cpufreq/policy*/stats")
_ROOT_LINKS = ("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")
# When standard output is a terminal, bubblewrap makes that /dev/console.
_CONSOLE = ("--dev-bind", "/dev/null", "/dev/console")
_ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "LOGNAME": "learner",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "PATH": f"{Path(sys.prefix, 'bin')}:/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": ENGINE,
    "USER": "learner",
}
_PROBE = """
import os, sys
from grader.protocol.errors import GraderError
from grader.sandboxed.isolation import enter, fork
from grader.protocol.limits import Limits
try:
    child = fork(True)
    if child == 0:
        enter(Limits(), True)
        os._exit(0)
except GraderError as error:
    print(error, file=sys.stderr, flush=True)
    os._exit(1)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def check() -> None:
    """Starts a sandbox and shuts a process in it in, once, to see whether that works here.

    Raises:
        GraderError: when it does not; says what to do.
    """
    if not hasattr(os, "fork"):
        raise GraderError("Grading needs fork, which this system has not: use Linux or macOS.")
    if (bwrap := shutil.which("bwrap")) is None:
        raise GraderError(
            "The sandbox for submissions is missing: install bubblewrap (apt-get install "
            f"bubblewrap), {_RISK}."
        )
    _try_out(bwrap)


# What does not work is tried again: errors are not kept.
@cache
def _try_out(bwrap: str) -> None:
    probe = subprocess.run(
        command([PYTHON, "-c", _PROBE], {}, {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if probe.returncode:
        said = probe.stderr.strip().splitlines()[-1:] or [f"exit status {probe.returncode}"]
        raise GraderError(
            f"The sandbox for submissions does not work here ({said[0].rstrip('.')}): ask whoever "
            "runs this machine or container to allow user namespaces and mounts in them, or "
            f"update bubblewrap, {_RISK}."
        )


def command(
    argv: Sequence[str],
    show: Mapping[str, Path],
    environment: Mapping[str, str],
    hide: Collection[Path] = (),
) -> list[str]:
    """The command line that runs `argv` in a sandbox. Inherited file descriptors survive it.

    Args:
        argv: the command; a program by its whole path.
        show: what else can be read in there: path inside → file or folder.
        environment: variables besides those that every sandbox has; wins over them.
        hide: files and folders that are empty there, should they lie in what is seen; what `show`
            names itself, or lies below it, is seen all the same.

    Raises:
        GraderError: when a program that this takes is missing.
    """
    bwrap = _program("bwrap", "bubblewrap")
    ours = {f"{ENGINE}/grader/{part}": PACKAGE / part for part in _SHUT_IN}
    binds = _binds() | ours | dict(show)
    in_tmp = {path: Path(path) for path in binds if path.startswith("/tmp/")}
    hidden = _hidden(binds, {*hide, *_private()})
    ways = _ways(binds)
    ways_in_tmp = {way: to for way, to in ways.items() if way.startswith("/tmp/")}
    cover = _empty(PACKAGE) if any(map(PACKAGE.is_relative_to, binds.values())) else []
    for inside, outside in hidden.items():
        cover += ["--remount-ro", inside] if outside.is_dir() else []
    variables = {**_ENVIRONMENT, **environment}
    own = ["--unshare-all", "--die-with-parent", "--new-session", "--hostname", "sandbox"]
    tmp = ["--perms", "0700", "--tmpfs", "/tmp"]
    rest = ["--proc", "/proc", "--dev", "/dev", *_CONSOLE, "--remount-ro", "/dev"]
    rest += ["--remount-ro", "/", "--chdir", "/tmp"]
    rest += [part for item in variables.items() for part in ("--setenv", *item)]
    # bubblewrap's own process 1 keeps the environment that it was started with.
    start = [_program("env", "coreutils"), "-i"]
    if os.getuid() != 0:
        return [
            *start,
            bwrap,
            *own,
            *_links(),
            *tmp,
            *_tree(binds, hidden, ways),
            *cover,
            *rest,
            "--",
            *argv,
        ]
    setpriv, unshare = _program("setpriv", "util-linux"), _program("unshare", "util-linux")
    # With process ids of its own, everything in it ends with it; --die-with-parent is lost when
    # setpriv changes the user. The inner sandbox can only mount a /proc of its own where a whole
    # one can be seen, and that of these process ids.
    start += [setpriv, "--pdeathsig", "KILL", unshare, "--pid", "--fork", "--mount-proc"]
    # No namespace of users: it would hold root only. The inner sandbox has one.
    outer = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    outer += ["--dev-bind", "/proc", "/proc", "--dev", "/dev"]
    outer += [*_links(), "--perms", "0755", "--dir", "/tmp", *_tree(binds, hidden, ways), *cover]
    nobody = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    inner = [bwrap, *own, "--ro-bind", "/", "/", *tmp, *_tree(in_tmp, ways=ways_in_tmp), *rest]
    return [*start, "--kill-child", bwrap, *outer, "--", *nobody, *inner, "--", *argv]


def _links() -> Iterator[str]:
    for link in _ROOT_LINKS:
        if os.path.islink(link):
            yield from ("--symlink", os.readlink(link), link)


def _binds() -> dict[str, Path]:
    """What every sandbox shows: path inside → outside. The same, as Python finds itself by it."""
    paths = [Path("/usr"), Path(_CORES)]
    paths += [Path(link) for link in _ROOT_LINKS if not os.path.islink(link)]
    paths += [Path("/etc", part) for part in _PARTS_OF_ETC]
    for prefix in _prefixes():
        # Of /usr not all is seen.
        if prefix != Path("/usr"):
            paths += [prefix / part for part in _PARTS_OF_PREFIX]
    # Python may be installed in ~/.local, where Jupyter keeps keys, and the desktop what was thrown
    # away.
    own = Path(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")).resolve()
    paths = [path for path in paths if path.resolve() != own]
    return {str(path): path for path in paths if path.exists()}


def _prefixes() -> set[Path]:
    """Where Python is installed: the environment, and where its links end."""
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), _executables()[-1].parent.parent}
    # /bin/python3 may be there, but / is not where Python is installed.
    return (prefixes | {prefix.resolve() for prefix in prefixes}) - {Path("/")}


def _executables() -> list[Path]:
    """Python as it was started, and what its links lead to, one after the other."""
    found = [Path(sys.executable)]
    while found[-1].is_symlink():
        found.append(Path(os.path.normpath(found[-1].parent / os.readlink(found[-1]))))
    return found


def _ways(binds: Mapping[str, Path]) -> dict[str, str]:
    """Links on the way to Python that are in nothing that is seen: link → what stands in it.

    Nothing else beside them is: ~/.local/bin may be on the way, and ~/.local is somebody's own.
    """
    return {
        str(link): os.readlink(link)
        for link in _executables()[:-1]
        if not any(
            place.is_relative_to(inside)
            for place in (link, link.parent.resolve())
            for inside in binds
        )
    }


def _empty(folder: Path) -> list[str]:
    """Covers a folder: an installed grader lies among Python's packages."""
    return ["--perms", "0555", "--tmpfs", str(folder), "--remount-ro", str(folder)]


def _private() -> set[Path]:
    """What is kept among the system's files, and no program of a learner's needs."""
    return {
        *(
            place
            for top, parts in _SYSTEM.items()
            for place in (top.iterdir() if top.is_dir() else ())
            if place.name not in parts
            and not place.name.startswith(_LIBRARIES_OF_LOCAL)
            # What a link leads to may well be needed, and is not seen by it where it is not.
            and not place.is_symlink()
        ),
        *(top / _EXCHANGE for top in {*_SYSTEM, *_prefixes()}),
        *(place for busy in _BUSY for place in Path(_CORES).glob(busy)),
    }


def _hidden(binds: Mapping[str, Path], hide: Collection[Path]) -> dict[str, Path]:
    """What is to be hidden of what is seen: path inside → outside."""
    found = {}
    for private in {Path(os.path.realpath(place)) for place in hide}:
        if not private.exists():
            continue
        for inside, outside in binds.items():
            real = Path(os.path.realpath(outside))
            # What is bound by its own name is to be seen.
            if private != real and private.is_relative_to(real):
                found[str(Path(inside, private.relative_to(real)))] = private
    return found


def _tree(
    binds: Mapping[str, Path],
    hidden: Mapping[str, Path] | None = None,
    ways: Mapping[str, str] | None = None,
) -> Iterator[str]:
    made = {Path("/"), Path("/tmp")}
    empty = [(inside, False, place) for inside, place in (hidden or {}).items()]
    # What is seen in a hidden folder all the same comes after it.
    for inside, seen, outside in sorted(
        [*empty, *((at, True, place) for at, place in binds.items())]
    ):
        if not seen and outside.is_dir():
            yield from ("--perms", "0555", "--tmpfs", inside)
            continue
        yield from _parents(inside, made)
        yield from ("--ro-bind", str(outside) if seen else os.devnull, inside)
    for way, to in (ways or {}).items():
        yield from (*_parents(way, made), "--symlink", to, way)


def _parents(inside: str, made: set[Path]) -> Iterator[str]:
    for folder in reversed(Path(inside).parents):
        if folder not in made:
            made.add(folder)
            # Else bubblewrap makes it, for root only.
            yield from ("--perms", "0755", "--dir", str(folder))


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise GraderError(f"The program {name} is missing: apt-get install {package}.")
    return found
