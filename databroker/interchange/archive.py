"""What a ``.beamtwin`` archive must look like to be opened; see `packed`."""

import re
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

from beamtwin.databroker.errors import ImportFileError
from beamtwin.databroker.stores import jsontext

__all__ = ["ASSET", "BLOCK", "DOCUMENTS", "FORMAT", "MANIFEST", "VERSION", "read_manifest"]

FORMAT, VERSION = "beamtwin run", 1
MANIFEST, DOCUMENTS = "manifest.json", "documents.jsonl"
ASSET = re.compile(r"assets/\d{1,9}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
#: Bytes that are copied at a time.
BLOCK = 2**20
#: Documents are compressed about tenfold; what claims to be more than this is no text of ours.
_MOST_COMPRESSED = 500
_LONGEST_MANIFEST = 64 * 2**20


def read_manifest(path: Path, archive: ZipFile) -> dict[str, Any]:
    """What the archive says of itself, of which nothing is believed that its members do not bear out.

    Raises
    ------
    ImportFileError
        If it holds what no export puts there, or its manifest makes no sense.
    """
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
        if not ASSET.fullmatch(f"{folder}/{name or '_'}"):
            raise ImportFileError(
                f"{path}: a resource lies in {folder}/{name}, outside the archive"
            )
    return manifest


def _refuse_strange(path: Path, archive: ZipFile) -> None:
    """Names that lead elsewhere, and contents that would fill the disk."""
    for info in archive.infolist():
        if info.filename not in (MANIFEST, DOCUMENTS):
            if not ASSET.fullmatch(info.filename):
                raise ImportFileError(
                    f"{path}: holds {info.filename!r}, which no export puts there; nothing was unpacked"
                )
            if info.compress_type != ZIP_STORED:
                raise ImportFileError(
                    f"{path}: {info.filename} is compressed, which no export does; nothing was unpacked"
                )
        elif info.file_size > _MOST_COMPRESSED * max(info.compress_size, 1) + BLOCK or (
            info.filename == MANIFEST and info.file_size > _LONGEST_MANIFEST
        ):
            raise ImportFileError(
                f"{path}: {info.filename} claims {info.file_size} bytes of {info.compress_size} "
                "compressed ones; nothing was unpacked"
            )
