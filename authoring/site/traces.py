"""Traces for the pages: computed when the site is made, since pages have no PyTorch."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from authoring.site.outputs import Pictures
from coursekit.learn.questions.find import bank_of
from coursekit.learn.questions.schema import Trace as Question
from coursekit.learn.traces import load_trace
from coursekit.pictures.plot import png
from coursekit.pictures.trace import Stage


def write(lessons: list[str], folder: Path, pictures: Pictures, way: str) -> None:
    """Writes `07.json` for lesson 07, and so on, as `coursekit.learn.widgets.page` reads them.

    Args:
        lessons: Their names.
        folder: Where the files go.
        pictures: Where the pictures go.
        way: From a lesson's page to these.
    """
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    for lesson in lessons:
        traces = {}
        for question in bank_of(lesson).of(Question):
            trace = load_trace(lesson, question.trace)
            stages = [_stage(stage, pictures, way) for stage in trace.stages]
            traces[question.trace] = {"title": trace.title, "stages": stages}
        text = json.dumps(traces, ensure_ascii=False)
        (folder / f"{lesson[:2]}.json").write_text(text, encoding="utf-8")


def _stage(stage: Stage, pictures: Pictures, way: str) -> dict[str, Any]:
    address = None
    if stage.picture and not isinstance(figure := stage.picture(), str):
        data = f"data:image/png;base64,{png(figure, dpi=140)}"
        address = way + pictures.keep(data)[0]
    return asdict(replace(stage, picture=None)) | {"picture": address}
