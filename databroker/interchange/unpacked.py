"""A whole run from one file: what `packed` wrote, checked, unpacked and filed."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import ImportFileError
from beamtwin.databroker.interchange.archive import (
    BLOCK,
    DOCUMENTS,
    Manifest,
    Place,
    is_asset,
    opened,
)
from beamtwin.databroker.interchange.documentfiles import read_lines
from beamtwin.databroker.interchange.documents import Sorter, file_runs, new_runs
from beamtwin.databroker.interchange.files import safe_name
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.interchange.placing import new_folder
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores.base import NamedDocument

__all__ = ["import_packed"]

#: Of a folder, in characters: file systems take 255 bytes.
_LONGEST_NAME = 120


def import_packed(broker: Broker, path: Path, options: Options) -> list[Run]:
    """File the runs, and unpack their files into a folder of their own in ``options.assets``.

    Raises
    ------
    ImportFileError
        If the archive is not sound, or holds what no export puts there; nothing was imported then.
    """
    with opened(path) as (archive, manifest):
        runs = _documents(path, archive, manifest)
        new = new_runs(broker, runs, str(path))
        if new:
            _file(broker, path, archive, manifest, {uid: runs[uid] for uid in new}, options)
    return [broker[uid] for uid in runs]


def _documents(path: Path, archive: ZipFile, manifest: Manifest) -> dict[str, list[NamedDocument]]:
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
    manifest: Manifest,
    runs: Mapping[str, list[NamedDocument]],
    options: Options,
) -> None:
    """Unpack, then file; where one fails, the other is undone."""
    if not manifest.resources:
        _insert(broker, runs, manifest, str(path))
        return
    if options.assets is None:
        raise ImportFileError(f"{path}: brings files; say which folder is to have them (assets)")
    name = safe_name(f"{next(iter(runs))}-{manifest.sha256[DOCUMENTS][:8]}")[:_LONGEST_NAME]
    unpack = partial(_unpack, path, archive, manifest, options)
    with new_folder(broker, options.assets / name, runs, unpack) as folder:
        placed = {
            uid: [(name, _placed(name, doc, manifest.resources, folder)) for name, doc in run]
            for uid, run in runs.items()
        }
        _insert(broker, placed, manifest, str(path))


def _insert(
    broker: Broker, runs: Mapping[str, list[NamedDocument]], manifest: Manifest, source: str
) -> None:
    """File the runs, and say of them what was said where they come from; where that fails, they are deleted."""
    file_runs(broker, runs.values(), source)
    try:
        for uid in runs:
            if uid in manifest.annotations:
                broker.store.annotate(uid, lambda _, said=manifest.annotations[uid]: dict(said))
    except BaseException:
        for uid in runs:
            broker.store.hide(uid)
            broker.store.delete(uid)
        raise


def _unpack(
    path: Path, archive: ZipFile, manifest: Manifest, options: Options, folder: Path
) -> None:
    members = [info for info in archive.infolist() if is_asset(info)]
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


def _compare(path: Path, name: str, found: str, manifest: Manifest) -> None:
    if found != manifest.sha256.get(name):
        raise ImportFileError(
            f"{path}: {name} is not what was packed (its sha256 differs); get the file again"
        )


def _placed(
    name: str, doc: dict[str, Any], places: Mapping[str, Place], folder: Path
) -> dict[str, Any]:
    """A resource's document, as its files now lie."""
    place = places.get(str(doc.get("uid"))) if name in ("resource", "stream_resource") else None
    if place is None:
        return doc
    if name == "stream_resource":
        uri = (folder / place.path).absolute().as_uri().replace("file://", "file://localhost", 1)
        return doc | {"uri": uri + "/" * (place.name is None)}
    return doc | {
        "root": str(folder.absolute()),
        "resource_path": place.path,
        "path_semantics": "posix",
    }
