"""What a ``.beamtwin`` archive must look like to be opened; see `packed`."""

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from beamtwin.databroker import annotations
from beamtwin.databroker.errors import DataBrokerError, ImportFileError
from beamtwin.databroker.stores import jsontext

__all__ = [
    "BLOCK",
    "DOCUMENTS",
    "FORMAT",
    "MANIFEST",
    "VERSION",
    "Manifest",
    "Place",
    "claims_too_much",
    "is_asset",
    "opened",
]

FORMAT, VERSION = "beamtwin run", 1
MANIFEST, DOCUMENTS = "manifest.json", "documents.jsonl"
_ASSET = re.compile(r"assets/\d{1,9}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
#: Bytes that are copied at a time.
BLOCK = 2**20
#: Documents are compressed about tenfold; what claims to be more than this is no text of ours, unless it is short.
_MOST_COMPRESSED, _SHORT = 500, 64 * 2**20
_LONGEST_MANIFEST = 64 * 2**20
#: Of a member's flags: it is encrypted.
_ENCRYPTED = 0x1
#: What zipfile says of files that are damaged, or made to look like archives.
_UNSOUND = (
    BadZipFile,
    EOFError,
    NotImplementedError,
    OverflowError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of a resource are."""

    folder: str
    name: str | None = None
    """What the resource names within the folder, where it does not name the folder."""

    @property
    def path(self) -> str:
        """Relative to what the archive is unpacked to."""
        return "/".join(filter(None, (self.folder, self.name)))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    sha256: Mapping[str, str]
    """By member."""
    resources: Mapping[str, Place]
    """By the uid of a resource or stream_resource document."""
    annotations: Mapping[str, Mapping[str, Any]]
    """By the uid of a run."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[ZipFile, Manifest]]:
    """An archive, and its manifest, of which nothing is believed that its members do not bear out.

    Raises
    ------
    ImportFileError
        If it holds what no export puts there, its manifest makes no sense, or it is damaged, here or while it is open.
    """
    try:
        with ZipFile(path) as archive:
            _refuse_strange(path, archive)
            yield archive, _manifest(path, archive)
    except DataBrokerError:
        raise
    except _UNSOUND as error:
        raise ImportFileError(f"{path}: is no sound archive: {error}; get it again") from error


def is_asset(info: ZipInfo) -> bool:
    """Whether a member is a file that the documents refer to."""
    return _ASSET.fullmatch(info.filename) is not None


def claims_too_much(info: ZipInfo) -> bool:
    """Whether a compressed member would be larger than texts of ours are."""
    return info.file_size > max(_SHORT, _MOST_COMPRESSED * info.compress_size) or (
        info.filename == MANIFEST and info.file_size > _LONGEST_MANIFEST
    )


def _manifest(path: Path, archive: ZipFile) -> Manifest:
    names = archive.namelist()
    for name in (MANIFEST, DOCUMENTS):
        if name not in names:
            raise ImportFileError(f"{path}: has no {name}: it was not written by beamtwin export")
    try:
        said = jsontext.loads(archive.read(MANIFEST).decode())
        found = (str(said["format"]), str(said["version"]))
        if found != (FORMAT, str(VERSION)):
            raise ImportFileError(
                f"{path}: is {found[0]:.40} of version {found[1]:.40}; known is {FORMAT} of version {VERSION}"
            )
        manifest = _parsed(said)
    except ImportFileError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ImportFileError(f"{path}: {MANIFEST} makes no sense: {error!r}") from error
    if {MANIFEST, *manifest.sha256} != set(names) or len(names) != len(manifest.sha256) + 1:
        raise ImportFileError(f"{path}: holds other files than its {MANIFEST} names")
    for place in manifest.resources.values():
        if not _ASSET.fullmatch(f"{place.folder}/{place.name or '_'}"):
            raise ImportFileError(f"{path}: a resource lies in {place.path}, outside the archive")
    return manifest


def _parsed(said: Mapping[str, Any]) -> Manifest:
    """The same, if everything in it is of its type.

    Raises
    ------
    ValueError, LookupError, TypeError, AttributeError
        If not.
    """
    for uid, about in said["annotations"].items():
        fault = annotations.fault(about)
        if fault is not None:
            raise ValueError(f"of run {uid:.8}, {fault}")
    places = {
        uid: Place(_text(entry["folder"]), _text(entry["name"]) if "name" in entry else None)
        for uid, entry in said["resources"].items()
    }
    hashes = {member: _text(digest) for member, digest in said["sha256"].items()}
    jsontext.check(said["annotations"])
    return Manifest(hashes, places, said["annotations"])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} where a text must be")
    return value


def _refuse_strange(path: Path, archive: ZipFile) -> None:
    """Names that lead elsewhere, and contents that would fill disk or memory."""
    for info in archive.infolist():
        fault = _fault(info)
        if fault is not None:
            raise ImportFileError(f"{path}: {fault}; nothing was unpacked")
    total = sum(info.file_size for info in archive.infolist() if is_asset(info))
    if total > path.stat().st_size:
        raise ImportFileError(
            f"{path}: its files claim {total} bytes, more than it has itself; nothing was unpacked"
        )


def _fault(info: ZipInfo) -> str | None:
    """What of a member no export would do."""
    name = info.filename
    text = name in (MANIFEST, DOCUMENTS)
    if not text and not is_asset(info):
        return f"holds {name!r}, which no export puts there"
    if info.flag_bits & _ENCRYPTED:
        return f"{name} is encrypted, which no export does"
    if not text and info.compress_type != ZIP_STORED:
        return f"{name} is compressed, which no export does"
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return f"{name} is compressed as no export does it (method {info.compress_type})"
    if claims_too_much(info):
        return f"{name} claims {info.file_size} bytes of {info.compress_size} compressed ones"
    return None
