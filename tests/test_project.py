"""What holds for the project as a whole: its parts, its packages, its files."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from datetime import UTC, datetime
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from authoring.check.sample_class import DUE
from tests.conftest import system_package_missing

# Who may import whom among the packages of this repository.
MAY_IMPORT = {
    "coursekit": set(),
    "grader": set(),
    "authoring": {"grader", "coursekit"},
    "course": {"coursekit"},
}
PACKAGES = {"coursekit", "authoring", "grader"}


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def requirements(lines):
    parsed = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r.specifier for r in parsed}


def test_conda_and_pip_install_the_same(root, project):
    environment = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    [[*from_pypi, grader, course]] = [
        entry["pip"] for entry in environment if isinstance(entry, dict)
    ]
    assert [grader, course] == ["--editable ./grader", "--editable ."]
    by_pip = requirements(from_pypi)
    # What conda-forge does not have, or not in the versions that the lessons are written for.
    # And what only the first of them asks for.
    missing = {"ai-edge-litert", "fsrs", "tensorflow", "tensorflow-cpu", "torch-pruning", "torchao"}
    missing |= {"backports-strenum", "litert-quantizer"}
    assert set(by_pip) == missing, "what conda-forge has comes from conda, so that pip brings none"

    conda = [entry for entry in environment if isinstance(entry, str)]
    [python] = [entry.removeprefix("python=") for entry in conda if entry.startswith("python=")]
    assert f"{python}.0" in SpecifierSet(project["requires-python"])

    # conda-forge calls torch without CUDA so.
    listed = requirements(
        entry.replace("pytorch-cpu", "torch") for entry in conda if not entry.startswith("python=")
    )
    assert not listed.keys() & by_pip.keys()
    listed |= by_pip
    build = tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["requires"]
    assert listed.pop("pip") == SpecifierSet()
    extras = project["optional-dependencies"]
    graders = tomllib.loads((root / "grader/pyproject.toml").read_text())["project"]
    needed = requirements([*project["dependencies"], *extras["teach"], *build])
    needed.pop(graders["name"])
    for name, allowed in requirements(graders["dependencies"]).items():
        assert needed.setdefault(name, allowed) == allowed, f"{name}: the grader asks for another"
    assert needed.items() <= listed.items()
    tools = requirements(extras["dev"])
    assert (listed.items() - needed.items()) <= tools.items()


def test_constraints_pin_every_package_once_a_platform_and_nothing_else(root, project):
    lines = (root / "constraints.txt").read_text().splitlines()
    pins: dict[str, list[Requirement]] = {}
    for line in lines:
        pin = Requirement(line)
        assert pin.url is None
        assert [s.operator for s in pin.specifier] == ["=="], f"{line} is not a pin"
        pins.setdefault(canonicalize_name(pin.name), []).append(pin)
    graders = tomllib.loads((root / "grader/pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *graders["dependencies"]]
    for one in (project, graders):
        for extra in one["optional-dependencies"].values():
            asked += extra
    for name, allowed in requirements(asked).items():
        if name in (project["name"], graders["name"]):
            continue
        assert name in pins, f"constraints.txt does not pin {name}: make constraints"
        for pin in pins[name]:
            [version] = [s.version for s in pin.specifier]
            assert version in allowed, f"pyproject.toml allows {name}{allowed}: make constraints"


def test_no_file_that_installs_holds_an_address(root):
    for name in ("constraints.txt", "pyproject.toml", "environment.yml", "tools/setup.sh"):
        text = (root / name).read_text()
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text), name


def test_the_runtime_that_is_installed_tells_nobody_what_it_does():
    found = importlib.util.find_spec("onnxruntime")
    assert found is not None
    assert found.origin is not None
    for library in (Path(found.origin).parent / "capi").glob("*state*.so"):
        assert b"OneCollector" not in library.read_bytes(), "from 1.29 on it calls home"


def test_the_command_line_of_authors_starts_without_nbgrader():
    code = "import sys, authoring.cli; sys.exit('nbgrader' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_importing_coursekit_is_fast_and_brings_no_torch():
    code = (
        "import sys, time; start = time.perf_counter(); import coursekit; "
        "print(time.perf_counter() - start, *({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    seconds = []
    for _ in range(5):
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        time_taken, *heavy = run.stdout.decode().split()
        assert heavy == []
        seconds.append(float(time_taken))
    assert min(seconds) < 0.2


def imported(source):
    """Top-level names of all modules that a piece of code imports, inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_imports_go_one_way(root, folder):
    files = sorted((root / folder).rglob("*.py"))
    assert files
    for file in files:
        # What made a lesson's figures runs the lesson's functions, and is no part of it.
        if folder == "course" and file.name.startswith("make_"):
            continue
        others = (PACKAGES | {"course", "tests"}) & set(imported(file.read_text())) - {folder}
        assert others <= MAY_IMPORT[folder], f"{file.relative_to(root)} imports {others}"


