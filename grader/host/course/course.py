"""A course directory, as nbgrader's own configuration describes it."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import normalize

from traitlets.config import Config
from traitlets.config.loader import (
    ConfigFileNotFound,
    JSONFileConfigLoader,
    PyFileConfigLoader,
)

from grader.host.course import not_honoured, variants
from grader.host.settings import Grader, read_settings
from grader.protocol.errors import GraderError

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from grader.host.course.assignment import Assignment

CONFIG_FILE, CONFIG_DATA = "nbgrader_config.py", "nbgrader_config.json"
# nbgrader's own, in the folder of the course, if nothing else is said.
BOOK = "gradebook.db"


@dataclass(frozen=True)
class Course:
    """A course directory as nbgrader knows it.

    Attributes:
        source: the folder of instructor versions; each folder in it is an assignment.
        release: the folder of release versions, which need not exist.
        fill: makes tests of AUTOTEST lines, of the course, where the notebook lies, and what it is.
    """

    root: Path
    source: Path
    release: Path
    course_id: str
    config: Config
    settings: Grader
    fill: Callable[[Course, Path, NotebookNode], NotebookNode] | None = None

    @classmethod
    def open(cls, root: Path) -> Course:
        """Reads nbgrader's configuration, if there is one, for the names of the folders.

        Raises:
            GraderError: when the folder, its configuration or its source folder cannot be read.
        """
        if not root.is_dir():
            raise GraderError(f"There is no course folder {root}.")
        config = Config()
        # As nbgrader does: what stands in the second counts.
        for name, loader in (
            (CONFIG_FILE, PyFileConfigLoader),
            (CONFIG_DATA, JSONFileConfigLoader),
        ):
            try:
                config.merge(loader(name, path=str(root)).load_config())
            except ConfigFileNotFound:
                continue
            except Exception as error:
                raise GraderError(f"{root / name} cannot be read: {error}") from error
        directories = config.get("CourseDirectory", {})
        source_name = str(directories.get("source_directory", "source"))
        source = root / source_name
        elsewhere = root / str(directories.get("root", ""))
        if (elsewhere / source_name).is_dir() and not elsewhere.samefile(root):
            raise GraderError(
                f"{root / CONFIG_FILE} sets c.CourseDirectory.root to {elsewhere}: name that "
                "folder with --course, or take the line out."
            )
        if not source.is_dir():
            raise GraderError(
                f"{root.absolute()} has no folder {source_name}/ with the instructor versions of "
                "assignments: name the course's folder with --course."
            )
        return cls(
            root,
            source,
            root / str(directories.get("release_directory", "release")),
            str(directories.get("course_id", "")) or "default_course",
            config,
            read_settings(config, root / CONFIG_FILE),
        )

    @property
    def shown(self) -> dict[str, Path]:
        """What cells may read in the sandbox, as `Engine` wants it: `c.Grader.show` in the config.

        Raises:
            GraderError: when something of it is missing.
        """
        shown = {}
        for name in self.settings.show:
            path = Path(os.path.normpath(self.root.absolute() / str(name)))
            if not path.exists():
                raise GraderError(f"{CONFIG_FILE} shows {name} to learners' code: it is missing.")
            if path.is_relative_to(self.root.absolute()):
                shown[f"/course/{path.relative_to(self.root.absolute())}"] = path
                continue
            # From elsewhere: in its own place, and what can be imported of it on the path.
            shown[str(path)] = path
            for part in [path] if _is_module(path) or not path.is_dir() else path.iterdir():
                if _is_module(part):
                    shown[f"/course/{part.name}"] = part
        return shown

    @property
    def hidden(self) -> list[Path]:
        """What no submission may read, wherever it lies, but for what `shown` names."""
        folders = self.config.get("CourseDirectory", {})
        names = {
            step: str(folders.get(f"{step}_directory", step))
            for step in ("source", "source_with_tests", "submitted", "autograded", "feedback")
        }
        places = [self.root, *(self.root / name for name in (*names.values(), BOOK, variants.FILE))]
        # Where it lies is often said for the whole machine.
        for config in (self.config, *(other for _, other in not_honoured.elsewhere())):
            exchange = config.get("Exchange", {})
            places += [
                Path(str(exchange[name])) for name in ("root", "cache") if exchange.get(name)
            ]
        return [*places, *file_of(self.db_url)]

    @property
    def db_url(self) -> str | None:
        """The gradebook that the config names: `c.Grader.db_url`, else `c.CourseDirectory.db_url`.

        None for the file in the course's folder, which nbgrader uses where nothing is said: what is
        graded into another folder has its gradebook there.
        """
        own = str(self.config.get("CourseDirectory", {}).get("db_url") or "")
        url, file = self.settings.db_url or own, "sqlite:///"
        if url.startswith(file):
            # nbgrader works in the course's folder, wherever it was started.
            url = f"{file}{self.root.absolute() / url.removeprefix(file)}"
        is_usual = not self.settings.db_url and url == f"{file}{self.root.absolute() / BOOK}"
        return None if is_usual else url or None

    def shown_digest(self) -> str:
        """A hash of what `shown` holds."""
        return digest_of(self.shown)

    def assignments(self) -> list[str]:
        """The names of all assignments, sorted."""
        return sorted(
            folder.name
            for folder in self.source.iterdir()
            if folder.is_dir() and any(folder.glob("*.ipynb"))
        )

    def handed_in(self, submitted: Path) -> list[str]:
        """The assignments for which a folder of submissions holds something, sorted."""
        if not submitted.is_dir():
            return []
        # One folder higher than they should be, notebooks are named like their assignment.
        found = {
            normalize("NFC", path.name.removesuffix(".ipynb")) for path in submitted.glob("*/*")
        }
        return [name for name in self.assignments() if normalize("NFC", name) in found]

    def count_handed_in(self, submitted: Path, names: Iterable[str]) -> int:
        """How many submissions there seem to be for these assignments, without opening one."""
        return sum(1 for name in names for _ in submitted.glob(f"*/{glob.escape(name)}"))

    def variants(self) -> variants.Numbers:
        """Who was given which number of an exercise that differs by learner.

        Raises:
            GraderError: when what is kept of it cannot be understood.
        """
        return variants.read_numbers(self.root)

    def load(self, name: str, variant: int = 0) -> Assignment:
        """Reads one assignment.

        Args:
            variant: the number that a learner was given.

        Raises:
            GraderError: when there is none of this name, or its source is damaged.
        """
        known = self.assignments()
        if name not in known:
            raise GraderError(
                f"The course has no assignment {name!r}; it has {', '.join(known) or 'none'}."
            )
        not_honoured.check(self.config)
        # Not before it is needed: nbgrader takes as long to import as everything else here.
        from grader.host.course.assignment import Assignment

        sources = {}
        released = {}
        for path in sorted((self.source / name).glob("*.ipynb")):
            where = f"{path.name} of assignment {name}"
            written = os.fsencode(where).decode("utf-8", "backslashreplace")
            if written != where:
                raise GraderError(f"The name of {written} is no UTF-8: rename it.")
            sources[path.stem] = variants.numbered(self._source(name, path), variant, where)
            release = self.release / name / path.name
            if release.is_file():
                released[path.stem] = variants.numbered(read_own(release), variant, where)
        cells = (cell.source for notebook in sources.values() for cell in notebook.cells)
        if variant and not any(variants.MARK in source for source in cells):
            raise GraderError(
                f"{variants.FILE} says who was given which number in {name}, and there is no "
                f"{variants.MARK} in it: put the line back, or take {name} out of the file."
            )
        return Assignment.from_notebooks(
            name,
            sources,
            released,
            self._files_released(name),
            self.config,
            for_tests=self.files_for_tests(name),
            variant=variant,
        )

    def _source(self, name: str, path: Path) -> NotebookNode:
        """An instructor version, with the course's header and footer, and the tests that nbgrader
        makes of its solutions."""
        place = self.filled / name / path.name
        release = self.release / name / path.name
        source = read_own(path)
        if place.is_file():
            filled = read_own(place)
            if not self._is_filled(filled, source):
                raise GraderError(
                    f"{path.name} of assignment {name} has changed since its tests were filled in: "
                    + self._how_to_fill(name)
                )
            if self._is_released(filled, source, release):
                return included(filled, self.config, self.root)
        source = included(source, self.config, self.root)
        if not self._has_autotests(source):
            return source
        why = "nothing here fills them in"
        if self.fill is not None:
            try:
                made = self.fill(self, path, source)
                # Below a header nbgrader releases hashes with another salt than it has filled in.
                if not place.is_file() or self._is_released(made, source, release):
                    return made
            except Exception as error:
                why = (str(error).strip() or type(error).__name__).splitlines()[-1].rstrip(".")
        if place.is_file():
            raise GraderError(
                f"The release of {path.name} of assignment {name} has other tests than those "
                f"that were filled in: {self._how_to_fill(name)}"
            )
        raise GraderError(
            f"{path.name} of assignment {name} has AUTOTEST lines, which are no tests yet ({why}): "
            + self._how_to_fill(name)
        )

    def _how_to_fill(self, name: str) -> str:
        return (
            f"type `nbgrader generate_assignment {name} --source_with_tests --force` in the "
            "course's folder, then grade again."
        )

    def _is_filled(self, filled: NotebookNode, source: NotebookNode) -> bool:
        """Whether a notebook is the source with tests in the place of AUTOTEST lines."""
        return len(filled.cells) == len(source.cells) and all(
            _about(cell) == _about(original) and self._holds(cell.source, original)
            for cell, original in zip(filled.cells, source.cells, strict=True)
        )

    def _is_released(self, filled: NotebookNode, source: NotebookNode, release: Path) -> bool:
        """Whether the release, if there is one, has the tests that were filled in.

        autotests.yml may have changed between, and nbgrader grades by those that it has released.
        """
        # It loads nbgrader.
        from grader.host.course.assignment import without_hidden_tests

        if not release.is_file():
            return True
        here, there = (
            without_hidden_tests(notebook, self.config) for notebook in (filled, read_own(release))
        )
        names = (
            cell.metadata.get("nbgrader", {}).get("grade_id")
            for cell in source.cells
            if self._is_autotest(cell)
        )
        return all(
            here[name].strip() == there[name].strip()
            for name in names
            if name in here and name in there
        )

    def _holds(self, filled: str, original: NotebookNode) -> bool:
        """Whether a cell's text has all of the original's: its lines in their order, and the pieces
        of code that its AUTOTEST lines name."""
        if not self._is_autotest(original):
            return filled.strip() == original.source.strip()
        left = iter(filled.splitlines())
        for line in original.source.splitlines():
            if not self._has_delimiter(line):
                if line not in left:
                    return False
            elif any(piece.strip() not in filled for piece in self._pieces(line)):
                return False
        return True

    def _pieces(self, line: str) -> list[str]:
        return line.partition(self._delimiter)[2].split(";")

    @property
    def filled(self) -> Path:
        """The folder in which nbgrader keeps notebooks with tests made of AUTOTEST lines."""
        directories = self.config.get("CourseDirectory", {})
        return self.root / str(directories.get("source_with_tests_directory", "source_with_tests"))

    def instructor_versions(self, name: str) -> dict[str, NotebookNode]:
        """By file name, the notebooks of an assignment as submissions are graded against them."""
        paths = sorted((self.source / name).glob("*.ipynb"))
        return {path.name: self._source(name, path) for path in paths}

    def _has_autotests(self, source: NotebookNode) -> bool:
        """Whether nbgrader would make tests of its comments."""
        return any(map(self._is_autotest, source.cells))

    def _is_autotest(self, cell: NotebookNode) -> bool:
        lines = cell.source.split("\n") if cell.cell_type == "code" else []
        return any(map(self._has_delimiter, lines))

    def _has_delimiter(self, line: str) -> bool:
        return self._delimiter in line and line.strip().startswith("#")

    @property
    def _delimiter(self) -> str:
        return str(self.config.get("InstantiateTests", {}).get("autotest_delimiter", "AUTOTEST"))

    def _files_released(self, name: str) -> dict[str, Path]:
        """What stands beside an assignment's release, or its source where there is none."""
        release = self.release / name
        return _beside(release if release.is_dir() else self.source / name)

    def files_for_tests(self, name: str) -> dict[str, Path]:
        """What stands beside an assignment's source and is not released, by path in its folder."""
        return not_released(self.source / name, self.release / name)


