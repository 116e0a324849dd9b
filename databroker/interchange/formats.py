"""The formats that runs are written to and read from, by name and by extension."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import DataBrokerError, ExportError, ImportFileError
from beamtwin.databroker.interchange.columns import export_csv, import_csv
from beamtwin.databroker.interchange.documentfiles import (
    export_jsonl,
    export_msgpack,
    import_jsonl,
    import_msgpack,
)
from beamtwin.databroker.interchange.files import replacing, safe_name
from beamtwin.databroker.interchange.nexus import export_nexus
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.interchange.packed import export_packed
from beamtwin.databroker.interchange.spec import export_spec
from beamtwin.databroker.interchange.specreading import import_spec
from beamtwin.databroker.interchange.tiffs import export_tiffs
from beamtwin.databroker.interchange.tomograms import export_data_exchange, export_nxtomo
from beamtwin.databroker.interchange.unpacked import import_packed
from beamtwin.databroker.run import Run

__all__ = ["FORMATS", "Format", "export_runs", "import_file"]

Export = Callable[[Sequence[Run], Path, Options], None]
Import = Callable[[Broker, Path, Options], list[Run]]


@dataclass(frozen=True, slots=True)
class Format:
    """How runs become a file, and a file becomes runs."""

    extensions: tuple[str, ...]
    """The first is what our files have."""
    write: Export
    read: Import | None = None
    many: bool = False
    """Whether one file has room for several runs."""


FORMATS: dict[str, Format] = {
    "csv": Format((".csv", ".txt", ".dat"), export_csv, import_csv),
    "spec": Format((".spec", ".spc"), export_spec, import_spec, many=True),
    "nexus": Format((".nxs", ".h5", ".hdf5"), export_nexus, many=True),
    "nxtomo": Format((".nxtomo.nxs", ".nx"), export_nxtomo),
    "dx": Format((".dx.h5", ".dx"), export_data_exchange),
    "tiff": Format(("",), export_tiffs),
    "jsonl": Format((".jsonl",), export_jsonl, import_jsonl, many=True),
    "msgpack": Format((".msgpack",), export_msgpack, import_msgpack, many=True),
    "beamtwin": Format((".beamtwin",), export_packed, import_packed, many=True),
}


def export_runs(
    runs: Sequence[Run], out: Path, form: str | None = None, options: Options | None = None
) -> list[Path]:
    """Write runs to files; each is there whole, or not at all.

    Documents may name any file of this machine: only those in the broker's roots go into an export.

    Parameters
    ----------
    runs : sequence of Run
    out : Path
        A file, or a folder: in an existing one, and where several runs need a file each, files are called by the
        runs' uids.
    form : str, optional
        A name of `FORMATS`; default: what the file's extension says.
    options : Options, optional

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ExportError
        Naming path, run and key, and the way out; nothing was written of that file.
    """
    options = options or Options()
    written = _format(form, out, ExportError)
    if not runs:
        raise ExportError(f"{out}: no run was named")
    targets = _targets([_sharing(run) for run in runs], out, written)
    for path, own in targets.items():
        with replacing(path, force=options.force) as partial:
            written.write(own, partial, options)
    return list(targets)


def import_file(
    broker: Broker, path: Path, form: str | None = None, options: Options | None = None
) -> list[Run]:
    """File the runs of a file: all of them, or, on an error, none; see `export_runs` for the parameters.

    Raises
    ------
    ImportFileError
        Naming the file, where in it, and what is expected.
    """
    read = _format(form, path, ImportFileError).read
    if read is None:
        known = ", ".join(name for name, each in FORMATS.items() if each.read)
        raise ImportFileError(f"{path}: this format is only written; read are: {known}")
    if not path.is_file():
        raise ImportFileError(f"{path}: there is no such file")
    try:
        return read(broker, path, options or Options())
    except OSError as error:
        raise ImportFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def _format(form: str | None, path: Path, kind: type[DataBrokerError]) -> Format:
    if form is not None and form not in FORMATS:
        raise kind(f"{form!r} is no format; known: {', '.join(FORMATS)}")
    named = form or _by_extension(path.name.lower())
    if named is None:
        raise kind(f"{path}: its name says no format; name one: --format {'|'.join(FORMATS)}")
    return FORMATS[named]


def _by_extension(name: str) -> str | None:
    """The format with the longest extension that fits: ``.dx.h5`` is not ``.h5``."""
    fitting = {
        extension: form
        for form, each in FORMATS.items()
        for extension in each.extensions
        if extension and name.endswith(extension)
    }
    return fitting[max(fitting, key=len)] if fitting else None


def _sharing(run: Run) -> Run:
    """The run, whose files are only opened where they may be handed on."""
    shared = copy(run)
    shared.assets = run.assets.sharing()
    return shared


def _targets(runs: Sequence[Run], out: Path, form: Format) -> dict[Path, Sequence[Run]]:
    if out.is_dir() or (len(runs) > 1 and not form.many):
        _make_folder(out)
        if form.many and len(runs) > 1:
            return {out / f"runs{form.extensions[0]}": runs}
        return {out / f"{safe_name(run.uid[:8])}{form.extensions[0]}": [run] for run in runs}
    return {out: runs}


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"{out}: cannot be the folder of a file for each run: {error.strerror}"
        ) from error
