"""A whole run from one file: what `packed` wrote, checked, unpacked and filed."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ImportFileError
from beamtwin.databroker.interchange.archive import ASSET, BLOCK, DOCUMENTS, read_manifest
from beamtwin.databroker.interchange.documentfiles import read_lines
from beamtwin.databroker.interchange.documents import Sorter, new_runs
from beamtwin.databroker.interchange.files import safe_name
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores.base import NamedDocument

__all__ = ["import_packed"]


def import_packed(broker: Broker, path: Path, options: Options) -> list[Run]:
    """File the runs, and unpack their files into a folder of their own in ``options.assets``.

    Raises
    ------
    ImportFileError
        If the archive is not sound, or holds what no export puts there; nothing was imported then.
    """
    try:
        with ZipFile(path) as archive:
            manifest = read_manifest(path, archive)
            runs = _documents(path, archive, manifest)
            new = new_runs(broker, runs, str(path))
            if new:
                _file(broker, path, archive, manifest, {uid: runs[uid] for uid in new}, options)
                _annotate(broker, new, manifest["annotations"])
    except (BadZipFile, NotImplementedError, EOFError) as error:
        raise ImportFileError(f"{path}: is no sound archive: {error}; get it again") from error
    return [broker[uid] for uid in runs]


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
    members = [info for info in archive.infolist() if ASSET.fullmatch(info.filename)]
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
    while block := source.read(BLOCK):
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
