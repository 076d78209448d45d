"""Python for the pages: what runs the ways to learn in a browser, with nothing installed.

`site/runtime.toml` names what is fetched, from npm and from Python's package index, each with its
checksum. It is kept in `.build/runtime` and served by the site itself.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from authoring.site.faults import SiteError

# Of Pyodide, what a page asks for.
_LOADED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
# Of Python's library, what no page comes near.
_UNUSED = (
    "_ast_unparse _pydatetime _pydecimal _pyio _pyrepl antigravity argparse "
    "asyncio/windows_events asyncio/windows_utils asyncio/proactor_events bdb cProfile cmd code "
    "compileall concurrent/futures/process concurrent/interpreters configparser ctypes curses "
    "dbm difflib distutils doctest email/_header_value_parser ensurepip ftplib http/cookiejar "
    "http/cookies http/server idlelib imaplib lib2to3 logging/config logging/handlers mailbox "
    "multiprocessing nntplib optparse pdb pickletools plistlib poplib profile pstats pydoc "
    "pydoc_data rlcompleter sched smtplib sqlite3/dump ssl symtable tabnanny tarfile this "
    "tkinter tomllib trace turtle turtledemo unittest venv webbrowser wsgiref xml/dom xmlrpc "
    "zipapp"
)
_ENCODINGS = {"__init__", "aliases", "ascii", "cp437", "idna", "latin_1", "utf_8"}
# Of libraries, what nothing here imports.
_NOT_PACKED = (
    "annotated_types/test_cases.py",
    "mistune/directives/",
    "pydantic/plugin/_loader.py",
    "pydantic/v1/",
    "pydantic/mypy.py",
)
_STEMMER = ("among.py", "basestemmer.py", "english_stemmer.py")
_IMPORTED = """
import json, pkgutil, sys
import coursekit.learn.widgets.page as page
from coursekit.learn.widgets import modes
for module in pkgutil.iter_modules(modes.__path__):
    __import__(f"{modes.__name__}.{module.name}")
ours = (module for name, module in sys.modules.items() if name.split(".")[0] == "coursekit")
print(json.dumps(sorted(module.__file__ for module in ours)))
"""


def write(root: Path, kept: Path, folder: Path) -> int:
    """Writes all that a page needs to run Python.

    Args:
        root: Of the course.
        kept: Where what was fetched is kept from one build to the next.
        folder: Where it is written.

    Returns:
        How many bytes a page fetches when somebody first practises.

    Raises:
        SiteError: if something can't be fetched, or is not what it was.
    """
    wanted = tomllib.loads((root / "site" / "runtime.toml").read_text(encoding="utf-8"))
    kept.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    pyodide = _pyodide(wanted["pyodide"], kept)
    wheels = [_wheel(one, kept) for one in wanted["wheels"]]
    packages = kept / "packages.zip"
    _pack(packages, _contents(root, wheels))
    _slim(pyodide / "python_stdlib.zip")
    made = _compile(pyodide, packages, kept)
    for name in ("pyodide.mjs", "pyodide.asm.mjs"):
        shutil.copy2(pyodide / name, folder / name)
    large = {
        "pyodide.asm.wasm": (pyodide / "pyodide.asm.wasm").read_bytes(),
        "python_stdlib.zip": (made / "python_stdlib.zip").read_bytes(),
        "packages.tar": _tar(made / "packages.zip"),
    }
    # Not “.gz”: some servers say of that that it is packed for the way, and browsers unpack it.
    for name, content in large.items():
        (folder / f"{name}-gzip").write_bytes(gzip.compress(content, 9, mtime=0))
    (folder / "en.json-gzip").write_bytes(_english())
    lock = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    sizes = {f"{name}-gzip": (folder / f"{name}-gzip").stat().st_size for name in large}
    contents = {"lock": {"info": lock["info"], "packages": {}}, "sizes": sizes}
    (folder / "contents.json").write_text(json.dumps(contents), encoding="utf-8")
    scripts = [(folder / name).read_bytes() for name in ("pyodide.mjs", "pyodide.asm.mjs")]
    return sum(sizes.values()) + sum(len(gzip.compress(script)) for script in scripts)


def _compile(pyodide: Path, packages: Path, kept: Path) -> Path:
    """The folder of Python's library and the packages, compiled unless they are as they were."""
    script = Path(__file__).with_name("compile.mjs")
    inputs = (script, packages, pyodide / "python_stdlib.zip", pyodide / "pyodide.asm.wasm")
    digest = hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in inputs))
    made = kept / digest.hexdigest()[:16]
    if not made.is_dir():
        half = kept / f"{made.name}.part"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        _run(["node", script, pyodide, packages, half], "The site's Python could not be compiled")
        half.rename(made)
    return made


