"""The traces of lesson 08: what their numbers and words say is so."""

from dataclasses import replace

import torch

from coursekit.lesson_08 import traces
from tests.coursekit.stages import column, stage


def test_the_channel_takes_along_what_the_stages_say():
    its = traces.removal()
    gone = sum(v.numel() for v in its.quiet.state_dict().values()) - sum(
        v.numel() for v in its.small.state_dict().values()
    )
    name = "structured-one-channel"
    told = [
        sum(map(int, column(stage("08", name, title), "numbers that go").values()))
        for title in (
            "Convolution: a filter goes",
            "Batch norm: four numbers go",
            "The reader: columns go",
        )
    ]
    assert sum(told) == gone
    assert f"of {gone:,} in all" in stage("08", name, "The reader: columns go").text
    # What the bank says to notice.
    assert told[2] > told[0] + told[1]
    assert (
        column(stage("08", name, "The reader: columns go"), "numbers that go")["linear.bias"] == "0"
    )
    for titled, place in (("Convolution: a filter goes", 0), ("The reader: columns go", 5)):
        assert stage("08", name, titled).before == tuple(its.quiet[place].weight.shape)
        assert stage("08", name, titled).after == tuple(its.small[place].weight.shape)


def test_only_a_silent_channel_can_go_unnoticed():
    its = traces.removal()
    full, small = traces.outputs(its.quiet, its.images), traces.outputs(its.small, its.images)
    assert torch.allclose(full, small, atol=traces.EQUAL)
    alive = traces.outputs(its.trained, its.images)
    removed = traces.outputs(its.alive_removed, its.images)
    assert (alive - removed).abs().max() > 100 * traces.EQUAL
    text = stage("08", "structured-one-channel", "The outputs").text
    assert "the outputs are equal" in text
    assert f"{int((alive.argmax(1) != removed.argmax(1)).sum())} answers change" in text
    swapped = traces._comparison(replace(its, quiet=its.trained, small=its.alive_removed))
    assert "they differ" in swapped.text
    deaf = traces._comparison(replace(its, alive_removed=its.trained))
    assert "could not tell" in deaf.text