def test_shipped_data_match_their_checksums_and_their_card(root):
    data = root / "data"
    checksums = json.loads((data / "checksums.json").read_text())
    ends = ("npz", "csv", "tflite", "fb")
    assert set(checksums) == {file.name for end in ends for file in data.glob(f"*.{end}")}
    card = (data / "README.md").read_text()
    for name, checksum in checksums.items():
        content = (data / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == checksum
        assert checksum in card, f"the data card has another checksum for {name}"
        assert f"{len(content):,}" in card, f"the data card has another size for {name}"


def test_a_wheel_carries_the_data_with_their_licence(root, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=root,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    data = root / "data"
    shipped = [*data.glob("*.npz"), *data.glob("*.csv"), *data.glob("*.tflite"), *data.glob("*.fb")]
    with zipfile.ZipFile(wheel) as archive:
        for file in [*shipped, data / "checksums.json", data / "README.md"]:
            assert archive.read(f"coursekit/_data/{file.name}") == file.read_bytes()


def test_binder_accepts_the_repository(root):
    pytest.importorskip("repo2docker", reason="repo2docker is not installed: make test installs it")
    run = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(root)],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    environment = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    [python] = [e for e in environment if isinstance(e, str) and e.startswith("python=")]
    assert f"Building conda environment for {python}\n" in run.stderr
    assert "RUN ./postBuild" in run.stdout + run.stderr


def test_binder_opens_what_learners_have(root, tmp_path):
    """postBuild, run where Binder would run it, but for the environment's own folder."""
    for name in ("notebooks", "exercises", "coursekit"):
        shutil.copytree(root / name, tmp_path / "home" / name)
    prefix = tmp_path / "conda"
    (prefix / "etc" / "jupyter").mkdir(parents=True)
    environment = os.environ | {
        "NB_PYTHON_PREFIX": str(prefix),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    script = ["bash", str(root / "postBuild")]
    subprocess.run(script, cwd=tmp_path / "home", env=environment, check=True, capture_output=True)
    assert (tmp_path / "home" / "workspace" / "notebooks" / "start.ipynb").is_file()
    for part in ("labconfig/page_config.json", "jupyter_server_config.d/learner.json"):
        assert json.loads((prefix / "etc" / "jupyter" / part).read_text())


def built_for_learners(root):
    return sorted(
        file for name in ("exercises", "solutions") for file in (root / name).rglob("*.ipynb")
    )


def test_exercises_and_solutions_hold_no_outputs(root):
    notebooks = built_for_learners(root)
    assert notebooks, "nothing is built: make build"
    for file in notebooks:
        for cell in nbformat.read(file, as_version=4).cells:
            assert not cell.get("outputs"), f"{file.relative_to(root)}: cell {cell.id} has outputs"
            assert cell.get("execution_count") is None, f"{file.relative_to(root)}: {cell.id}"


def test_make_lists_every_target(root):
    files = [(root / name).read_text() for name in ("tools/learner.mk", "Makefile")]
    phony = [line for text in files for line in re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)]
    run = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True)
    listed = re.findall(r"^make (\S+) +\S", run.stdout, re.MULTILINE)
    assert listed == " ".join(phony).split()
    targets = re.findall(r"^([a-z-]+):", "".join(files), re.MULTILINE)
    assert sorted(listed) == sorted(set(targets))


