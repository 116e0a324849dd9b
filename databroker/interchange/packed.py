"""A whole run in one file, written: its documents, and the files that they refer to.

A ``.beamtwin`` file is a zip archive of ``manifest.json``, ``documents.jsonl`` (see `documentfiles`) and
``assets/<number>/<name>``. The manifest says which resource's files are in which folder, and has a sha256 of all.
"""

import glob
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from beamtwin.databroker.errors import AssetError, ExportError
from beamtwin.databroker.interchange.archive import BLOCK, DOCUMENTS, FORMAT, MANIFEST, VERSION
from beamtwin.databroker.interchange.documentfiles import document_lines
from beamtwin.databroker.interchange.files import safe_name
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.run import Run
from beamtwin.databroker.stores import jsontext

__all__ = ["export_packed"]

#: 1980, where the time of zip files begins: the same run packed twice is the same file.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


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
        path = run.assets.path(resource)
    except AssetError as error:
        raise ExportError(f"{label}: {error}") from error
    if path.is_file():
        return _Announced([path, *_linked(path)], {"name": safe_name(path.name)})
    prefix = "" if path.is_dir() else path.name
    folder = path if path.is_dir() else path.parent
    files = sorted(
        file
        for file in folder.glob(f"{glob.escape(prefix or _prefix(resource))}*")
        if file.is_file()
    )
    if not files:
        raise ExportError(
            f"{label}: {path} is not there; put it back, or leave the files out with --no-assets"
        )
    return _Announced(files, {"name": safe_name(prefix)} if prefix else {})


def _prefix(resource: Mapping[str, Any]) -> str:
    """What the names of a resource's own files begin with, as far as it says so."""
    if "uri" in resource:
        template = str(resource.get("parameters", {}).get("template", ""))
        return Path(template).name.split("{")[0]
    return Path(str(resource.get("resource_kwargs", {}).get("filename", ""))).name


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
