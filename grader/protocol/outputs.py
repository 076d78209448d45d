"""What a cell has shown, as a process says it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Name = Literal["stdout", "stderr"]


class Stream(Struct, tag="stream", tag_field="output_type"):
    """Text that a cell or a call has written."""

    name: Name
    text: str


# What `shell` makes has no more than that; a learner's process may say anything.
_Kinds = Annotated[dict[str, str], Meta(max_length=20)]
_Text = Annotated[str, Meta(max_length=20_000)]


class Display(Struct, tag="display_data", tag_field="output_type"):
    data: _Kinds
    metadata: _Kinds = {}


class ExecuteResult(Struct, tag="execute_result", tag_field="output_type"):
    execution_count: int | None
    data: _Kinds
    metadata: _Kinds


class Error(Struct, tag="error", tag_field="output_type"):
    ename: _Text
    evalue: _Text
    traceback: Annotated[list[str], Meta(max_length=21_000)]


Output = Stream | Display | ExecuteResult | Error


class Report(Struct):
    """What a process says of a cell that it ran. JSON that is no report is not even built."""

    outputs: Annotated[list[Output], Meta(max_length=20_000)] = []
    execution_count: Annotated[int, Meta(ge=0, le=10**6)] | None = None
    error_line: Annotated[int, Meta(ge=0, le=10**7)] | None = None
