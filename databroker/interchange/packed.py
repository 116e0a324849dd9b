"""A whole run in one file: its documents, and the files that they refer to.

A ``.beamtwin`` file is a zip archive of ``manifest.json``, ``documents.jsonl`` (see `documentfiles`) and
``assets/<number>/<name>``. The manifest says which resource's files are in which folder, and has a sha256 of all.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import AssetError, ExportError, ImportFileError
from beamtwin.databroker.interchange.documentfiles import document_lines, read_lines
from beamtwin.databroker.interchange.documents import Sorter, new_runs
from beamtwin.databroker.interchange.files import safe_name
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import NamedDocument

__all__ = ["export_packed", "import_packed"]

FORMAT, VERSION = "beamtwin run", 1
MANIFEST, DOCUMENTS = "manifest.json", "documents.jsonl"
_ASSET = re.compile(r"assets/\d{1,9}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
#: Documents are compressed about tenfold; what claims to be more than this is no text of ours.
_MOST_COMPRESSED = 500
_LONGEST_MANIFEST = 64 * 2**20
_BLOCK = 2**20
#: 1980, where the time of zip files begins: the same run packed twice is the same file.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


# --- out --------------------------------------------------------------------


def export_packed(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write the runs, with the files that they refer to unless the options say otherwise.

    Raises
    ------
    ExportError
        Naming run, resource and file, if one is not there.
    """
    annotations = {run.uid: run.annotations for run in runs if run.annotations}
    manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, "annotations": annotations}
    manifest["resources"] = {}
    with ZipFile(path, "w", ZIP_STORED) as archive:
        manifest["sha256"] = {DOCUMENTS: _pack_documents(archive, runs)}
        resources = _resources(runs) if options.with_assets else []
        for number, (run, resource) in enumerate(resources):
            options.watch("assets", number, len(resources))
            folder = f"assets/{number}"
            announced = _announced(run, resource)
            manifest["resources"][resource["uid"]] = {"folder": folder, **announced.entry}
            for file in announced.files:
                member = f"{folder}/{safe_name(file.name)}"
                with file.open("rb") as source:
                    manifest["sha256"][member] = _pack(archive, member, source)
        text = jsontext.dumps(manifest).encode()
        _pack(archive, MANIFEST, BytesIO(text), ZIP_DEFLATED)


def _pack_documents(archive: ZipFile, runs: Sequence[Run]) -> str:
    digest = hashlib.sha256()
    with archive.open(_info(DOCUMENTS, ZIP_DEFLATED), "w", force_zip64=True) as member:
        for run in runs:
            for line in document_lines(run.documents()):
                digest.update(line)
                member.write(line)
    return digest.hexdigest()


def _pack(archive: ZipFile, name: str, source: IO[bytes], compression: int = ZIP_STORED) -> str:
    digest = hashlib.sha256()
    with archive.open(_info(name, compression), "w", force_zip64=True) as member:
        while block := source.read(_BLOCK):
            digest.update(block)
            member.write(block)
    return digest.hexdigest()


def _info(name: str, compression: int) -> ZipInfo:
    info = ZipInfo(name, _ZIP_EPOCH)
    info.compress_type = compression
    return info


def _resources(runs: Sequence[Run]) -> list[tuple[Run, dict[str, Any]]]:
    """Each resource once, with whose it is."""
    found = {
        doc["uid"]: (run, doc)
        for run in runs
        for _, doc in run.documents(["resource", "stream_resource"])
    }
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Announced:
    """The files that a resource stands for."""

    files: list[Path]
    entry: dict[str, str]
    """``name``: what the resource names within its folder, where it names no folder."""


