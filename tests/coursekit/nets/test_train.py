import pytest
import torch
from torch import nn
from torch.nn import functional as F

from coursekit.nets import train


def blobs(count=200, seed=0):
    """Two classes that a line separates."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    inputs = torch.randn(count, 2, generator=generator) + 4 * labels[:, None]
    return inputs, labels


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))


def test_fit_learns_what_can_be_learnt():
    model = network()
    history = train.fit(model, blobs(), blobs(seed=1), epochs=8, lr=0.02, batch_size=20)
    assert history.columns.tolist() == [
        "epoch",
        "loss",
        "accuracy",
        "validation_loss",
        "validation_accuracy",
    ]
    assert history["epoch"].tolist() == list(range(1, 9))
    assert history["loss"].iloc[-1] < history["loss"].iloc[0] / 2
    assert history["validation_accuracy"].iloc[-1] > 0.95
    last = history.iloc[-1]
    loss, accuracy = train.evaluate(model, *blobs(seed=1))
    assert (last["validation_loss"], last["validation_accuracy"]) == (loss, accuracy)
    assert not model.training


def test_without_validation_there_are_no_columns_for_it():
    history = train.fit(network(), blobs(), epochs=1)
    assert history.columns.tolist() == ["epoch", "loss", "accuracy"]


def test_the_first_epoch_of_one_batch_reports_the_untrained_model():
    model, (inputs, labels) = network(), blobs()
    logits = model(inputs)
    history = train.fit(model, (inputs, labels), epochs=1, batch_size=len(inputs))
    assert history["loss"][0] == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-6)
    assert history["accuracy"][0] == (logits.argmax(1) == labels).double().mean().item()


def test_a_last_batch_that_is_smaller_counts_by_its_size():
    model, (inputs, labels) = network(), blobs(7)
    wanted, _ = train.evaluate(model, inputs, labels)
    history = train.fit(model, (inputs, labels), epochs=1, lr=0.0, batch_size=4)
    assert history["loss"][0] == pytest.approx(wanted, rel=1e-5)


def fitted(seed):
    train.set_seed(seed)
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 2))
    history = train.fit(model, blobs(), epochs=3, seed=seed)
    return torch.cat([p.detach().flatten() for p in model.parameters()]), history


def test_the_same_seed_gives_the_same_weights_to_the_last_bit():
    weights, history = fitted(1)
    again, history_again = fitted(1)
    assert torch.equal(weights, again)
    assert history.equals(history_again)
    assert not torch.equal(weights, fitted(2)[0])


def test_the_order_of_examples_depends_on_the_seed_alone():
    orders = []
    for seed in (5, 5, 6):
        torch.rand(len(orders) + 1)  # The global random numbers are elsewhere each time.
        seen = []
        model = network()
        model.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0][:, 0]))
        train.fit(model, blobs(), epochs=2, seed=seed)
        orders.append(torch.cat(seen))
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])
    first, second = orders[0].chunk(2)
    assert not torch.equal(first, second), "every epoch has an order of its own"
    assert torch.equal(first.sort().values, second.sort().values), "every example, once an epoch"


def test_set_seed_fixes_random_numbers_and_threads():
    train.set_seed(3)
    first = torch.rand(4)
    train.set_seed(3, threads=2)
    assert torch.equal(first, torch.rand(4))
    assert torch.get_num_threads() == 2
    train.set_seed(3)
    assert torch.get_num_threads() == 1


def test_labels_of_another_length_are_refused():
    inputs, labels = blobs()
    with pytest.raises(ValueError, match="200 inputs, but 199 labels"):
        train.fit(network(), (inputs, labels[:-1]))


@pytest.mark.parametrize("batch_size", [1, 7, 64, 199, 200, 1000])
def test_evaluate_does_not_depend_on_the_batch_size(batch_size):
    model, (inputs, labels) = network(), blobs()
    logits = model(inputs)
    loss, accuracy = train.evaluate(model, inputs, labels, batch_size)
    assert loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    assert accuracy == (logits.argmax(1) == labels).double().mean().item()


def test_evaluate_measures_in_evaluation_mode_and_leaves_no_trace():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first = train.evaluate(model, *blobs())
    assert first == train.evaluate(model, *blobs())
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    train.evaluate(model.eval(), *blobs())
    assert not model.training
