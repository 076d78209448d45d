"""The question banks as authors write them: course/NN_name/questions.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from authoring.source.problems import SourceError
from authoring.source.sources import Sources
from coursekit.learn.questions.fresh import PRINTED, filled, numbers
from coursekit.learn.questions.schema import GENERAL, Bank, BankError, read_bank

# The texts of a problem that may name what its code draws.
FRESH = ("prompt", "hint", "steps", "final", "quick_check", "mistakes")

# Where libyaml is, it reads in a tenth of the time.
_Fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Fast):  # type: ignore[misc]
    """Refuses a field that stands twice in one mapping, of which YAML would drop the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        for place, name in enumerate(names):
            if name in names[:place]:
                problem = f"“{name}” stands here twice: drop one, or begin a new entry with “- ”"
                raise yaml.constructor.ConstructorError(
                    problem=problem, problem_mark=node.value[place][0].start_mark
                )
        return dict(super().construct_mapping(node, deep))


@dataclass(frozen=True)
class Source:
    """The file in course/ in which a bank is written."""

    course: Sources
    name: str

    @property
    def path(self) -> Path:
        return self.course.root / "course" / self.name / "questions.yaml"

    def bank(self) -> Bank:
        """Reads the file.

        Raises:
            SourceError: if it is missing, no YAML, or a field does not fit.
        """
        try:
            content = yaml.load(self.path.read_text(encoding="utf-8"), _Loader)
            if isinstance(content, list):
                content = [self._printed(fields) for fields in content]
            return read_bank(self.name, content, self.path)
        except FileNotFoundError as error:
            problem = "the file is missing: write the questions of this lesson, see CONTRIBUTING.md"
            raise SourceError(self.path, 1, problem) from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            problem = getattr(error, "problem", None) or str(error)
            raise SourceError(self.path, line, f"the YAML can't be read: {problem}") from error
        except BankError as error:
            raise self.problem(error.question, error.problem) from error

    def _printed(self, fields: Any) -> Any:
        """A problem that draws numbers, with those that are printed, and how to draw others."""
        if not (isinstance(fields, dict) and "one(" in str(fields.get("check", ""))):
            return fields
        code = fields["check"]
        texts = {name: fields[name] for name in FRESH if name in fields}
        options = fields.get("answer", {}).get("options", [])
        pairs = [[option.get("text", ""), option.get("why", "")] for option in options]
        try:
            names = numbers(code, PRINTED)
            shown = fields | filled(texts, names)
            if options:
                shown["answer"] = fields["answer"] | {"options": filled(options, names)}
        except Exception as error:
            problem = f"check: the numbers can't be drawn, {type(error).__name__}: {error}: mend it"
            raise self.problem(fields.get("id"), problem) from error
        return shown | {"fresh": {"code": code, **texts, "options": pairs}}

    def problem(self, question: str | None, text: str) -> SourceError:
        """An error at the line where the question with this id begins."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        there = (n for n, line in enumerate(lines, 1) if line.strip() == f"- id: {question}")
        return SourceError(self.path, next(there, 1), text)


def sources(course: Sources) -> list[Source]:
    """All banks that there are, the general one first."""
    names = [GENERAL, *(lesson.name for lesson in course.lessons())]
    return [source for name in names if (source := Source(course, name)).path.is_file()]
