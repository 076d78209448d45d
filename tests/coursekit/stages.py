"""Stages of traces, for tests to read."""

import io

import matplotlib.pyplot as plt

from coursekit.learn.traces import load_trace


def stage(lesson, name, title):
    return next(one for one in load_trace(lesson, name).stages if one.title == title)


def column(stage, heading):
    """The table's column with this heading, by the first cell of each row."""
    headings, *rows = stage.table
    return {row[0]: row[headings.index(heading)] for row in rows}


def read(text):
    """A number as people read it."""
    return float(text.replace("−", "-").replace(",", ""))


def content(trace):
    """All of a trace but its pictures."""
    return [
        (stage.title, stage.text, stage.of, stage.before, stage.after, stage.alt, stage.table)
        for stage in trace.stages
    ]


def png(fig):
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    return buffer.getvalue()
