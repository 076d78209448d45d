"""A course as it travels to workers: what is graded against, and what cells may read."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import nbformat
from traitlets.config import Config

from grader.host.course import variants
from grader.host.course.course import Course, files_below
from grader.host.engine.engine import Engine
from grader.host.engine.settings import EngineSettings
from grader.host.marking import Marking
from grader.host.settings import Grader
from grader.host.station import Station
from grader.protocol import decoders
from grader.protocol.errors import GraderError

# Folders of the archive. Assignments lie in them as a course has them.
_SOURCE, _RELEASE, _SHOWN = "source", "release", "shown"


class _Kit(msgspec.Struct):
    """What a station is made of.

    Attributes:
        engine: without what lies on this machine's disk.
        config: nbgrader's, as plain values.
        fingerprints: of the assignments, by their keys.
        shown: what cells may read: path in the sandbox → path in the archive.
        archive: of files, as tar.
        hidden: what nobody is to read, by its place on the disk.
    """

    config: dict[str, Any]
    fingerprints: dict[str, str]
    shown: dict[str, str]
    archive: bytes
    hidden: list[str]
    engine: EngineSettings
    marking: Marking


def pack(course: Course, station: Station, names: Iterable[str]) -> bytes:
    """All that another machine needs to grade these assignments as this station would."""
    archive = io.BytesIO()
    names, shown = list(names), {}
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
        for name in names:
            made = course.instructor_versions(name)
            _add(tar, course.source / name, f"{_SOURCE}/{name}", but=made)
            _add(tar, course.release / name, f"{_RELEASE}/{name}")
            for file, notebook in made.items():
                data = nbformat.writes(notebook).encode()
                about = tarfile.TarInfo(f"{_SOURCE}/{name}/{file}")
                about.size = len(data)
                tar.addfile(about, io.BytesIO(data))
        for number, (inside, path) in enumerate(station.engine.settings.show.items()):
            shown[inside] = f"{_SHOWN}/{number}/{path.name}"
            _add(tar, path, shown[inside])
    settings = station.engine.settings
    kit = _Kit(
        _plain(course.config),
        {key: one.fingerprint for key, one in station.assignments.items() if one.name in names},
        shown,
        archive.getvalue(),
        # The worker may see the same disk.
        [str(path.absolute()) for path in settings.hide],
        replace(settings, show={}, hide=(), keep=None),
        station.marking,
    )
    return msgspec.msgpack.encode(kit)


def _add(tar: tarfile.TarFile, path: Path, name: str, but: Collection[str] = ()) -> None:
    """Files, but for those of these names right in the folder."""
    if path.is_dir():
        for file in files_below(path):
            if str(inside := file.relative_to(path)) not in but:
                tar.add(file, f"{name}/{inside}", recursive=False)
    elif path.exists():
        tar.add(path, name, recursive=False)


def _plain(config: Config) -> dict[str, Any]:
    """What of it JSON can say: what else there is says nothing about assignments."""
    text = json.dumps(config, default=lambda value: None, skipkeys=True)
    plain: dict[str, Any] = json.loads(text)
    return plain


def unpack(data: bytes, folder: Path) -> None:
    """Lays the files of a kit out.

    Raises:
        OSError: when they can't be written.
    """
    kit = decoders.from_msgpack(_Kit).decode(data)
    with tarfile.open(fileobj=io.BytesIO(kit.archive)) as tar:
        # Python 3.11.2, which Debian 12 has, knows no filters.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(folder)


def station(data: bytes, folder: Path, cores: tuple[int, ...] | None, keep: Path) -> Station:
    """The station that a kit describes.

    Args:
        folder: where it was unpacked.
        cores: as in `EngineSettings`.
        keep: for contracts.

    Raises:
        GraderError: when an assignment is not what it was where it comes from.
    """
    kit = decoders.from_msgpack(_Kit).decode(data)
    config = Config(kit.config)
    # Instructor versions have come whole.
    config.CourseDirectory.source_with_tests_directory = "none"
    config.pop("IncludeHeaderFooter", None)
    root = folder.absolute()
    course = Course(root, root / _SOURCE, root / _RELEASE, "", config, Grader())
    settings = replace(
        kit.engine,
        show={inside: root / place for inside, place in kit.shown.items()},
        hide=[Path(path) for path in kit.hidden],
        keep=keep,
        cores=cores,
    )
    assignments = {key: course.load(*variants.of_key(key)) for key in kit.fingerprints}
    for name, fingerprint in kit.fingerprints.items():
        if assignments[name].fingerprint != fingerprint:
            raise GraderError(
                f"{name} comes out otherwise there: nbgrader is of another version, or its "
                "configuration holds more than plain values."
            )
    return Station(assignments, Engine(settings), kit.marking)
