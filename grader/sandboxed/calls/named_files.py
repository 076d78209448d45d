"""What a learner has written may name files, and who reads it opens them where the test works: for
a network of ONNX or a file in HDF5 numbers are read there, an archive is unpacked. There lie files
for tests alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import Any

from grader.sandboxed.calls.pickles import Brought

# Of `onnx`, by module: what opens such a file, with the folder as the second argument.
_OPENS = "_read_external_data_bytes", "load_external_data_for_tensor"
_IN = "onnx.external_data_helper", "onnx.numpy_helper"


def shut_for_networks(
    brought: Callable[[], Brought], folder: Callable[[], AbstractContextManager[None] | None]
) -> None:
    """Has networks that answers have brought open no file in the test's folder.

    Args:
        brought: gives the texts and bytes that they have brought.
        folder: the test's, which is shut meanwhile.
    """

    def shut() -> AbstractContextManager[None]:
        return folder() or contextlib.nullcontext()

    def opening(function: Callable[..., Any]) -> Callable[..., Any]:
        def opened(tensor: Any, base_dir: str = "", *args: Any, **kwargs: Any) -> Any:
            # Without a folder it was read from bytes.
            with shut() if brought() and not base_dir else contextlib.nullcontext():
                return function(tensor, base_dir, *args, **kwargs)

        return opened

    for name in _IN:
        module = sys.modules.get(name)
        for function in _OPENS:
            if hasattr(module, function):
                setattr(module, function, opening(getattr(module, function)))
    session: Any = getattr(sys.modules.get("onnxruntime"), "InferenceSession", None)
    if session is None:
        return
    begin = session.__init__

    def begun(self: Any, path_or_bytes: Any, *args: Any, **kwargs: Any) -> None:
        if not isinstance(path_or_bytes, bytes):
            # The test may have written it to a file first.
            content = _content(path_or_bytes)
            parts = [one for one in brought() or () if isinstance(one, bytes) and one]
            if any(one in content for one in parts):
                path_or_bytes = content
        ours = not (brought() and isinstance(path_or_bytes, bytes))
        with contextlib.nullcontext() if ours else shut():
            begin(self, path_or_bytes, *args, **kwargs)

    session.__init__ = begun


def tell_of_other_files(brought: Callable[[], Brought], tell: Callable[[], None]) -> None:
    """Has whatever opens a file in HDF5 tell of it, if answers have brought bytes, and it names
    another file as the place of something.
    """
    opened: Any = getattr(sys.modules.get("h5py"), "File", None)
    if opened is None:
        return
    begin = opened.__init__

    def begun(self: Any, name: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, name, *args, **kwargs)
        # What is open already gets another object now and then.
        is_again = not isinstance(name, str | bytes | os.PathLike) and not hasattr(name, "read")
        if is_again or not any(isinstance(one, bytes) and one for one in brought() or ()):
            return
        names = [""]
        # A link to another file is none of those that are followed.
        self.visit(names.append)
        for name in names:
            one = self[name or "/"]
            links = [one.get(key, getlink=True) for key in one] if hasattr(one, "keys") else []
            outside = any(hasattr(link, "filename") for link in links)
            if outside or getattr(one, "external", None) or getattr(one, "is_virtual", False):
                tell()

    opened.__init__ = begun


def tell_of_archives(brought: Callable[[], Brought], tell: Callable[[], None]) -> None:
    """Has whatever unpacks an archive tell of it, if answers have brought bytes, before it lays a
    module where it is imported from, or something in the place of a file that was there before.
    """
    unpacked: set[str] = set()

    def look(folder: str, name: str, is_link: bool = False) -> None:
        if not any(isinstance(one, bytes) and one for one in brought() or ()):
            return
        place = os.path.realpath(os.path.join(folder, name))
        is_here = any(
            os.path.commonpath([place, os.path.realpath(top)]) == os.path.realpath(top)
            for top in ("", *sys.path)
            if not top or os.path.isdir(top)
        )
        is_new = not os.path.lexists(place) or os.path.isdir(place) or place in unpacked
        if is_link or not is_new or (is_here and place.endswith(tuple(all_suffixes()))):
            tell()
        unpacked.add(place)

    of_zip: Any = zipfile.ZipFile
    of_tar: Any = tarfile.TarFile
    zip_member, tar_member = of_zip._extract_member, of_tar._extract_member

    def from_zip(self: Any, member: Any, targetpath: Any, pwd: Any) -> Any:
        look(os.fspath(targetpath), getattr(member, "filename", member).lstrip("/"))
        return zip_member(self, member, targetpath, pwd)

    def from_tar(self: Any, tarinfo: Any, targetpath: Any, *args: Any, **kwargs: Any) -> Any:
        look("", os.fspath(targetpath), tarinfo.islnk() or tarinfo.issym())
        return tar_member(self, tarinfo, targetpath, *args, **kwargs)

    of_zip._extract_member, of_tar._extract_member = from_zip, from_tar
    formats: Any = vars(shutil)["_UNPACK_FORMATS"]
    endings, unpack, *rest = formats["zip"]

    def unpack_zip(filename: Any, extract_dir: Any) -> None:
        with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(filename) as archive:
            for name in archive.namelist():
                look(os.fspath(extract_dir), name.lstrip("/"))
        unpack(filename, extract_dir)

    formats["zip"] = endings, unpack_zip, *rest


def _content(place: Any) -> bytes:
    try:
        return Path(place).read_bytes()
    except (OSError, TypeError, ValueError):
        return b""
