import gzip
import io

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from coursekit.nets import measure


def small():
    """3→2 with bias, 2→1 without: 6 + 2 + 2 = 10 numbers, of which 3 are zero."""
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, -2.0, 0.0], [4.0, 5.0, -6.0]]))
        model[0].bias.copy_(torch.tensor([0.0, 1.0]))
        model[2].weight.copy_(torch.tensor([[0.0, 3.0]]))
    return model


def test_counts_on_a_net_counted_by_hand():
    model = small()
    assert measure.count_parameters(model) == 10
    assert measure.count_nonzero(model) == 7
    assert measure.sparsity(model) == pytest.approx(0.3)


def test_counts_of_a_tensor():
    tensor = torch.tensor([[0.0, 1.0, -0.0], [2.0, float("nan"), 0.0]])
    assert measure.count_nonzero(tensor) == 3
    assert measure.sparsity(tensor) == pytest.approx(0.5)


def test_a_pruned_layer_counts_with_its_mask_before_and_after_remove():
    model = small()
    prune.l1_unstructured(model[0], "weight", amount=4)  # 4, 5 or -6 stay: two of the three
    for _ in range(2):
        assert measure.count_parameters(model) == 10
        assert measure.count_nonzero(model) == 2 + 1 + 1
        assert measure.sparsity(model) == pytest.approx(0.6)
        if prune.is_pruned(model):
            prune.remove(model[0], "weight")
    assert not prune.is_pruned(model)


def test_a_pruned_layer_that_is_the_whole_model_counts_with_its_mask():
    layer = prune.random_unstructured(nn.Linear(100, 50, bias=False), "weight", amount=0.2)
    assert measure.count_nonzero(layer) == 4000
    assert measure.sparsity(layer) == pytest.approx(0.2)


def test_a_weight_in_two_places_counts_once():
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    model[1].weight = model[0].weight
    assert measure.count_parameters(model) == measure.count_nonzero(model) == 16


def test_saved_bytes_is_the_size_of_the_file(tmp_path):
    model = nn.Linear(300, 100)
    torch.save(model.state_dict(), tmp_path / "archive.pt")  # The name stands inside the file too.
    assert measure.saved_bytes(model) == (tmp_path / "archive.pt").stat().st_size
    assert measure.saved_bytes(model) > 4 * 30100
    assert measure.saved_bytes(model.state_dict()) == measure.saved_bytes(model)


def test_zeros_change_the_compressed_size_only():
    model = nn.Linear(300, 100)
    dense, dense_compressed = (
        measure.saved_bytes(model),
        measure.saved_bytes(model, compressed=True),
    )
    prune.remove(prune.l1_unstructured(model, "weight", amount=0.9), "weight")
    assert measure.saved_bytes(model) == pytest.approx(dense, rel=0.01)
    assert measure.saved_bytes(model, compressed=True) < dense_compressed / 3
    assert dense_compressed < dense


def test_compressed_bytes_can_be_decompressed(monkeypatch):
    kept = []
    compress = gzip.compress
    monkeypatch.setattr(gzip, "compress", lambda *a, **k: kept.append(compress(*a, **k)) or kept[0])
    size = measure.saved_bytes({"weight": torch.ones(5)}, compressed=True)
    assert size == len(kept[0])
    assert torch.load(io.BytesIO(gzip.decompress(kept[0])))["weight"].tolist() == [1.0] * 5


@pytest.mark.parametrize(
    ("model", "shape", "macs"),
    [
        (nn.Linear(100, 50), (1, 100), 100 * 50),
        (nn.Linear(100, 50), (8, 100), 8 * 100 * 50),
        # 3×3 over 28×28 without padding: 26×26 places, each 1·3·3 products for each of 4 channels.
        (nn.Conv2d(1, 4, 3), (1, 1, 28, 28), 26 * 26 * 4 * 9),
        (nn.Conv2d(6, 4, 5, stride=2, padding=2), (2, 6, 9, 9), 2 * 5 * 5 * 4 * 6 * 25),
        (nn.Conv2d(6, 6, 3, groups=6), (1, 6, 5, 5), 3 * 3 * 6 * 9),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(9, 4), nn.ReLU(), nn.Linear(4, 2)),
            (1, 3, 3),
            9 * 4 + 4 * 2,
        ),
    ],
)
def test_multiply_accumulates_by_hand(model, shape, macs):
    assert measure.count_macs(model, torch.zeros(shape)) == macs