def _about(cell: NotebookNode) -> list[object]:
    """What nbgrader is told of a cell that marks hang on."""
    known = cell.metadata.get("nbgrader", {})
    names = ("grade_id", "points", "grade", "solution", "locked", "task")
    return [known.get(name) for name in names]


def not_released(source: Path, release: Path) -> dict[str, Path]:
    """The files beside the notebooks of one folder that another, if it is there, has not."""
    if not release.is_dir():
        return {}
    released = _beside(release)
    return {path: file for path, file in _beside(source).items() if path not in released}


def _beside(folder: Path) -> dict[str, Path]:
    """The files beside the notebooks of a folder, by path in it."""
    return {
        str(path.relative_to(folder)): path
        for path in files_below(folder)
        if path.suffix.lower() != ".ipynb"
    }


def _is_module(path: Path) -> bool:
    """Whether it can be imported by its name."""
    return path.suffix == ".py" or (path / "__init__.py").is_file()


def digest_of(shown: Mapping[str, Path]) -> str:
    """A hash of files and folders: the names that they get, and contents."""
    digest = hashlib.sha256()
    for name, place in shown.items():
        for path in files_below(place) if place.is_dir() else [place]:
            digest.update(os.fsencode(f"{name} {path.relative_to(place)}\0"))
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_own(path: Path) -> NotebookNode:
    """A notebook of the teacher's.

    Raises:
        GraderError: when it cannot be read.
    """
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:
        raise GraderError(f"{path} cannot be read: {error}") from error


