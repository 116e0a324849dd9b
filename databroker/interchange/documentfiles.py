"""Document streams in files: JSON lines and msgpack, as suitcase-jsonl and suitcase-msgpack lay them out.

A JSON line is ``["event", {...}]``; a msgpack object is the same pair, arrays in it as msgpack-numpy has them. What
went in comes out, to the last bit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import DataBrokerError, ExportError, ImportFileError
from beamtwin.databroker.interchange.documents import import_documents
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import NamedDocument

if TYPE_CHECKING:
    from types import ModuleType

#: What Python says of files that hold something else than documents.
_SENSELESS = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)

__all__ = [
    "document_lines",
    "export_jsonl",
    "export_msgpack",
    "import_jsonl",
    "import_msgpack",
    "read_lines",
]


def export_jsonl(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write the runs' documents, a line each."""
    with path.open("wb") as file:
        for run in runs:
            file.writelines(document_lines(_watched(run, options)))


def import_jsonl(broker: Broker, path: Path, options: Options) -> list[Run]:
    """File the runs of a file of JSON lines; see `import_documents`."""
    with path.open("rb") as file:
        return import_documents(broker, read_lines(file, str(path)), str(path))


def document_lines(documents: Iterable[NamedDocument]) -> Iterator[bytes]:
    """Each document as a line of JSON."""
    for name, doc in documents:
        yield jsontext.dumps([name, doc]).encode("ascii") + b"\n"


def read_lines(lines: Iterable[bytes], source: str) -> Iterator[NamedDocument]:
    """The documents of lines of JSON.

    Raises
    ------
    ImportFileError
        Naming file and line.
    """
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            raise ImportFileError(
                f"{source}, line {number}: has no line end, so the file may have been cut off there; get it again"
            )
        try:
            yield _pair(jsontext.loads(line.decode()))
        except _SENSELESS as error:
            raise ImportFileError(
                f"{source}, line {number}: is no document ({error}); expected a line such as "
                '["start", {...}]'
            ) from error


def export_msgpack(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write the runs' documents as msgpack objects.

    Raises
    ------
    ExportError
        If msgpack is not installed, or has no room for a number.
    """
    packer = _msgpack().Packer(default=_without_numpy, use_bin_type=True)
    with path.open("wb") as file:
        for run in runs:
            for name, doc in _watched(run, options):
                try:
                    file.write(packer.pack([name, doc]))
                except (OverflowError, ValueError, TypeError) as error:
                    raise ExportError(
                        f"run {run.uid[:8]}, {name}: msgpack cannot hold it ({error}); export as jsonl"
                    ) from error


def import_msgpack(broker: Broker, path: Path, options: Options) -> list[Run]:
    """File the runs of a file of msgpack objects; see `import_documents`."""
    return import_documents(broker, _unpacked(path), str(path))


def _unpacked(path: Path) -> Iterator[NamedDocument]:
    msgpack, size = _msgpack(), path.stat().st_size
    broken = (*_SENSELESS, MemoryError, msgpack.exceptions.UnpackException)
    # A length that the file says is believed as far as the file could hold it.
    longest = {f"max_{kind}_len": size for kind in ("str", "bin", "array", "map", "ext")}
    with path.open("rb") as file:
        unpacker = msgpack.Unpacker(
            file, object_hook=_with_numpy, strict_map_key=False, max_buffer_size=0, **longest
        )
        pairs = map(_pair, unpacker)
        while True:
            begin = unpacker.tell()
            try:
                pair = next(pairs, None)
            except broken as error:
                raise ImportFileError(
                    f"{path}, byte {begin}: is no document ({error}); expected pairs of a name and a document"
                ) from error
            if pair is None:
                break
            yield pair
        if begin != size:
            raise ImportFileError(
                f"{path}, byte {begin}: begins a document that has no end, so it may have been cut off; get it again"
            )


def _pair(item: Any) -> NamedDocument:
    match item:
        case [str() as name, dict() as doc]:
            return name, doc
    raise ValueError(f"{str(item)[:40]!r} is not a pair of a name and a document")


def _msgpack() -> "ModuleType":
    try:
        import msgpack
    except ImportError as error:
        raise DataBrokerError("files of msgpack need the package: pip install msgpack") from error
    return msgpack


def _without_numpy(value: Any) -> Mapping[bytes, Any]:
    """A numpy array or scalar as msgpack-numpy writes it. The keys are bytes, which no document's are."""
    import numpy as np

    if (
        not isinstance(value, np.ndarray | np.generic)
        or value.dtype.kind not in jsontext.STORABLE_KINDS
    ):
        raise TypeError(f"a {type(value).__name__} has no msgpack form")
    if isinstance(value, np.ndarray):
        head = {b"nd": True, b"type": value.dtype.str, b"kind": b"", b"shape": value.shape}
        return {**head, b"data": value.tobytes()}
    return {b"nd": False, b"type": value.dtype.str, b"data": value.tobytes()}


def _with_numpy(item: dict[Any, Any]) -> Any:
    """What `_without_numpy` was given. Arrays of objects are refused: they would be pickles."""
    if b"nd" not in item:
        return item
    import numpy as np

    kind = item[b"type"]
    dtype = np.dtype(kind.decode() if isinstance(kind, bytes) else kind)
    if dtype.kind not in jsontext.STORABLE_KINDS:
        raise ValueError(f"an array of dtype {dtype} is not read")
    array = jsontext.array_of(item[b"data"], dtype, item[b"shape"] if item[b"nd"] else [1])
    return array if item[b"nd"] else array[0]


def _watched(run: Run, options: Options) -> Iterator[NamedDocument]:
    """A run's documents, while `Options.watch` is told of every hundredth."""
    total = sum(len(run[name]) for name in run.streams)
    for number, document in enumerate(run.documents()):
        if number % 100 == 0:
            options.watch(f"run {run.uid[:8]}", min(number, total), total)
        yield document
    options.watch(f"run {run.uid[:8]}", total, total)
