"""The images that nobody has seen: what they are, and that learners don't get them."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np

from authoring import class_export
from authoring.source.sources import Sources
from coursekit.nets.data import load_fashion_mnist
from grader import Course
from tests.conftest import ROOT

FOLDER = ROOT / "course" / "15_capstone"
HELD_OUT = ROOT / "solutions" / "15_capstone" / "held_out.npz"


def test_they_are_those_that_the_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("made", FOLDER / "make_held_out.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert hashlib.sha256(HELD_OUT.read_bytes()).hexdigest() == made.SHA256


def test_two_halves_of_which_no_image_is_in_the_course() -> None:
    shipped = load_fashion_mnist()
    seen = [image.tobytes() for part in (shipped.train, shipped.test) for image in part.images]
    with np.load(HELD_OUT) as held:
        halves = [held["first_images"], held["second_images"]]
        labels = [held["first_labels"], held["second_labels"]]
    for images, told in zip(halves, labels, strict=True):
        assert images.shape == (4000, 28, 28)
        assert np.bincount(told).tolist() == [400] * 10
    unseen = [{image.tobytes() for image in images} for images in halves]
    assert not unseen[0] & unseen[1]
    assert not (unseen[0] | unseen[1]) & set(seen)


def test_they_are_for_tests_alone() -> None:
    assignment = Course.open(ROOT).load("15_capstone")
    assert list(assignment.for_tests) == ["held_out.npz"]
    assert assignment.files == {}
    assert not any(HELD_OUT.is_relative_to(path) for path in Course.open(ROOT).shown.values())


def test_a_class_does_not_get_them(tmp_path: Path) -> None:
    class_export.main(Sources.at(ROOT), tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (tmp_path / "exercises" / "15_capstone" / "15_capstone.ipynb") in files
    content = hashlib.sha256(HELD_OUT.read_bytes()).hexdigest()
    assert not [p for p in files if hashlib.sha256(p.read_bytes()).hexdigest() == content]
    assert not [path for path in files if "held_out" in path.name]