def test_zeros_are_multiplied_like_any_other_number():
    model = nn.Linear(100, 50)
    prune.l1_unstructured(model, "weight", amount=0.8)
    assert measure.count_macs(model, torch.zeros(1, 100)) == 5000


def test_counting_does_not_change_what_it_counts():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).train()
    before = model[1].running_mean.clone()
    measure.count_macs(model, torch.randn(8, 3))
    assert torch.equal(model[1].running_mean, before)
    assert model.training


def test_accuracy_is_the_share_of_right_answers():
    labels = torch.tensor([0, 1, 2, 2])
    logits = torch.eye(3)[torch.tensor([0, 1, 2, 0])]
    assert measure.accuracy(nn.Identity(), logits, labels) == 0.75


class Fixed(nn.Module):
    """Answers with the given digits, whatever comes in; records whether it was training."""

    def __init__(self, answers):
        super().__init__()
        self.logits = torch.eye(10)[torch.tensor(answers)]
        self.modes = []

    def forward(self, inputs):
        self.modes.append(self.training)
        return self.logits[: len(inputs)]


def test_two_models_are_compared_image_by_image():
    labels = torch.tensor([1, 2, 3, 4, 5, 6])
    reference = Fixed([1, 2, 3, 4, 0, 0])
    other = Fixed([1, 0, 0, 0, 5, 9])  # three lost, one won, one from wrong to wrong
    found = measure.compare(reference, other, torch.zeros(6, 2), labels)
    assert (found.right, found.changed, found.lost, found.won) == (2, 5, 3, 1)
    assert found.p == pytest.approx(2 * (1 + 4) / 16)


@pytest.mark.parametrize(
    ("lost", "won", "p"),
    [(0, 0, 1), (1, 0, 1), (0, 2, 0.5), (6, 0, 2 / 64), (3, 3, 1), (20, 3, 2 * 2048 / 2**23)],
)
def test_p_is_how_often_coins_fall_that_unevenly(lost, won, p):
    labels = torch.ones(lost + won + 1, dtype=torch.long)
    reference, other = Fixed([1] * lost + [0] * won + [1]), Fixed([0] * lost + [1] * won + [1])
    found = measure.compare(reference, other, torch.zeros(len(labels), 1), labels)
    assert found.p == pytest.approx(p)


def test_comparing_leaves_each_model_in_its_mode():
    reference, other = Fixed([1]).train(), Fixed([1]).eval()
    measure.compare(reference, other, torch.zeros(1, 1), torch.tensor([1]))
    assert reference.modes == other.modes == [False]
    assert reference.training
    assert not other.training


def test_comparing_needs_a_label_for_each_image():
    with pytest.raises(ValueError, match="2 inputs, but 1 labels"):
        measure.compare(Fixed([1, 1]), Fixed([1, 1]), torch.zeros(2, 1), torch.tensor([1]))


class Clock:
    """A clock that the calls themselves move on."""

    def __init__(self):
        self.now = 0.0
        self.log = []

    def __call__(self):
        return self.now

    def call(self, name, durations):
        left = iter(durations)

        def run():
            self.log.append(name)
            self.now += next(left)

        return run


def test_latency_is_the_median_of_timed_calls_and_warm_up_does_not_count():
    clock = Clock()
    timed = measure.latency(
        {"dense": clock.call("dense", [100, 100, 5, 1, 2, 4, 3])}, runs=5, warm_up=2, clock=clock
    )["dense"]
    assert (timed.median, timed.lower_quartile, timed.upper_quartile) == (3, 2, 4)
    assert (timed.runs, timed.threads) == (5, 1)


def test_calls_are_timed_in_rounds_each_in_another_order():
    def order(seed):
        clock = Clock()
        calls = {name: clock.call(name, [9] + [i + 1] * 40) for i, name in enumerate("abc")}
        timed = measure.latency(calls, runs=40, warm_up=1, seed=seed, clock=clock)
        assert [its.median for its in timed.values()] == [1, 2, 3]
        assert {its.order for its in timed.values()} == {"shuffled"}
        rounds = [tuple(clock.log[n : n + 3]) for n in range(0, len(clock.log), 3)]
        assert len(rounds) == 41
        assert all(sorted(turn) == ["a", "b", "c"] for turn in rounds)
        return rounds

    assert len(set(order(0))) == 6
    assert order(0) == order(0) != order(1)


