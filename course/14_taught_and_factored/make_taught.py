"""Trains the networks of lesson 14: writes taught_teacher.npz, taught_students.npz
and taught.csv.

It runs the functions of course/14_taught_and_factored/lesson.py themselves: `python
course/14_taught_and_factored/make_taught.py`, about half an hour on one thread; stopped, it goes on where it was. Then enter
each SHA-256 in checksums.json and in README.md. The numbers depend a little on the CPU and on
torch's version.
"""

import copy
import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from authoring.source.definitions import definitions
from coursekit.nets.combine import Network, hidden_units, quantize, remove_units
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy, count_macs
from coursekit.nets.networks import student_mlp, teacher_cnn
from coursekit.nets.train import learn
from coursekit.lesson_14.distilled import shifted, shuffled_wrong
from coursekit.nets.train import evaluating, set_seed

DATA = Path(__file__).parents[2] / "data"
LESSON = DATA.parent / "course" / "14_taught_and_factored" / "lesson.py"
KEPT = DATA.parent / ".build" / "taught"  # teachers and trained networks, so that it can go on
TABLE = DATA / "taught.csv"
SEEDS = range(5)
COLUMNS = ["part", "way", "size", "epochs", "lr", "seed", "validation", "test", "agree", "macs"]
COLUMNS += ["merged"]
# Half of the images has labels that the teacher sees; of the other half a student has 300.
LABELLED, FEW = 4000, 300
TEACHER_EPOCHS, STUDENT_EPOCHS, PATIENT = 14, 20, (10, 40)
# An MLP needs more epochs, and more units than its students, to know more than they do.
OTHER_EPOCHS, OTHER_UNITS = 40, 512
BASE_EPOCHS, FACTORED_EPOCHS, ADAPTER_EPOCHS = 12, 4, 3
STUDENT_RATES, HIGH, USUAL = (3e-3, 1e-2, 3e-2), 6e-2, 1e-3
RATES = (1e-3, 3e-3, 1e-2)  # for what else begins at random, and for few numbers
GENTLE = (3e-4, 1e-3, 3e-3)  # for what is trained already
CUT_RATES = (*GENTLE, 1e-2, 3e-2)  # for what was cut down: the more is gone, the higher
RANKS, SCRATCH, INPUTS = (4, 8, 16, 32), (4, 8, 16), 1000

Loss = Callable[[torch.Tensor], torch.Tensor]


def parts() -> dict[str, Any]:
    """Training, validation and test images, by the names that the lesson gives them."""
    data = load_fashion_mnist()
    train, validation = data.train.hold_out(2000)
    both = {"train": train.tensors(), "validation": validation.tensors()}
    return both | {"test": data.test.tensors()}


@dataclass(frozen=True)
class Run:
    """One row: how a network is made, and with which loss, epochs and examples it is trained."""

    part: str
    way: str
    size: float
    make: Callable[[], nn.Module]
    loss: Callable[[nn.Module], Loss] | None = None
    count: int = 0
    epochs: int = 0
    lr: float = 0.0


def kept(name: str, make: Callable[[], nn.Module]) -> nn.Module:
    path = KEPT / f"{name}.pt"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        torch.save(make(), path)
    model: nn.Module = torch.load(path, weights_only=False)
    return model.eval()


def by_labels(images: torch.Tensor, labels: torch.Tensor, smoothing: float = 0.0) -> Any:
    def of(model: nn.Module) -> Loss:
        return lambda at: F.cross_entropy(model(images[at]), labels[at], label_smoothing=smoothing)

    return of


def by_moved_labels(views: torch.Tensor, labels: torch.Tensor) -> Any:
    def of(model: nn.Module) -> Loss:
        def loss(at: torch.Tensor) -> torch.Tensor:
            move = torch.randint(len(views), (len(at),))
            return F.cross_entropy(model(views[move, at]), labels[at])

        return loss

    return of


