"""IPython without a terminal or a kernel: runs cells, and reports on them.

Player and judge both run cells in it.
"""

from __future__ import annotations

import ast
import codecs
import contextlib
import inspect
import os
import signal
import subprocess
import sys
import types
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from IPython.core import interactiveshell
from IPython.core.compilerop import CachingCompiler
from IPython.core.formatters import DisplayFormatter
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from grader.protocol.errors import OUR_ERRORS
from grader.protocol.names import imports_of, names_of
from grader.protocol.orders import Begin, Defines
from grader.protocol.outputs import Report
from grader.protocol.wire import ready
from grader.sandboxed.outputs import OUTPUTS, OutputStream, Publisher, Results

_PLAIN = TransformerManager()
# Seconds between two looks whether a command has ended: what it leaves running may go on writing.
_LOOK = 0.05
# A learner may add some.
_TRANSFORMS = len(_PLAIN.cleanup_transforms), len(_PLAIN.line_transforms)


class _Compiler(CachingCompiler):
    """Remembers under which file name the current cell was compiled, to find it in a traceback."""

    cell_file = ""
    # The cell that was last found to be plain Python, and its tree.
    parsed: tuple[str, ast.Module] | None = None

    def ast_parse(self, source: str, filename: str = "<unknown>", symbol: str = "exec") -> ast.AST:
        parsed, self.parsed = self.parsed, None
        if parsed is not None and parsed[0] == source and symbol == "exec":
            return parsed[1]
        tree: ast.AST = super().ast_parse(source, filename, symbol)
        return tree

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        self.cell_file = super().get_code_name(raw_code, transformed_code, number)
        # A traceback asks several times of each frame which module it is of. For a cell the answer
        # is none, but inspect would go through all modules for that, more than 2,000 with torch.
        inspect.modulesbyfile[self.cell_file] = ""
        # A cell before may have removed the working folder.
        with contextlib.suppress(FileNotFoundError):
            inspect.modulesbyfile[os.path.abspath(self.cell_file)] = ""
        return self.cell_file


def _as_lines(source: str) -> str:
    return source if source.endswith("\n") else f"{source}\n"


def _parsed(source: str) -> ast.Module | None:
    """The tree of a cell of plain Python without anything to warn of."""
    with (
        contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError),
        warnings.catch_warnings(),
    ):
        # A warning names a file: it is to be the one of the cell.
        warnings.simplefilter("error")
        return ast.parse(source)
    return None


class _Formatter(DisplayFormatter):
    """What objects look like. A picture takes long to draw: nobody does so where none is seen."""

    is_seen = True

    def format(self, obj: Any, include: Any = None, exclude: Any = None) -> Any:
        if self.is_seen or not _is_picture(type(obj)):
            return super().format(obj, include, exclude)
        return {}, {}


def _is_picture(kind: type) -> bool:
    """Of a library: what a class of the notebook's own does when it is shown is its to say."""
    figures = sys.modules.get("matplotlib.figure")
    is_figure = figures is not None and issubclass(kind, figures.Figure)
    return kind.__module__ != "__main__" and (is_figure or hasattr(kind, "_repr_mimebundle_"))


def _name_of(error: type[BaseException]) -> str:
    """What an exception is called: as the engine's own only if it is one of these.

    What they say, people read of hidden tests, too; and a given class may have such a name.
    """
    known = (cls for cls in error.__mro__ if cls.__name__ not in OUR_ERRORS or _is_ours(cls))
    return next(known).__name__


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith("grader.")