def _pyodide(wanted: dict[str, str], kept: Path) -> Path:
    """The folder of what Pyodide brings."""
    return from_npm("pyodide", wanted, kept)


def from_npm(name: str, wanted: dict[str, str], kept: Path) -> Path:
    """The folder of what a package brings: its `version`, which has this `sha256`.

    Raises:
        SiteError: if it can't be fetched, or is not what it was.
    """
    file = kept / f"{name}-{wanted['version']}.tgz"
    if not file.is_file():
        _run(
            ["npm", "pack", "--silent", "--pack-destination", kept, f"{name}@{wanted['version']}"],
            f"{name} {wanted['version']} could not be fetched from npm",
        )
    content = _checked(file, wanted["sha256"])
    folder = kept / name
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        # Python 3.11.2, which Debian 12 has, knows no filters.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(kept)
    return (kept / "package").rename(folder)


def _wheel(wanted: dict[str, str], kept: Path) -> Path:
    path = kept / wanted["file"]
    if not path.is_file():
        if find_spec("pip") is None:  # uv makes environments without it.
            _run([sys.executable, "-m", "ensurepip"], "pip is needed to fetch the site's Python")
        name, version, *_ = wanted["file"].split("-")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--python-version", "314", "--implementation", "cp"]
        command += ["--abi", "cp314", "--abi", "none", "--platform", "any"]
        command += ["--platform", "pyemscripten_2026_0_wasm32", "--dest", str(kept)]
        _run([*command, f"{name}=={version}"], f"{name} {version} could not be fetched")
    _checked(path, wanted["sha256"])
    return path


def _checked(path: Path, wanted: str) -> bytes:
    content = path.read_bytes()
    if (found := hashlib.sha256(content).hexdigest()) != wanted:
        raise SiteError(
            f"{path} is not what site/runtime.toml names (its SHA-256 is {found}): delete it, and "
            "build again."
        )
    return content


def _run(command: list[str | Path], problem: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise SiteError(f"{problem}: {command[0]} is not installed.") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["it gave no reason"]
        raise SiteError(f"{problem}: {lines[-1]}") from error


def _contents(root: Path, wheels: list[Path]) -> Iterator[tuple[str, bytes]]:
    """What is packed: of the course what the page imports, of libraries what is no test of them."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if _is_packed(name):
                    yield name, archive.read(name)
    run = subprocess.run(
        [sys.executable, "-c", _IMPORTED], cwd=root, capture_output=True, text=True, check=True
    )
    for path in map(Path, json.loads(run.stdout)):
        yield path.relative_to(root).as_posix(), path.read_bytes()
    data = ("coursekit/learn/questions/banks/*", "coursekit/learn/*.json")
    for path in sorted(path for pattern in data for path in root.glob(pattern)):
        yield path.relative_to(root).as_posix(), path.read_bytes()
    # Its own imports every language there is.
    yield (
        "snowballstemmer/__init__.py",
        b"from snowballstemmer.english_stemmer import EnglishStemmer\n\n\n"
        b"def stemmer(_):\n    return EnglishStemmer()\n",
    )
    # Its own looks for plug-ins in what is installed, and imports a mail program's worth for that.
    yield "pydantic/plugin/_loader.py", b"def get_plugins():\n    return ()\n"
    # Its list of words comes when somebody writes.
    yield "spellchecker/__init__.py", b""


def _is_packed(name: str) -> bool:
    folder, _, file = name.partition("/")
    if folder == "snowballstemmer":
        return file in _STEMMER
    if "/licenses/" in name:
        return True
    return not name.startswith(_NOT_PACKED) and name.endswith((".py", ".so", ".txt"))


def _pack(path: Path, contents: Iterator[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in contents:
            archive.writestr(zipfile.ZipInfo(name), content)


def _tar(packages: Path) -> bytes:
    """What a page's script unpacks in ten lines; a zip takes Python a tenth of a second there."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(packages) as archive,
        tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name in archive.namelist():
            entry = tarfile.TarInfo(name)
            entry.size = archive.getinfo(name).file_size
            tar.addfile(entry, archive.open(name))
    return made.getvalue()


def _slim(library: Path) -> None:
    """Takes out of Python's library what no page comes near."""
    with zipfile.ZipFile(library) as archive:
        left = [(name, archive.read(name)) for name in archive.namelist() if _is_used(name)]
    _pack(library, iter(left))


def _is_used(name: str) -> bool:
    folder, _, file = name.partition("/")
    if folder == "encodings":
        return file.removesuffix(".py") in _ENCODINGS
    module = name.removesuffix(".py")
    above = {module.rsplit("/", depth)[0] for depth in range(module.count("/") + 1)}
    return not name.endswith("/") and above.isdisjoint(_UNUSED.split())


def _english() -> bytes:
    import spellchecker

    return (Path(spellchecker.__file__).parent / "resources" / "en.json.gz").read_bytes()
