"""Reads a cell's short metadata into a model, or says in one sentence what is wrong with it."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from authoring.source.sources import SourceCell

Model = TypeVar("Model", bound=BaseModel)


def understood(model: type[Model], cell: SourceCell) -> Model:
    """The metadata of `cell` as a `model`.

    Raises:
        SourceError: for the first field that does not fit.
    """
    try:
        return model.model_validate(cell.metadata)
    except ValidationError as error:
        raise cell.problem(told(error)) from error


def told(error: ValidationError) -> str:
    """The first field that does not fit, and why."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    text = first["msg"].removeprefix("Value error, ")
    return f"{field}: {text}" if field else text