def _announced(run: Run, resource: Mapping[str, Any]) -> _Announced:
    label = f"run {run.uid[:8]}, resource {str(resource['uid'])[:8]}"
    try:
        path = run.assets.path(resource)
    except AssetError as error:
        raise ExportError(f"{label}: {error}") from error
    if path.is_file():
        return _Announced([path, *_linked(path)], {"name": safe_name(path.name)})
    prefix = "" if path.is_dir() else path.name
    folder = path if path.is_dir() else path.parent
    files = sorted(
        file for file in folder.glob(f"{prefix or _prefix(resource)}*") if file.is_file()
    )
    if not files:
        raise ExportError(
            f"{label}: {path} is not there; put it back, or leave the files out with --no-assets"
        )
    return _Announced(files, {"name": safe_name(prefix)} if prefix else {})


def _prefix(resource: Mapping[str, Any]) -> str:
    """What the names of a resource's own files begin with, as far as it says so."""
    if "uri" in resource:
        return str(resource.get("parameters", {}).get("template", "")).split("{")[0]
    return str(resource.get("resource_kwargs", {}).get("filename", ""))


def _linked(path: Path) -> list[Path]:
    """The files beside an HDF5 file that it links to, as Eiger's master files do."""
    import h5py

    if not h5py.is_hdf5(path):
        return []
    found: dict[Path, None] = {}

    def visit(group: Any) -> None:
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                file = path.parent / Path(link.filename).name
                if file.is_file() and file != path:
                    found[file] = None
            elif isinstance(link, h5py.HardLink) and isinstance(group[name], h5py.Group):
                visit(group[name])

    with h5py.File(path, "r", locking=False) as file:
        visit(file)
    return list(found)


# --- in ---------------------------------------------------------------------


def import_packed(broker: Broker, path: Path, options: Options) -> list[Run]:
    """File the runs, and unpack their files into a folder of their own in ``options.assets``.

    Raises
    ------
    ImportFileError
        If the archive is not sound, or holds what no export puts there; nothing was imported then.
    """
    try:
        with ZipFile(path) as archive:
            manifest = _manifest(path, archive)
            runs = _documents(path, archive, manifest)
            new = new_runs(broker, runs, str(path))
            if new:
                _file(broker, path, archive, manifest, {uid: runs[uid] for uid in new}, options)
                _annotate(broker, new, manifest["annotations"])
    except (BadZipFile, NotImplementedError, EOFError) as error:
        raise ImportFileError(f"{path}: is no sound archive: {error}; get it again") from error
    return [broker[uid] for uid in runs]


