import gzip
import json
import shutil
import struct
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision

from coursekit.nets import data
from coursekit.nets.data import DataError, Split

LOADERS = {
    "digits.npz": data.load_digits,
    "fashion_mnist.npz": data.load_fashion_mnist,
    "tradeoffs.csv": data.load_tradeoffs,
}


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the shipped files that a test may damage."""
    for name in [*LOADERS, "checksums.json"]:
        shutil.copy(data._folder() / name, tmp_path / name)
    monkeypatch.setattr(data, "_folder", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("load", "train", "test"),
    [(data.load_digits, 1397, 400), (data.load_fashion_mnist, 10000, 2000)],
)
def test_shapes_and_types_are_those_of_the_data_card(load, train, test):
    dataset = load()
    for part, count in ((dataset.train, train), (dataset.test, test)):
        assert len(part) == count
        assert part.images.shape == (count, 28, 28)
        assert part.images.dtype == np.uint8
        assert part.images.min() == 0
        assert part.images.max() == 255
        assert part.labels.shape == (count,)
        assert part.labels.dtype == np.uint8
        assert set(part.labels) == set(range(10))


def test_fashion_mnist_is_balanced_and_every_class_has_a_name():
    dataset = data.load_fashion_mnist()
    assert np.bincount(dataset.train.labels).tolist() == [1000] * 10
    assert np.bincount(dataset.test.labels).tolist() == [200] * 10
    assert len(set(data.FASHION_CLASSES)) == 10


def test_no_test_image_of_fashion_mnist_is_trained_on():
    dataset = data.load_fashion_mnist()
    trained_on = {image.tobytes() for image in dataset.train.images}
    assert not [n for n, image in enumerate(dataset.test.images) if image.tobytes() in trained_on]


def test_tensors_are_scaled_and_ready_for_a_convolution():
    images = np.array([[[0, 51], [255, 102]]], np.uint8)
    inputs, labels = Split(images, np.array([7], np.uint8)).tensors()
    assert inputs.shape == (1, 1, 2, 2)
    assert inputs.dtype == torch.float32
    torch.testing.assert_close(inputs, torch.tensor([[[[0.0, 0.2], [1.0, 0.4]]]]))
    assert labels.dtype == torch.int64
    assert labels.tolist() == [7]


def numbered(count):
    """A split whose images can be told apart."""
    numbers = np.arange(count, dtype=np.uint8)
    return Split(np.broadcast_to(numbers[:, None, None], (count, 2, 2)), numbers)


def test_held_out_images_and_the_rest_make_the_whole_and_keep_their_labels():
    kept, held = numbered(50).hold_out(20)
    assert (len(kept), len(held)) == (30, 20)
    assert set(kept.labels) | set(held.labels) == set(range(50))
    for part in (kept, held):
        assert (part.images[:, 0, 0] == part.labels).all()


def test_holding_out_is_random_and_the_seed_decides():
    whole = numbered(50)
    _, held = whole.hold_out(20, seed=3)
    assert held.labels.tolist() == whole.hold_out(20, seed=3)[1].labels.tolist()
    assert held.labels.tolist() != whole.hold_out(20, seed=4)[1].labels.tolist()
    assert held.labels.tolist() != list(range(20))


@pytest.mark.parametrize("count", [-1, 0, 50, 51])
def test_something_must_be_held_out_and_something_stay(count):
    with pytest.raises(ValueError, match=f"{count} of 50"):
        numbered(50).hold_out(count)


@pytest.mark.parametrize("name", LOADERS)
def test_a_missing_file_is_named_with_what_to_do(copied, name):
    (copied / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing.*restore the file with git"):
        LOADERS[name]()


@pytest.mark.parametrize("name", LOADERS)
def test_one_changed_byte_is_found_and_named(copied, name):
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name} is damaged.*restore the file with git"):
        LOADERS[name]()


def test_a_cut_off_file_is_damaged(copied):
    content = (copied / "digits.npz").read_bytes()
    (copied / "digits.npz").write_bytes(content[:1000])
    with pytest.raises(DataError, match="damaged"):
        data.load_digits()


def write_idx(path, values):
    """The format in which MNIST comes: a header of sizes, then bytes."""
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    path.write_bytes(header + values.tobytes())


def test_a_file_that_was_made_anew_is_entered_and_others_stay(copied, capsys):
    before = json.loads((copied / "checksums.json").read_text())
    path = copied / "tradeoffs.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(DataError):
        data.load_tradeoffs()
    data.enter_checksum(path)
    data.load_tradeoffs()
    after = json.loads((copied / "checksums.json").read_text())
    assert after.pop("tradeoffs.csv") != before.pop("tradeoffs.csv")
    assert after == before
    assert capsys.readouterr().out.startswith("tradeoffs.csv: ")


def test_files_that_torchvision_has_already_are_read_without_a_network(tmp_path, monkeypatch):
    def no_network(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, labels in (("train", [3, 1, 4]), ("t10k", [1, 5])):
        images = np.full((len(labels), 28, 28), labels[0], np.uint8)
        write_idx(raw / f"{part}-images-idx3-ubyte", images)
        write_idx(raw / f"{part}-labels-idx1-ubyte", np.array(labels, np.uint8))
    dataset = data.download_mnist(tmp_path)
    assert dataset.train.images.shape == (3, 28, 28)
    assert dataset.train.images.dtype == np.uint8
    assert (dataset.train.images == 3).all()
    assert dataset.train.labels.dtype == np.uint8
    assert dataset.train.labels.tolist() == [3, 1, 4]
    assert dataset.test.labels.tolist() == [1, 5]


@pytest.mark.parametrize(
    ("download", "name"),
    [(data.download_mnist, "MNIST"), (data.download_fashion_mnist, "FashionMNIST")],
)
@pytest.mark.parametrize("error", [URLError("no network"), RuntimeError("Error downloading x.gz")])
def test_a_failed_download_says_what_failed_and_what_to_do(
    tmp_path, monkeypatch, download, name, error
):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(getattr(torchvision.datasets, name), "download", fail)
    with pytest.raises(DataError, match=rf"could not fetch {name} into .*Check the network") as e:
        download(tmp_path)
    assert e.value.__cause__ is error


def test_a_damaged_download_is_told_apart_from_a_good_one(tmp_path, monkeypatch):
    """What a captive portal leaves: a file of the right name with a web page inside."""

    def web_page(request, *_, **__):
        raise URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", web_page)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"<html>Log in</html>"))
    with pytest.raises(DataError, match="could not fetch MNIST"):
        data.download_mnist(tmp_path)


def test_the_experiment_has_every_setting_in_five_seeds_and_its_answers():
    table = data.load_tradeoffs()
    setting = ["width", "structure", "share", "bits"]
    assert len(table) == 560
    seeds = table.groupby(setting).seed.apply(sorted).map(list).map(tuple)
    assert (seeds == (0, 1, 2, 3, 4)).all()
    # One learning rate per width and pruning.
    assert (table.groupby(setting[:3]).lr.nunique() == 1).all()
    assert not table.drop(columns="right").isna().any().any()
    for row in table.itertuples():
        assert row.right.shape == (2000,)
        assert row.right.dtype == bool
        assert abs(row.right.mean() - row.validation) < 1e-9


def test_a_table_of_results_has_the_columns_that_its_card_names():
    table = data.load_results("structured_pruning")
    assert list(table) == ["seed", "what", "share", "macs", "before", "recalibrated", "after"]
    assert set(table["seed"]) == {0, 1, 2, 3, 4}
    assert table["after"].between(0, 1).all()
    # One network each, but three draws of chance.
    draws = table.groupby(["what", "seed", "share"]).size()
    assert (draws.drop("random") == 1).all()
    assert (draws["random"] == 3).all()
    assert not table.duplicated().any()


def test_a_table_that_is_not_there_is_named():
    with pytest.raises(DataError, match=r"nothing_of_the_kind\.csv is missing"):
        data.load_results("nothing_of_the_kind")
