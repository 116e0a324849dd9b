"""Records of a .db file: made of what it declares."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from beamtwin.orchestration.errors import NotConnectedError, PutError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.dbfile import Declaration, RecordFileError
from beamtwin.twin.described import similar
from beamtwin.twin.field import Field
from beamtwin.twin.link_text import number_of
from beamtwin.twin.record import Record
from beamtwin.twin.records import RECORD_TYPES

__all__ = ["make_record", "make_records"]


def make_records(
    clock: SimClock, declarations: Iterable[Declaration], functions: Mapping[str, Any] | None = None
) -> list[Record]:
    """The records of a file; see `make_record`."""
    return [make_record(clock, declaration, functions) for declaration in declarations]


def make_record(
    clock: SimClock, declaration: Declaration, functions: Mapping[str, Any] | None = None
) -> Record:
    """The record of a declaration; undefined, as those of an IOC, until something gives it a value.

    Parameters
    ----------
    functions : mapping of str to callable, optional
        What SNAM of sub and aSub records may name.

    Raises
    ------
    RecordFileError
        Naming the file, the line, the record and the field.
    """
    kind = RECORD_TYPES.get(declaration.record_type)
    if kind is None:
        raise RecordFileError(
            f"{declaration.where}: {declaration.name}: there is no record type {declaration.record_type!r} here"
            + similar(declaration.record_type, RECORD_TYPES)
        )
    given: dict[str, Any] = dict(_converted(kind, declaration))
    if kind.is_undefined_at_first:
        given = {"UDF": int("VAL" not in given), "STAT": "UDF", **given}
    if kind.array_type is not None:
        given.setdefault(kind.array_type, "STRING")
    if kind.takes_functions:
        given["functions"] = functions
    try:
        return kind(clock, declaration.name, **given)
    except (PutError, NotConnectedError) as error:
        raise RecordFileError(f"{declaration.where}: {error}") from error


def _converted(kind: type[Record], declaration: Declaration) -> Iterator[tuple[str, Any]]:
    """The fields, as a record takes them; VAL last, since other fields say what it may be."""
    for name, (text, where) in sorted(
        declaration.fields.items(), key=lambda item: item[0] == "VAL"
    ):
        spec = kind.fields.get(name)
        if spec is None:
            raise RecordFileError(
                f"{where}: {declaration.name}.{name}: the {kind.record_type} record has no field {name}"
                + similar(name, kind.fields)
            )
        try:
            yield name, _from_text(spec, text)
        except ValueError as error:
            raise RecordFileError(
                f"{where}: {declaration.name}.{name}: {text!r}: {error}"
            ) from error


def _from_text(spec: Field, text: str) -> Any:
    if spec.dtype == "|S40":
        return text
    if spec.dtype == "enum":
        return int(text) if text.isdigit() and text not in spec.choices else text
    return number_of(text) if text.strip() else 0