def _manifest(path: Path, archive: ZipFile) -> dict[str, Any]:
    names = archive.namelist()
    _refuse_strange(path, archive)
    for name in (MANIFEST, DOCUMENTS):
        if name not in names:
            raise ImportFileError(f"{path}: has no {name}: it was not written by beamtwin export")
    try:
        manifest = jsontext.loads(archive.read(MANIFEST).decode())
        found = (manifest["format"], manifest["version"])
        named = {MANIFEST, *manifest["sha256"]}
        dict.fromkeys(manifest["annotations"])
        places = [(entry["folder"], entry.get("name")) for entry in manifest["resources"].values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ImportFileError(f"{path}: {MANIFEST} makes no sense: {error!r}") from error
    if found != (FORMAT, VERSION):
        raise ImportFileError(
            f"{path}: is {found[0]!r} of version {found[1]!r}; known is {FORMAT!r} of version {VERSION}"
        )
    if set(names) != named or len(names) != len(named):
        raise ImportFileError(f"{path}: holds other files than its {MANIFEST} names")
    for folder, name in places:
        if not _ASSET.fullmatch(f"{folder}/{name or '_'}"):
            raise ImportFileError(
                f"{path}: a resource lies in {folder}/{name}, outside the archive"
            )
    return manifest


def _refuse_strange(path: Path, archive: ZipFile) -> None:
    """Names that lead elsewhere, and contents that would fill the disk."""
    for info in archive.infolist():
        if info.filename not in (MANIFEST, DOCUMENTS):
            if not _ASSET.fullmatch(info.filename):
                raise ImportFileError(
                    f"{path}: holds {info.filename!r}, which no export puts there; nothing was unpacked"
                )
            if info.compress_type != ZIP_STORED:
                raise ImportFileError(
                    f"{path}: {info.filename} is compressed, which no export does; nothing was unpacked"
                )
        elif info.file_size > _MOST_COMPRESSED * max(info.compress_size, 1) + _BLOCK or (
            info.filename == MANIFEST and info.file_size > _LONGEST_MANIFEST
        ):
            raise ImportFileError(
                f"{path}: {info.filename} claims {info.file_size} bytes of {info.compress_size} "
                "compressed ones; nothing was unpacked"
            )


def _documents(
    path: Path, archive: ZipFile, manifest: Mapping[str, Any]
) -> dict[str, list[NamedDocument]]:
    source = f"{path}, {DOCUMENTS}"
    with archive.open(DOCUMENTS) as member:
        digest = hashlib.sha256()
        lines = _hashed(member, digest)
        runs = Sorter(source, trusted=True).sort(read_lines(lines, source))
    _compare(path, DOCUMENTS, digest.hexdigest(), manifest)
    return runs


def _hashed(lines: IO[bytes], digest: Any) -> Iterator[bytes]:
    for line in lines:
        digest.update(line)
        yield line


def _file(
    broker: Broker,
    path: Path,
    archive: ZipFile,
    manifest: Mapping[str, Any],
    runs: Mapping[str, list[NamedDocument]],
    options: Options,
) -> None:
    """Unpack, then file; where one fails, the other is undone."""
    if not manifest["resources"]:
        broker.store.insert_all(document for run in runs.values() for document in run)
        return
    if options.assets is None:
        raise ImportFileError(f"{path}: brings files; say which folder is to have them (assets)")
    folder = options.assets / safe_name(f"{next(iter(runs))}-{manifest['sha256'][DOCUMENTS][:8]}")
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of an import that was killed
        _unpack(path, archive, manifest, folder, options)
        places = manifest["resources"]
        broker.store.insert_all(
            (name, _placed(name, doc, places, folder)) for run in runs.values() for name, doc in run
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _annotate(broker: Broker, new: Sequence[str], annotations: Mapping[str, Any]) -> None:
    """Say of the runs what was said of them where they come from."""
    for uid in new:
        if uid in annotations:
            broker.store.annotate(uid, lambda _, said=annotations[uid]: said)


def _unpack(
    path: Path, archive: ZipFile, manifest: Mapping[str, Any], folder: Path, options: Options
) -> None:
    members = [info for info in archive.infolist() if _ASSET.fullmatch(info.filename)]
    try:
        folder.mkdir(parents=True)
        needed, free = sum(info.file_size for info in members), shutil.disk_usage(folder).free
        if needed > free:
            raise ImportFileError(
                f"{path}: brings {needed} bytes, and {folder} has room for {free}"
            )
        for number, info in enumerate(members):
            options.watch("assets", number, len(members))
            target = folder / info.filename
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, target.open("xb") as out:
                _compare(path, info.filename, _copy(source, out), manifest)
    except OSError as error:
        raise ImportFileError(
            f"{path}: cannot be unpacked into {folder}: {error.strerror or error}; nothing was imported"
        ) from error


def _copy(source: IO[bytes], out: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
        out.write(block)
    return digest.hexdigest()


def _compare(path: Path, name: str, found: str, manifest: Mapping[str, Any]) -> None:
    if found != manifest["sha256"].get(name):
        raise ImportFileError(
            f"{path}: {name} is not what was packed (its sha256 differs); get the file again"
        )


def _placed(
    name: str, doc: dict[str, Any], places: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """A resource's document, as its files now lie."""
    place = places.get(doc.get("uid", "")) if name in ("resource", "stream_resource") else None
    if place is None:
        return doc
    relative = "/".join(filter(None, (place["folder"], place.get("name"))))
    if name == "stream_resource":
        uri = (folder / relative).absolute().as_uri().replace("file://", "file://localhost", 1)
        return doc | {"uri": uri + "/" * ("name" not in place)}
    return doc | {
        "root": str(folder.absolute()),
        "resource_path": relative,
        "path_semantics": "posix",
    }
