"""A published notebook by itself, as Colab opens it: the set-up cell fetches the course."""

from __future__ import annotations

import venv
from pathlib import Path

import nbformat
import numpy

from authoring.build.hosting import set_up
from tools import elsewhere


def test_the_set_up_cell_fetches_coursekit_with_its_data_and_says_what_is_there(tmp_path: Path):
    venv.create(tmp_path / "own", with_pip=True)
    [site] = (tmp_path / "own" / "lib").glob("python3.*/site-packages")
    # All packages of this environment, as Colab has most of them, but not the course.
    site.joinpath("there.pth").write_text(str(Path(numpy.__file__).parents[1]))
    python = tmp_path / "own" / "bin" / "python"
    cells = [
        set_up(elsewhere.published(), "import torch"),
        "import coursekit\nfrom coursekit.nets.data import load_digits\n"
        "print(coursekit.__file__, len(load_digits().train))",
        # Again: it is there now, so nothing happens.
        set_up(elsewhere.published(), "import torch"),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    elsewhere.run(python, notebook, tmp_path)
    said, used, nothing = ("".join(o.text for o in cell.outputs) for cell in notebook.cells)
    assert "torch <2.15,>=2.11 (here: 2." in said
    assert "Your progress is kept on this machine" in said
    assert used.startswith(str(tmp_path / "own")), "not from a checkout"
    assert used.rstrip().endswith("1397")
    assert nothing == ""