def included(notebook: NotebookNode, config: Config, root: Path) -> NotebookNode:
    """A notebook with the course's header and footer, as nbgrader puts them around each.

    Raises:
        GraderError: when one of them cannot be read.
    """
    settings = config.get("IncludeHeaderFooter", {})
    around: dict[str, list[NotebookNode]] = {"header": [], "footer": []}
    taken = {cell.get("id") for cell in notebook.cells} | {None}
    for name, cells in around.items():
        place = settings.get(name) if settings.get("enabled", True) else None
        cells += read_own(root / str(place)).cells if place else []
        for number, cell in enumerate(cells):
            # Notebooks of older formats have no ids, and two may have the same.
            own = cell.pop("id", None)
            if notebook.nbformat_minor >= 5:
                cell.id = f"{name}-{number}" if own in taken else own
                taken.add(cell.id)
    if any(around.values()):
        notebook.cells = [*around["header"], *notebook.cells, *around["footer"]]
    return notebook


def file_of(db_url: str | None) -> list[Path]:
    """The file in which a gradebook lies; none of one on a server."""
    # It may name who is to open it, and how: SQLAlchemy's docs on sqlite.
    found = re.match(r"sqlite(?:\+\w+)?:///([^?]+)", db_url or "")
    return [Path(found[1])] if found else []


def files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside)
        if path.is_file() and not hidden:
            yield path