class Shell(InteractiveShell):
    """IPython without a terminal or a kernel: outputs go to `OUTPUTS`."""

    display_pub_class = Type(Publisher)
    displayhook_class = Type(Results)
    compiler_class = Type(_Compiler)
    compile: _Compiler
    display_formatter: _Formatter
    error_line: int | None = None
    # Where it works, and the files of the exercise lie.
    folder = ""
    # The classes of these files that given cells have imported, by name.
    filed: dict[str, type]

    def init_display_formatter(self) -> None:
        self.display_formatter = _Formatter(parent=self)
        self.configurables.append(self.display_formatter)  # type: ignore[arg-type]

    def transform_cell(self, raw_cell: str) -> str:
        """As IPython's, which takes longer than running most cells, where there is need for it."""
        known = self.input_transformer_manager
        if (len(known.cleanup_transforms), len(known.line_transforms)) == _TRANSFORMS:
            cell = _as_lines(raw_cell)
            tree = _parsed(raw_cell)
            if tree is not None:
                self.compile.parsed = cell, tree
                return cell
        transformed: str = super().transform_cell(raw_cell)
        return transformed

    def should_run_async(self, raw_cell: str, **how: Any) -> bool:
        """As IPython's, which compiles the cell to find out, where it may be so."""
        cell = how.get("transformed_cell") or ""
        return ("await" in cell or "async" in cell) and super().should_run_async(raw_cell, **how)

    def _format_exception_for_storage(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Nothing: IPython would format each traceback a second time, for a history on a disk."""
        return {}

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        try:
            value = str(evalue)
        except Exception as broken:
            value = f"<its message could not be made: {type(broken).__name__}>"
        OUTPUTS.error(_name_of(etype), value, [str(line) for line in stb])
        file = self.compile.cell_file
        if self.error_line is not None:
            return
        if isinstance(evalue, SyntaxError) and evalue.filename == file:
            self.error_line = evalue.lineno
        frame = getattr(evalue, "__traceback__", None)
        while frame is not None:
            if frame.tb_frame.f_code.co_filename == file:
                self.error_line = frame.tb_lineno
            frame = frame.tb_next

    def enable_gui(self, gui: Any = None) -> None:
        """There is no event loop to enable; the inline backend of matplotlib asks for none."""

    def ask_exit(self) -> None:
        """`exit` and `quit` end nothing here, as `sys.exit` ends no cell but its own."""


def run_command(command: str) -> int:
    """Runs what stands behind a `!`, and returns as IPython's own function does.

    That gives it a terminal, at which `more`, or whatever else reads, waits until the cell's time
    is up. Here nothing is to be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with subprocess.Popen(
        [os.environ.get("SHELL", "sh"), "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        number = process.stdout.fileno()
        try:
            while ready([number], _LOOK) or process.poll() is None:
                if not ready([number], 0):
                    continue
                data = os.read(number, 65_536)
                if not data:
                    break
                print(decoder.decode(data), end="")
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    status = process.returncode
    return 128 - status if status > 128 else status


def make_shell() -> Shell:
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.banner1 = ""
    shell: Shell = Shell.instance(config=config)
    shell.filed = {}
    setattr(interactiveshell, "system", run_command)  # noqa: B010
    if "matplotlib" in sys.modules:
        # Figures become outputs, as in a notebook; the inline backend draws with Agg.
        shell.enable_matplotlib("inline")
    # What the first traceback imports takes longer than all that come after it.
    try:
        raise ValueError
    except ValueError:
        shell.InteractiveTB.structured_traceback(*sys.exc_info())
    return shell


class Interrupts:
    """Turns SIGINT into KeyboardInterrupt while a cell runs, and into nothing otherwise."""

    running = False

    def __call__(self, *_: object) -> None:
        if self.running:
            raise KeyboardInterrupt


INTERRUPTS = Interrupts()


def settle_in(shell: Shell, order: Begin, data: bytes) -> None:
    """Makes this process one that runs cells: streams, signals, working folder and its files.

    Args:
        data: what is in the files.

    Raises:
        OSError: when the folder can't hold them.
    """
    signal.signal(signal.SIGINT, INTERRUPTS)
    os.makedirs(order.folder, exist_ok=True)
    os.chdir(order.folder)
    shell.folder = order.folder
    sys.stdin = open(os.devnull)  # noqa: SIM115
    sys.stdout = OutputStream("stdout", 1)
    sys.stderr = OutputStream("stderr", 2)
    OUTPUTS.limit = order.output_limit
    _write_files(order.folder, order.files, data)


def run_cell(shell: Shell, source: str, keep: bool = True, seen: bool = True) -> Report:
    """Runs a cell and reports on it.

    Args:
        keep: whether it counts, and is kept in IPython's history.
        seen: whether anybody sees its pictures.
    """
    me = os.getpid()
    OUTPUTS.begin()
    shell.error_line = None
    shell.display_formatter.is_seen = seen
    count = shell.execution_count
    succeeded = False
    try:
        INTERRUPTS.running = True
        succeeded = bool(shell.run_cell(source, store_history=keep).success)
    except BaseException as error:
        OUTPUTS.error(type(error).__name__, str(error), [])
    finally:
        INTERRUPTS.running = False
    if os.getpid() != me:
        # A cell forked: only one of the two goes on with the notebook.
        os._exit(0)
    if not succeeded and not OUTPUTS.has_error:
        OUTPUTS.error("Error", "the cell failed without a traceback", [])
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    return Report(OUTPUTS.taken(), count, shell.error_line)


def defined_by_given(
    shell: Shell, source: str, given: dict[str, Any], defines: Defines | None = None
) -> None:
    """Adds the functions and classes that a given cell binds, by name.

    What it imports from a file beside the notebook the shell keeps.
    """
    if defines is None:
        try:
            cell = shell.transform_cell(source)
            defines = Defines([*names_of(cell).bound], [*imports_of(cell).values()])
        except SyntaxError:
            return
    for name in defines.binds:
        value = shell.user_ns.get(name)
        # Not by what it says that it is: a test may have left what says nothing of itself.
        is_defined = issubclass(type(value), type | types.FunctionType)
        if is_defined and value.__module__ == "__main__":
            given[name] = value
    for place in defines.imports:
        for module in (place.partition(":")[0], place.replace(":", ".")):
            for name, value in _classes_in(shell.folder, module):
                shell.filed.setdefault(name, value)


def _classes_in(folder: str, module: str) -> Iterator[tuple[str, type]]:
    """The classes of a module, by name, that a file in this folder defines."""
    if not _lies_in(folder, module):
        return
    for value in vars(sys.modules[module]).values():
        if isinstance(value, type) and _lies_in(folder, value.__module__):
            yield value.__name__, value


def _lies_in(folder: str, module: str) -> bool:
    file = getattr(sys.modules.get(module), "__file__", None)
    return isinstance(file, str) and file.startswith(f"{folder}/")


def _write_files(folder: str, sizes: Mapping[str, int], data: bytes) -> None:
    """Lays out files that came as one string of bytes."""
    start = 0
    for name, size in sizes.items():
        path = os.path.join(os.fsencode(folder), name.encode("latin-1"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data[start : start + size])
        start += size
