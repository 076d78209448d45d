"""What a conductor and a worker's grading process send each other, as bytes: data, no objects."""

from __future__ import annotations

import os

import msgspec

from grader.host.contract import Contract, Trouble
from grader.host.intake.folder import Folder
from grader.host.kept_contracts import shown
from grader.host.publish.rendering import Pages
from grader.host.results.result import Result
from grader.host.results.revision import Identity
from grader.host.station import Finished, Piece
from grader.protocol import decoders


class _Piece(msgspec.Struct):
    assignment: str
    student: str
    # Names of files are bytes: they need not be UTF-8.
    files: list[tuple[bytes, bytes]]
    too_large: list[tuple[bytes, int]]
    notes: list[str]
    reason: str | None
    handed_in: str
    whole: str
    items: dict[str, str]
    known: bytes | None
    contracts: dict[str, bytes]


class _Finished(msgspec.Struct):
    result: bytes
    pages: Pages
    looked: bool
    trouble: Trouble | None


def piece_as_bytes(piece: Piece, contracts: dict[str, bytes]) -> bytes:
    """A piece and the contracts of its assignment, by notebook."""
    folder, identity = piece.folder, piece.identity
    return msgspec.msgpack.encode(
        _Piece(
            piece.assignment,
            piece.student,
            [(os.fsencode(path), content) for path, content in folder.files.items()],
            [(os.fsencode(path), size) for path, size in folder.too_large.items()],
            list(folder.notes),
            folder.reason,
            identity.handed_in,
            identity.whole,
            dict(identity.items),
            None if piece.known is None else piece.known.model_dump_json().encode(),
            contracts,
        )
    )


def piece_from_bytes(data: bytes) -> tuple[Piece, dict[str, Contract]]:
    """The piece, and the contracts of its assignment, by notebook."""
    read = decoders.from_msgpack(_Piece).decode(data)
    folder = Folder(
        {os.fsdecode(path): content for path, content in read.files},
        {os.fsdecode(path): size for path, size in read.too_large},
        tuple(read.notes),
        read.reason,
    )
    identity = Identity(read.handed_in, read.whole, read.items)
    known = None if read.known is None else Result.model_validate_json(read.known)
    piece = Piece(read.assignment, read.student, folder, identity, known)
    return piece, {name: contract_from_bytes(kept) for name, kept in read.contracts.items()}


def finished_as_bytes(finished: Finished) -> bytes:
    result = finished.result.model_dump_json().encode("utf-8", "replace")
    return msgspec.msgpack.encode(
        _Finished(result, finished.pages, finished.looked, finished.trouble)
    )


def finished_from_bytes(data: bytes) -> Finished:
    read = decoders.from_msgpack(_Finished).decode(data)
    result = Result.model_validate_json(read.result)
    return Finished(result, read.pages, read.looked, read.trouble)


def contracts_as_bytes(contracts: dict[str, Contract]) -> bytes:
    """Contracts by notebook."""
    return msgspec.msgpack.encode({name: shown(c).encode() for name, c in contracts.items()})


def contracts_from_bytes(data: bytes) -> dict[str, bytes]:
    """Contracts by notebook, each still as bytes."""
    return decoders.from_msgpack(dict[str, bytes]).decode(data)


def contract_from_bytes(data: bytes) -> Contract:
    return decoders.from_json(Contract).decode(data)