def test_learners_need_what_coursekit_and_notebooks_import(root, project):
    """And no more than that is asked of them, but for what shows and runs notebooks."""
    notebooks = [*(root / "notebooks").glob("*.ipynb"), *(root / "exercises").rglob("*.ipynb")]
    sources = [file.read_text() for file in (root / "coursekit").rglob("*.py")]
    for notebook in notebooks:
        cells = nbformat.read(notebook, as_version=4).cells
        sources += [cell.source for cell in cells if cell.cell_type == "code"]
    names = {name for source in sources for name in imported(source)} - sys.stdlib_module_names
    known = packages_distributions()
    # On Colab, from TensorFlow's own packages, or of ipykernel's.
    names -= {"coursekit", "google", "flatbuffers", "triton", "psutil", "packaging", "__main__"}
    found = {canonicalize_name(known[name][0]) for name in names}
    asked = set(requirements(project["dependencies"]))
    assert found <= asked
    # onnxscript: torch.onnx imports it.
    shows = {"ipykernel", "ipywidgets", "jupyterlab", "nbgrader", "onnxscript", "tensorflow"}
    # Asked for to keep newer ones out, see there.
    capped = {"backports-strenum", "jsonschema"}
    assert asked - found <= shows | capped


def test_pip_takes_what_uv_has_installed():
    """uv passes over the upper bound of what a package says of Python; pip does not."""
    for package in distributions():
        wanted = SpecifierSet(package.metadata.get("Requires-Python") or "")
        assert wanted.contains(platform.python_version()), f"{package.name} {package.version}"


def test_what_reads_notebooks_starts_without_a_grammar_of_web_addresses():
    script = "import sys, nbformat; sys.exit('rfc3987_syntax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_make_grade_knows_when_the_sample_class_was_due(root):
    [due] = re.findall(r"^DUE := (.*)$", (root / "Makefile").read_text(), re.MULTILINE)
    due = datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert due == datetime.strptime(DUE, "%Y-%m-%d %H:%M:%S %Z").replace(tzinfo=UTC)


def test_a_missing_system_package_skips_here_and_fails_in_continuous_integration(monkeypatch):
    monkeypatch.delenv("COURSE_REQUIRE_SYSTEM", raising=False)
    with pytest.raises(pytest.skip.Exception, match="chromium is not installed"):
        system_package_missing("chromium")
    monkeypatch.setenv("COURSE_REQUIRE_SYSTEM", "1")
    with pytest.raises(pytest.fail.Exception, match="chromium is not installed"):
        system_package_missing("chromium")


def test_continuous_integration_requires_system_packages(root):
    runs = (root / ".ci/run").read_text()
    assert "export COURSE_REQUIRE_SYSTEM=1\n" in runs
    # Together these are what make test-all runs.
    assert '\nmake test-all TESTS="tests notebooks solutions --ignore=tests/grader"\n' in runs
    newest = [f"3.{minor}" for minor in range(30) if f"3.{minor}.0" in allowed_python(root)][-1]
    assert f"\nNEWEST={newest}\n" in runs
    assert re.search(r"\nPYTHON=\S+ make \S+ \S+ engine\n", runs)
    workflow = yaml.safe_load((root / ".github/workflows/test.yml").read_text())
    job = workflow["jobs"]["test"]
    assert {"run": "bash .ci/run"} in job["steps"]
    supported = [f"3.{minor}" for minor in range(30) if f"3.{minor}.0" in allowed_python(root)]
    assert job["strategy"]["matrix"]["python"] == supported


def allowed_python(root):
    pyproject = tomllib.loads((root / "pyproject.toml").read_text())
    return SpecifierSet(pyproject["project"]["requires-python"])
