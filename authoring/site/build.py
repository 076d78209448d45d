"""`authoring site`: writes the sources of pages, has Sphinx make pages of them, looks at each."""

from __future__ import annotations

import hashlib
import posixpath
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

from authoring.build import glossary
from authoring.build.lessons import lessons
from authoring.site import contents, faults, reader, runtime, traces
from authoring.site.faults import SiteError
from authoring.site.finish import finish
from authoring.site.front import Told, told
from authoring.site.outputs import Outputs, Pictures
from authoring.site.pages import PICTURES, Maker
from authoring.site.ways import Ways
from authoring.source.sources import Sources
from coursekit.desk import workspace
from coursekit.learn import widgets
from coursekit.learn.lessons import read

SOURCES = Path(".build") / "site"
SITE = Path("out") / "site"
# Where what was fetched is kept.
RUNTIME = Path(".build") / "runtime"


def main(course: Sources, sources: Path = SOURCES, site: Path = SITE) -> None:
    """Makes the site, looks at each of its pages, and packs them.

    Args:
        course: Of which the built notebooks are read.
        sources: The folder for what Sphinx reads.
        site: The folder for the pages. What is in either folder goes. The same as a zip file lies
            beside it.

    Raises:
        SiteError: if Sphinx warns of anything, a link leads nowhere, a picture has no alternative
            text, or a page would ask another host for something.
    """
    sources, site = (course.root / path for path in (sources, site))
    later = sources.with_name(f"{sources.name}_traces")
    for folder in (sources, site, later):
        shutil.rmtree(folder, ignore_errors=True)
    made = sources / "_static"
    size = runtime.write(course.root, course.root / RUNTIME, made / "python")
    for name, own in {"front.js": "front.mjs", "front.css": "front.css"}.items():
        shutil.copy2(Path(widgets.__file__).with_name(name), made / own)
    reader.draw(course.root, course.repository, made / "square.png")
    _write(course, sources, size)
    configuration = course.root / "site"
    static = f"{configuration / 'static'},{made}"
    command = [sys.executable, "-m", "sphinx", "--builder", "html", "--quiet", "--jobs", "2"]
    command += ["--fail-on-warning", "--keep-going", "--conf-dir", str(configuration)]
    command += ["--doctree-dir", f"{sources}_read", "--fresh-env"]
    command += ["--define", f"html_static_path={static}", str(sources), str(site)]
    # Beside it this process computes the traces, which nothing that Sphinx reads names.
    with subprocess.Popen(command, cwd=course.root, stderr=subprocess.PIPE, text=True) as sphinx:
        names = [lesson.name for lesson in course.lessons()]
        drawn = Pictures(later / "pictures")
        traces.write(names, later / "python" / "traces", drawn, f"../{PICTURES}")
        _, said = sphinx.communicate()
    if sphinx.returncode:
        raise SiteError(f"Sphinx could not make the site:\n{said.strip()}")
    shutil.copytree(later, site / "_static", dirs_exist_ok=True)
    for path in _notebooks(course):
        shutil.copy2(path, site / _path(course, path))
    # What Sphinx keeps for itself, or for sites that refer to this one.
    for name in (".buildinfo", "objects.inv"):
        (site / name).unlink(missing_ok=True)
    shutil.rmtree(site / "_sources", ignore_errors=True)
    finish(site, glossary.read(course))
    reader.write(course.root, course.root / RUNTIME, site)
    keeper = (configuration / "kept.js").read_text(encoding="utf-8")
    (site / "kept.js").write_text(keeper.replace("VERSION", _version(site)), encoding="utf-8")
    # So that GitHub Pages keeps folders whose names begin with a line.
    (site / ".nojekyll").touch()
    if found := list(faults.of(site)):
        raise SiteError("\n".join(["The site has faults:", *found]))
    shutil.make_archive(str(site), "zip", site)


def _version(site: Path) -> str:
    """A name that changes with what pages load."""
    digest = hashlib.sha256()
    for path in sorted((site / "_static").rglob("*.*")):
        if path.is_file() and "pictures" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _write(course: Sources, folder: Path, size: int) -> None:
    pictures = Pictures(folder / PICTURES)
    notebooks = {
        _path(course, path): nbformat.read(path, as_version=4) for path in _notebooks(course)
    }
    documents = {name: (course.root / name).read_text("utf-8") for name in contents.DOCUMENTS}
    documents |= contents.pages(course, list(_told(course, notebooks, pictures)))
    ways = Ways({*notebooks, *documents}, course.repository, course.branch)
    maker = Maker(ways, pictures, size)
    texts = {name: maker.page(notebook, name) for name, notebook in notebooks.items()}
    texts |= {name: ways.led(text, name) for name, text in documents.items()}
    for name, text in texts.items():
        path = folder / f"{posixpath.splitext(name)[0]}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copytree(course.root / "docs" / "pictures", folder / "docs" / "pictures")


def _told(
    course: Sources, notebooks: dict[str, nbformat.NotebookNode], pictures: Pictures
) -> Iterator[Told]:
    """What the front page tells of each lesson; that page lies above all folders."""
    outputs = Outputs(pictures, PICTURES)
    for lesson in read(lessons(course).wanted):
        if lesson.is_there:
            notebook = notebooks[f"notebooks/{lesson.name}.ipynb"]
            yield told(lesson, notebook, outputs.opening_of(notebook))


def _notebooks(course: Sources) -> Iterator[Path]:
    for path in workspace.lessons(course.root):
        # The front page stands for it.
        if path.stem != "start":
            yield path
    yield from (lesson.exercise for lesson in course.lessons())


def _path(course: Sources, path: Path) -> str:
    return path.relative_to(course.root).as_posix()
