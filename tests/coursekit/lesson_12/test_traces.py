"""The traces of lesson 12: what their numbers and words say is so."""

from coursekit.learn.traces import load_trace
from coursekit.lesson_12 import traces
from coursekit.lesson_12.serving import serve


def test_five_requests_in_a_line_are_answered_as_the_loop_says():
    single = serve(traces.ARRIVALS, traces.cost)
    together = serve(traces.ARRIVALS, traces.cost, traces.MOST)
    assert single.latency.tolist() == [5, 9, 13, 17, 5]
    assert together.sizes.tolist() == [1, 3, 1]
    assert together.latency[1] > single.latency[1]
    assert together.latency[3] < single.latency[3]
    assert "falls by" in load_trace("12", "serving-one-line").stages[3].text


def test_the_p99_of_twenty_is_their_largest():
    assert "It is the largest of all" in load_trace("12", "serving-one-percentile").stages[4].text


def test_the_gate_stops_a_version_that_few_images_can_not_show_to_be_good():
    texts = [stage.text for stage in load_trace("12", "serving-one-gate").stages]
    assert "below the margin" in texts[4]
    assert "it would pass" in texts[5]
