"""A whole run in one file, written: its documents, and the files that they refer to.

A ``.beamtwin`` file is a zip archive of ``manifest.json``, ``documents.jsonl`` (see `documentfiles`) and
``assets/<number>/<name>``. The manifest says which resource's files are in which folder, and has a sha256 of all.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from beamtwin.databroker.errors import AssetError, ExportError
from beamtwin.databroker.interchange.archive import (
    BLOCK,
    DOCUMENTS,
    FORMAT,
    MANIFEST,
    VERSION,
    claims_too_much,
)
from beamtwin.databroker.interchange.documentfiles import document_lines
from beamtwin.databroker.interchange.files import safe_name
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext

__all__ = ["export_packed"]

#: 1980, where the time of zip files begins: the same run packed twice is the same file.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = "leave the files out with --no-assets"


def export_packed(runs: Sequence[Run], path: Path, options: Options) -> None:
    """Write the runs, with the files that they refer to unless the options say otherwise.

    Raises
    ------
    ExportError
        Naming run, resource and file, if one is not there, or lies where files are not handed on from.
    """
    annotations = {run.uid: run.annotations for run in runs if run.annotations}
    manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, "annotations": annotations}
    manifest["resources"] = {}
    with ZipFile(path, "w", ZIP_STORED) as archive:
        manifest["sha256"] = {DOCUMENTS: _pack_documents(archive, runs)}
        if claims_too_much(archive.getinfo(DOCUMENTS)):
            raise ExportError(
                "the documents hold so little that no import would believe it; export as jsonl"
            )
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
        while block := source.read(BLOCK):
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
        path, files = run.assets.path(resource), run.assets.files(resource)
    except AssetError as error:
        raise ExportError(f"{label}: {error}; {_LEFT_OUT}") from error
    if not files:
        raise ExportError(
            f"{label}: {path} is not there{run.assets.was(resource)}; put it back, say by root_map where "
            f"it has been moved to, or {_LEFT_OUT}"
        )
    folder = path if path.is_dir() else path.parent
    below = next((file for file in files if file.parent != folder), None)
    if below is not None:
        raise ExportError(
            f"{label}: {below} lies below {folder}, and an archive has one folder a resource; {_LEFT_OUT}"
        )
    return _Announced(files, {} if path.is_dir() else {"name": safe_name(path.name)})