class Cache(Clock):
    """A machine that holds what the last call needed: who comes after itself takes 1 s, not 3."""

    def of(self, name, needs):
        def run():
            warm = bool(self.log) and self.log[-1] == needs
            self.now += 1 if warm else 3
            self.log.append(needs)

        return run


def test_what_a_neighbour_leaves_in_the_cache_favours_no_fixed_place():
    # "a" and "b" are one model under two names. In the order c a b, "b" always comes after "a".
    machine = Cache()
    fixed = {name: [] for name in "cab"}
    calls = {name: machine.of(name, needs) for name, needs in zip("cab", "CMM", strict=True)}
    for _ in range(40):
        for name, call in calls.items():
            start = machine()
            call()
            fixed[name].append(machine() - start)
    assert (set(fixed["a"]), set(fixed["b"])) == ({3}, {1})

    timed = measure.latency(calls, runs=400, warm_up=2, clock=machine)
    mean = {name: sum(its.times) / its.runs for name, its in timed.items()}
    assert abs(mean["a"] - mean["b"]) < 0.2
    assert 1.4 < mean["a"] < 2.4  # about half of its calls come after the other


def test_alone_each_call_meets_its_own_cache_and_both_figures_say_which_they_are():
    machine = Cache()
    calls = {name: machine.of(name, name) for name in "ab"}
    timed = measure.latency(calls, runs=10, warm_up=1, alone=True, clock=machine)
    for its in timed.values():
        assert its.order == "shuffled"
        assert its.median == 3
        assert its.alone.order == "alone"
        assert its.alone.alone is None
        assert set(its.alone.times) == {1}
        assert its.alone.runs >= its.runs == 10


def test_a_drift_hits_all_that_are_timed_alone():
    clock = Clock()

    def slower():
        clock.log.append("")
        clock.now += 1 + len(clock.log) / 800

    timed = measure.latency(
        dict.fromkeys("ab", slower), runs=200, warm_up=0, alone=True, clock=clock
    )
    first, second = (its.alone.median for its in timed.values())
    assert clock.now > 800 * 1.4
    assert abs(first / second - 1) < 0.1  # two blocks, one after the other: 0.14


def test_one_call_is_alone_without_being_asked():
    assert measure.latency({"a": lambda: None}, runs=2)["a"].order == "alone"


def test_what_comes_before_each_timed_call_is_not_timed():
    clock = Clock()
    timed = measure.latency(
        {"a": clock.call("a", [1] * 9)},
        runs=4,
        warm_up=2,
        before=clock.call("before", [50] * 4),
        clock=clock,
    )["a"]
    assert timed.times == (1, 1, 1, 1)
    assert clock.log == ["a"] * 2 + ["before", "a"] * 4


def test_time_between_calls_does_not_count():
    ticks = iter([0, 1, 50, 51])
    timed = measure.latency({"a": lambda: None}, runs=2, warm_up=0, clock=lambda: next(ticks))
    assert timed["a"].median == 1


def test_threads_are_as_asked_meanwhile_and_as_before_afterwards():
    seen = set()
    measure.latency({"a": lambda: seen.add(torch.get_num_threads())}, runs=2, threads=2)
    assert seen == {2}
    assert torch.get_num_threads() == 1

    def fail():
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        measure.latency({"a": fail}, threads=2)
    assert torch.get_num_threads() == 1


def test_calls_build_no_graph():
    layer = nn.Linear(2, 2)
    outputs = []
    measure.latency({"a": lambda: outputs.append(layer(torch.ones(1, 2)))}, runs=2)
    assert not any(output.requires_grad for output in outputs)


@pytest.mark.parametrize("options", [{"runs": 1}, {"runs": 0}, {"warm_up": -1}])
def test_too_few_runs_are_refused(options):
    with pytest.raises(ValueError, match="at least 2 runs"):
        measure.latency({"a": lambda: None}, **options)