@torch.no_grad()
def answers(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    with evaluating(model):
        return torch.cat([model(some) for some in images.split(1000)])


class Teaching:
    """The runs of one seed's teacher and students."""

    def __init__(self, its: dict[str, Any], images: dict[str, Any], seed: int) -> None:
        self.its, self.seed = its, seed
        x, y = images["train"]
        (self.x, self.free), (self.y, self.hidden) = x.split(LABELLED), y.split(LABELLED)
        self.views = shifted(self.x)
        self.teacher = kept(f"teacher{seed}", lambda: self.trained(teacher_cnn, TEACHER_EPOCHS))
        self.other = kept(
            f"other{seed}", lambda: self.trained(lambda: student_mlp(OTHER_UNITS), OTHER_EPOCHS)
        )

    def trained(self, make: Callable[[], nn.Module], epochs: int) -> nn.Module:
        set_seed(self.seed)
        model = make()
        loss = by_moved_labels(self.views, self.y)(model)
        learn(model, loss, LABELLED, epochs=epochs, lr=3e-3, seed=self.seed)
        return model

    def by_teacher(
        self, x: Any, taught: Any, labels: Any, temperature: float, weight: float
    ) -> Any:
        """With views, (moves, images, …), a move is drawn for each image; the answers follow."""

        def of(model: nn.Module) -> Loss:
            def loss(at: torch.Tensor) -> torch.Tensor:
                place: Any = at
                if x.dim() == 5:
                    place = torch.randint(len(x), (len(at),)), at
                known = taught[place] if taught.dim() == 3 else taught[at]
                wanted = labels[at] if labels is not None else known.argmax(1)
                return self.its["distillation_loss"](
                    model(x[place]), known, wanted, temperature, weight
                )

            return loss

        return of

    def losses(self) -> Iterator[tuple[str, str, float, Any, int, tuple[int, ...], int]]:
        """Part, way, temperature, loss, examples, epochs, hidden units."""
        taught, x, y = answers(self.teacher, self.x), self.x, self.y
        full = LABELLED, (STUDENT_EPOCHS,), 32
        yield "taught", "labels", 0, by_labels(x, y), *full
        yield "taught", "smoothing", 0, by_labels(x, y, 0.1), *full
        for t in (1, 2, 4, 8):
            yield "taught", "teacher", t, self.by_teacher(x, taught, y, t, 0.9), *full
        yield "taught", "half labels", 4, self.by_teacher(x, taught, y, 4, 0.5), *full
        yield "taught", "shuffled", 4, self.by_teacher(x, shuffled_wrong(taught), y, 4, 0.9), *full
        other = answers(self.other, x)
        for t in (1, 4):
            yield "taught", "other family", t, self.by_teacher(x, other, y, t, 0.9), *full
        views = self.views
        anew = torch.stack([answers(self.teacher, view) for view in views])
        yield "taught", "moved, labels", 0, by_moved_labels(views, y), *full
        for t in (1, 4):
            yield "taught", "moved, asked anew", t, self.by_teacher(views, anew, y, t, 0.9), *full
        yield "taught", "moved, asked once", 4, self.by_teacher(views, taught, y, 4, 0.9), *full

        free, hidden = self.free, self.hidden
        some, few = free[:FEW], hidden[:FEW]
        told = answers(self.teacher, free)
        # As many steps as with all images, or a fifth of them.
        steps = STUDENT_EPOCHS * -(-LABELLED // 64)
        rounds = FEW, (steps // -(-FEW // 64), steps // -(-FEW // 64) // 5), 32
        yield "unlabelled", "300 labels", 0, by_labels(some, few), *rounds
        yield "unlabelled", "300 labels, smoothing", 0, by_labels(some, few, 0.1), *rounds
        yield "unlabelled", "300 labels, moved", 0, by_moved_labels(shifted(some), few), *rounds
        for t in (1, 4):
            own = self.by_teacher(some, told[:FEW], None, t, 1)
            yield "unlabelled", "300 images, teacher", t, own, *rounds
            yield "unlabelled", "teacher", t, self.by_teacher(free, told, None, t, 1), *full
        mixed = self.by_teacher(free, shuffled_wrong(told), None, 4, 1)
        yield "unlabelled", "shuffled", 4, mixed, *full
        yield "unlabelled", "first choice", 0, by_labels(free, told.argmax(1)), *full
        yield "unlabelled", "all labels", 0, by_labels(free, hidden), *full

        long = LABELLED, PATIENT, 128
        yield "patience", "moved, labels", 0, by_moved_labels(views, y), *long
        for t in (1, 4):
            yield "patience", "moved, asked anew", t, self.by_teacher(views, anew, y, t, 0.9), *long

    def runs(self) -> Iterator[Run]:
        yield Run("teachers", "cnn", 0, lambda: self.teacher)
        yield Run("teachers", "mlp", 0, lambda: self.other)
        for part, way, t, loss, count, all_epochs, hidden in self.losses():
            for epochs in all_epochs:
                more = (HIGH,) if part == "taught" else ()
                usual = (USUAL,) if way in ("labels", "teacher") and part == "taught" else ()
                for lr in (*STUDENT_RATES, *more, *usual):
                    make = lambda hidden=hidden: student_mlp(hidden)  # noqa: E731
                    yield Run(part, way, t, make, loss, count, epochs, lr)


class Cutting:
    """The runs of one seed's LeNet-300-100: factored, with fewer units, with adapters."""

    def __init__(self, its: dict[str, Any], images: dict[str, Any], seed: int) -> None:
        self.its, self.seed = its, seed
        self.x, self.y = images["train"]
        self.of = by_labels(self.x, self.y)
        self.base: Any = kept(f"base{seed}", self.trained)

    def trained(self) -> nn.Module:
        set_seed(self.seed)
        model = Network()
        learn(model, self.of(model), len(self.x), epochs=BASE_EPOCHS, seed=self.seed)
        return model

    def tuned(self, part: str, way: str, size: float, make: Any, epochs: int, rates: Any) -> Any:
        for lr in rates:
            yield Run(part, way, size, make, self.of, len(self.x), epochs, lr)

    def factored(self) -> Iterator[Run]:
        of, base = self.its["factored"], self.base
        part, images, epochs = "factored", self.x[:INPUTS], FACTORED_EPOCHS
        yield Run(part, "dense", 0, lambda: base)
        yield from self.tuned(part, "dense", 0, lambda: copy.deepcopy(base), epochs, GENTLE)
        for r in (*RANKS, 64):
            macs = count_macs(of(base, r), self.x[:1])
            width = narrowest(macs)
            made = {
                "plain": lambda r=r: of(base, r),
                "aware": lambda r=r: of(base, r, images),
                "units": lambda width=width: remove_units(base, 1 - width),
            }
            for way, make in made.items():
                yield Run(part, way, r, make)
                if r in RANKS:
                    yield from self.tuned(part, way, r, make, epochs, CUT_RATES)
            if r in RANKS:
                both = BASE_EPOCHS + FACTORED_EPOCHS
                small = lambda width=width: Network(hidden_units(width))  # noqa: E731
                yield from self.tuned(part, "small", r, small, both, (*RATES, 3e-2))
            if r in SCRATCH:
                thin = lambda r=r: fresh(of(base, r))  # noqa: E731
                yield from self.tuned(part, "thin from scratch", r, thin, both, RATES)

    def adapters(self) -> Iterator[Run]:
        adapted, base, epochs = self.its["adapted"], self.base, ADAPTER_EPOCHS
        part = "adapters"
        yield from self.tuned(f"{part} 32", "float", 0, lambda: copy.deepcopy(base), epochs, GENTLE)
        for bits in (2, 3, 4):
            at = f"{part} {bits}"
            plain = lambda bits=bits: rounded(base, bits)  # noqa: E731
            yield Run(at, "rounded", 0, plain)
            for r in (1, 2, 4, 8):
                yield Run(at, "residual", r, lambda r=r, b=bits: adapted(base, b, r))
                yield Run(at, "loftq", r, lambda r=r, b=bits: loftq(self.its, base, b, r))
            yield from self.tuned(at, "qat", 0, plain, epochs, GENTLE)
            biases = lambda bits=bits: only_biases(rounded(base, bits))  # noqa: E731
            yield from self.tuned(at, "biases", 0, biases, epochs, RATES)
            for r in (1, 4, 8) if bits == 2 else (4,):
                for way, start in (("zero", False), ("residual", True)):
                    make = lambda r=r, b=bits, s=start: adapted(base, b, r, s)  # noqa: E731
                    yield from self.tuned(at, way, r, make, epochs, RATES)
            if bits == 2:
                both = lambda b=bits: with_biases(adapted(base, b, 4))  # noqa: E731
                yield from self.tuned(at, "residual and biases", 4, both, epochs, RATES)

    def runs(self) -> Iterator[Run]:
        yield from self.factored()
        yield from self.adapters()


def narrowest(macs: int) -> float:
    """The width of the smallest network that has at least so many MACs."""
    image = torch.zeros(1, 1, 28, 28)
    for width in np.arange(0.005, 1, 0.001):
        if count_macs(Network(hidden_units(width)), image) >= macs:
            return float(width)
    raise ValueError(f"{macs} MACs are more than the whole network has")


def fresh(model: nn.Module) -> nn.Module:
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    return model


def rounded(base: Network, bits: int) -> Network:
    model = copy.deepcopy(base)
    quantize(model, bits)
    return model


def only_biases(model: Any) -> Any:
    for layer in model.layers:
        layer.weight.requires_grad_(False)
    return model


def with_biases(model: Any) -> Any:
    for layer in model:
        if hasattr(layer, "up"):
            layer.bias.requires_grad_()
    return model


@torch.no_grad()
def loftq(its: dict[str, Any], base: Any, bits: int, rank: int, turns: int = 5) -> Any:
    """Rounds and corrects in turn (Li et al. 2023): each time what the other left over."""
    corrected, model = copy.deepcopy(base), its["adapted"](base, bits, rank)
    for _ in range(turns - 1):
        for place in (1, 3, 5):
            correction = model[place].up @ model[place].down
            corrected[place].weight.copy_(base[place].weight - correction)
        rounded_again = rounded(corrected, bits)
        for place in (1, 3, 5):
            lost = base[place].weight - rounded_again[place].used()
            model[place] = its["Adapted"](rounded_again[place], rank, lost)
    return model


def merged(its: dict[str, Any], model: Any, base: Any, bits: int) -> Any:
    """The adapters added to the weights, which are then rounded again."""
    whole = copy.deepcopy(base)
    with torch.no_grad():
        for place in (1, 3, 5):
            whole[place].weight.copy_(model[place].merged())
            whole[place].bias.copy_(model[place].bias)
    quantize(whole, bits)
    return whole


def three_students(its: dict[str, Any], images: dict[str, Any], shown: int = 500) -> None:
    """For the exercise: logits of the first teacher and of three students, on test images."""
    teaching = Teaching(its, images, 0)
    losses = {(way, t): loss for part, way, t, loss, *_ in teaching.losses() if part == "taught"}
    some = images["test"][0][:shown]
    arrays = {"teacher": answers(teaching.teacher, some).half().numpy()}
    for name, key in {
        "labels": ("labels", 0),
        "smoothed": ("smoothing", 0),
        "taught": ("teacher", 4),
    }.items():
        set_seed(0)
        model = student_mlp()
        loss = losses[key](model)
        learn(model, loss, LABELLED, epochs=STUDENT_EPOCHS, lr=1e-2, seed=0)
        arrays[name] = answers(model, some).half().numpy()
    np.savez_compressed(DATA / "taught_students.npz", **arrays)


def main() -> None:
    images = parts()
    its = definitions(LESSON, images)
    test = images["test"]
    if not TABLE.exists():
        TABLE.write_text(",".join(COLUMNS) + "\n")
    with TABLE.open(newline="") as file:
        done = {tuple(row[key] for key in COLUMNS[:6]) for row in csv.DictReader(file)}
    for maker in (Cutting, Teaching):
        for seed in SEEDS:
            its_runs = maker(its, images, seed)
            told = None
            if isinstance(its_runs, Teaching):
                told = answers(its_runs.teacher, test[0]).argmax(1)
            for run in its_runs.runs():
                key = {"part": run.part, "way": run.way, "size": f"{run.size:g}"}
                key |= {"epochs": str(run.epochs), "lr": f"{run.lr:g}", "seed": str(seed)}
                if tuple(key.values()) in done:
                    continue
                set_seed(seed)
                model: Any = run.make()
                if run.loss:
                    learn(
                        model,
                        run.loss(model),
                        run.count,
                        epochs=run.epochs,
                        lr=run.lr,
                        seed=seed,
                    )
                adapters = [part for part in model if hasattr(part, "up")]
                with torch.no_grad():
                    for part in adapters:  # they are stored in 16 bits
                        for own in (part.up, part.down):
                            own.copy_(own.half().float())
                row: dict[str, Any] = key | {
                    "validation": f"{accuracy(model, *images['validation']):.4f}",
                    "test": f"{accuracy(model, *test):.4f}",
                }
                if told is not None:
                    same = (answers(model, test[0]).argmax(1) == told).float().mean()
                    row["agree"] = f"{float(same):.4f}"
                if run.part == "factored":
                    row["macs"] = count_macs(model, test[0][:1])
                if adapters:
                    bits = int(run.part.split()[1])
                    whole = merged(its, model, its_runs.base, bits)
                    row["merged"] = f"{accuracy(whole, *test):.4f}"
                with TABLE.open("a", newline="") as file:
                    csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(row)
            print(maker.__name__, seed, flush=True)
    first = kept("teacher0", teacher_cnn).state_dict()
    arrays = {f"teacher.{key}": value.numpy() for key, value in first.items()}
    np.savez_compressed(DATA / "taught_teacher.npz", **arrays)
    three_students(its, images)
    for name in ("taught_teacher.npz", "taught_students.npz", "taught.csv"):
        content = (DATA / name).read_bytes()
        print(name, len(content), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
