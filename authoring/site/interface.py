"""What lessons and teachers can import, from docstrings: two pages of directives for Sphinx."""

from __future__ import annotations

from textwrap import indent

COURSEKIT, GRADER = "coursekit.md", "grader.md"
TITLES = {COURSEKIT: "What lessons import", GRADER: "The grader from Python"}
_COURSEKIT = {
    "Guesses": ["coursekit.learn.guesses", "coursekit.learn.guess_mark"],
    "Ways to learn": ["coursekit.learn.widgets", "coursekit.learn.explore"],
    "Data": ["coursekit.nets.data"],
    "Training": ["coursekit.nets.train"],
    "Networks": ["coursekit.nets.networks"],
    "Measuring": ["coursekit.nets.measure", "coursekit.nets.costs", "coursekit.nets.evidence"],
    "Making small": ["coursekit.nets.combine"],
    "TFLite": ["coursekit.nets.tflite"],
    "Plots": ["coursekit.pictures.plot", "coursekit.pictures.moving"],
}
_GRADER = [
    "grader.Course",
    "grader.Assignment",
    "grader.Engine",
    "grader.EngineSettings",
    "grader.grade_one",
    "grader.grade_folder",
    "grader.grade_class",
    "grader.Marking",
    "grader.Result",
    "grader.ItemResult",
    "grader.GraderError",
]


def pages() -> dict[str, str]:
    """The pages in Markdown, by path."""
    blocks = [f"# {TITLES[COURSEKIT]}\n"]
    for heading, modules in _COURSEKIT.items():
        blocks.append(f"## {heading}\n")
        blocks += [_directive("automodule", module, "members", "no-index") for module in modules]
    grader = [f"# {TITLES[GRADER]}\n"]
    grader.append(_directive("automodule", "grader", "no-index"))
    for name in _GRADER:
        short = name.removeprefix("grader.")
        grader.append(f"## {short}\n")
        kind = "autofunction" if short.islower() else "autoclass"
        grader.append(_directive(kind, name, "members" if kind == "autoclass" else "", "no-index"))
    return {COURSEKIT: "\n".join(blocks), GRADER: "\n".join(grader)}


def _directive(kind: str, name: str, *options: str) -> str:
    lines = "\n".join(f":{option}:" for option in options if option)
    return f"```{{eval-rst}}\n.. {kind}:: {name}\n{indent(lines, '   ')}\n```\n"
