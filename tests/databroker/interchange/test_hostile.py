"""Files that were damaged on the way, or made to do harm: an error that names them, and nothing is filed."""

import hashlib
import io
import json
import re
import shutil
import zipfile
import zlib
from contextlib import suppress

import numpy as np
import pytest

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import DataBrokerError, ImportFileError
from beamtwin.databroker.interchange import archive
from beamtwin.databroker.interchange.formats import export_runs, import_file
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.stores import jsontext

FORMS = ("jsonl", "msgpack", "beamtwin", "csv", "spec")
#: Of every kind that JSON has, and what it has for what JSON lacks.
WRONG = (
    *(None, True, -1, 2**70, 1e308, float("nan"), "", "../../x", "\ud800", "\0", [], [[1]], {}),
    {"x": {"x": 1}},
    {"$beamtwin": "array", "dtype": "<U1", "shape": [1], "base64": "/////w=="},
    {"$beamtwin": "array", "dtype": "O", "shape": [1], "base64": "AAAAAAAAAAA="},
    {"$beamtwin": ["array"]},
)
_PACKABLE = [wrong for wrong in WRONG if wrong not in (2**70, "\ud800")]


@pytest.fixture
def exported(scanned, tomogram, tmp_path):
    """By format, a file's bytes."""
    scanned.tag("good")
    found = {}
    for form in FORMS:
        runs = {"beamtwin": [scanned, tomogram], "csv": [tomogram]}.get(form, [scanned])
        (path,) = export_runs(runs, tmp_path / f"whole.{form}")
        found[form] = path.read_bytes()
    return found


@pytest.fixture
def importing(tmp_path):
    """Imports a file: gives the error, which names it, and nothing is left behind; or None, and it is filed."""
    options = Options(assets=tmp_path / "assets")

    def attempt(form, content):
        path = tmp_path / f"hostile.{form}"
        path.write_bytes(content)
        shutil.rmtree(options.assets, ignore_errors=True)
        with Broker.in_memory() as broker:
            said = _refusal(broker, path, options)
            if said is not None:
                assert str(path) in said
                assert len(broker) == 0
                assert not options.assets.exists() or not any(options.assets.iterdir())
            return said

    return attempt


@pytest.fixture
def refusing(importing):
    """Imports a file, which must be refused for a reason."""

    def attempt(form, content, match):
        assert re.search(match, str(importing(form, content)))

    return attempt


def _refusal(broker, path, options):
    """Why a file is not imported; None, if it is, and can be looked at."""
    try:
        runs = import_file(broker, path, None, options)
    except ImportFileError as error:
        return str(error)
    for run in runs:
        list(run.documents())
        assert repr(run)
        assert run._repr_html_()
        for stream in run.streams:
            with suppress(DataBrokerError):
                run[stream].columns()
                run[stream].read()
                run.verify()
    return None


def rows(found):
    return [json.loads(line) for line in found["jsonl"].splitlines()]


def packed(form, documents, found, **manifest):
    """Documents as a file of a format, whoever's they are."""
    if form == "msgpack":
        import msgpack

        return b"".join(msgpack.packb(document) for document in documents)
    text = b"".join(json.dumps(document).encode() + b"\n" for document in documents)
    if form == "jsonl":
        return text
    said = {"format": archive.FORMAT, "version": archive.VERSION, "resources": {}}
    said |= {"annotations": {}, "sha256": {archive.DOCUMENTS: hashlib.sha256(text).hexdigest()}}
    return zipped({archive.MANIFEST: json.dumps(said | manifest), archive.DOCUMENTS: text})


def zipped(members, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


def members_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


# --- damage -----------------------------------------------------------------


def is_whole(form, content):
    """Whether nothing in a file tells that it goes on: cut off between two documents or rows, it is a file, too."""
    if form == "msgpack":
        import msgpack

        unpacker = msgpack.Unpacker(io.BytesIO(content), strict_map_key=False)
        return sum(len(msgpack.packb(each)) for each in unpacker) == len(content)
    return form == "spec" or (form in ("jsonl", "csv") and content.endswith(b"\n"))


@pytest.mark.parametrize("form", FORMS)
def test_files_that_were_cut_off(form, exported, importing):
    whole, generator = exported[form], np.random.default_rng(1)
    assert importing(form, whole) is None
    for size in (0, 1, *generator.integers(len(whole), size=25).tolist(), len(whole) - 1):
        assert importing(form, whole[:size]) or is_whole(form, whole[:size])


@pytest.mark.parametrize("form", FORMS)
def test_bits_that_flipped(form, exported, importing):
    generator = np.random.default_rng(2)
    for _ in range(40):
        content = bytearray(exported[form])
        bit = int(generator.integers(len(content) * 8))
        content[bit // 8] ^= 1 << bit % 8
        importing(form, bytes(content))


def places(value, place=()):
    yield place
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*place, key))


def one_of(generator, items):
    return items[int(generator.integers(len(items)))]


def replaced(value, place, new):
    if not place:
        return new
    copy = value.copy()
    copy[place[0]] = replaced(value[place[0]], place[1:], new) if place[1:] else new
    return copy


@pytest.mark.parametrize("form", ["jsonl", "msgpack", "beamtwin"])
def test_wrong_types(form, exported, importing):
    documents, generator = rows(exported), np.random.default_rng(3)
    for _ in range(60):
        number = int(generator.integers(len(documents)))
        place = one_of(generator, list(places(documents[number])))
        wrong = one_of(generator, WRONG if form != "msgpack" else _PACKABLE)
        changed = replaced(documents[number], place, wrong)
        content = packed(form, [*documents[:number], changed, *documents[number + 1 :]], exported)
        importing(form, content)


def test_manifests_with_wrong_types(exported, importing):
    members, generator = members_of(exported["beamtwin"]), np.random.default_rng(4)
    manifest = json.loads(members[archive.MANIFEST])
    for place in places(manifest):
        changed = replaced(manifest, place, one_of(generator, WRONG))
        importing("beamtwin", zipped(members | {archive.MANIFEST: json.dumps(changed)}))


def test_annotations_that_nobody_could_show(exported, refusing):
    documents = rows(exported)
    uid = documents[0][1]["uid"]
    for said in ({"tags": [1]}, {"notes": "x"}, {"notes": [{}]}, {"scores": [5]}, [], None):
        content = packed("beamtwin", documents, exported, annotations={uid: said})
        refusing("beamtwin", content, r"manifest.json makes no sense: .*of run")


# --- documents out of place -------------------------------------------------


@pytest.mark.parametrize("form", ["jsonl", "msgpack", "beamtwin"])
def test_documents_out_of_order(form, exported, refusing):
    documents = rows(exported)
    start, descriptor, event = documents[0], documents[1], documents[3]
    for wrong, match in (
        (documents[1:], "belongs to run_start"),
        ([start, event], "document 2, event: belongs to descriptor"),
        ([*documents, event], "comes after the end"),
        ([start, start], "begins a second time"),
        ([start, descriptor, descriptor], "document 3, descriptor: has a uid that came before"),
        ([["resource", {"uid": "r"}], *documents], "document 1, resource"),
        ([["telegram" * 99, {}]], "not a kind of document"),
        ([], "holds no run"),
    ):
        refusing(form, packed(form, wrong, exported), match)


@pytest.mark.parametrize("form", ["jsonl", "msgpack", "beamtwin"])
def test_what_the_store_refuses_is_named_with_its_place(form, exported, refusing):
    documents = rows(exported)
    documents[0] = replaced(documents[0], (1, "scan_id"), 2**70 if form != "msgpack" else "x")
    uid = documents[0][1]["uid"][:8]
    refusing(form, packed(form, documents, exported), f"run {uid}, its document 1, start: scan_id")


@pytest.mark.parametrize("form", ["jsonl", "msgpack", "beamtwin"])
@pytest.mark.parametrize("depth", [150, 900])
def test_deep_nesting(form, depth, exported, refusing):
    deep: list = []
    for _ in range(depth):
        deep = [deep]
    documents = rows(exported)
    content = packed(form, [replaced(documents[0], (1, "x"), deep), *documents[1:]], exported)
    refusing(form, content, "is nested deeper than|is no document|recursion")


def test_deeper_than_python_goes(refusing):
    line = b'["start", {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]\n"
    refusing("jsonl", line, "line 1: is no document")
    refusing("msgpack", b"\x91" * 100_000 + b"\xc0", "byte 0: is no document")


def test_texts_that_are_not_unicode(refusing):
    refusing("jsonl", b'["start", {"uid": "\xff"}]\n', "line 1: is no document .*utf-8")
    refusing("msgpack", b"\x92\xa5start\x81\xa3uid\xa1\xff", "byte 0: is no document .*utf-8")


def test_arrays_that_are_not(refusing):
    for dtype, data, shape in (
        ("<f8", b"", [1]),
        ("<f8", b"12345678", [2**62, 2**62]),
        ("<U1", b"\xff\xff\xff\xff", [1]),
        ("|O", b"12345678", [1]),
        ("f8,f8", b"1234567812345678", [1]),
        ("<U0", b"", [1]),
        ("(", b"", [1]),
    ):
        import msgpack

        for many in (True, False):
            array = {b"nd": many, b"type": dtype, b"kind": b"", b"shape": shape, b"data": data}
            content = msgpack.packb(["start", {"uid": "u", "time": 1.0, "x": array}])
            if not (dtype == "<f8" and data and not many):
                refusing("msgpack", content, "byte 0: is no document")


# --- sizes that are only said -----------------------------------------------


@pytest.mark.parametrize(
    "length",
    ["dbffffffff", "c6ffffffff", "ddffffffff", "dfffffffff", "c9ffffffff01"],
    ids=["text", "bytes", "array", "map", "extension"],
)
def test_lengths_that_the_file_has_not(length, refusing):
    refusing(
        "msgpack", b"\x92\xa5start\x81\xa3uid" + bytes.fromhex(length), "is no document|cut off"
    )


def test_an_archive_that_would_fill_the_memory(exported, refusing, monkeypatch):
    monkeypatch.setattr(archive, "_SHORT", 2**20)
    members = members_of(packed("beamtwin", rows(exported), exported))
    bomb = zipped(members | {archive.DOCUMENTS: b" " * 3_000_000}, compression=zipfile.ZIP_DEFLATED)
    refusing("beamtwin", bomb, r"documents.jsonl claims 3000000 bytes of \d+ compressed ones")


def test_documents_of_zeros_are_no_bomb(db, make, fill, elsewhere, tmp_path):
    fill(db, make.run(1, zeros=np.zeros(200_000)))
    (path,) = export_runs([db[-1]], tmp_path / "run.beamtwin")
    assert path.stat().st_size < 10_000
    assert import_file(elsewhere, path)[0].start["zeros"].shape == (200_000,)


def test_a_size_that_is_not_true(exported, importing):
    """The directory says that the documents are longer, or shorter, than what is there."""
    whole = exported["beamtwin"]
    at = whole.rindex(b"PK\1\2", 0, whole.rindex(archive.DOCUMENTS.encode())) + 24
    for size in (10, 0xFFFFFFF0):
        assert importing("beamtwin", whole[:at] + size.to_bytes(4, "little") + whole[at + 4 :])


def test_one_content_under_many_names(exported, refusing):
    """Members may overlap, so that an archive of a megabyte unpacks to as much as one likes."""
    members = {f"assets/0/{n}.h5": b"" for n in range(20)} | {"assets/0/a.h5": bytes(1000)}
    content = bytearray(zipped(members | members_of(packed("beamtwin", rows(exported), exported))))
    at = 0
    while (at := content.find(b"PK\1\2", at + 1)) > 0:
        for offset, value in ((16, zlib.crc32(bytes(1000))), (20, 1000), (24, 1000)):
            content[at + offset : at + offset + 4] = value.to_bytes(4, "little")
    refusing("beamtwin", bytes(content), "its files claim 2[0-9]000 bytes|is no sound archive")


# --- archives ---------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o120777, 0o060666, 0o040755], ids=["link", "device", "folder"])
def test_members_that_are_no_files(mode, exported, refusing, tmp_path):
    """What another program would make a link of is a file here, if it is anything."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in members_of(packed("beamtwin", rows(exported), exported)).items():
            file.writestr(name, content)
        info = zipfile.ZipInfo("assets/0/link")
        info.external_attr = mode << 16
        file.writestr(info, "/etc/passwd")
    refusing("beamtwin", out.getvalue(), "holds other files than its manifest.json names")


@pytest.mark.parametrize("flag", [0x1, 0x20, 0x40])
def test_members_that_are_encrypted_or_patches(flag, exported, refusing):
    content = bytearray(exported["beamtwin"])
    for mark, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        content[content.index(mark) + offset] |= flag
    refusing("beamtwin", bytes(content), "is encrypted|is no sound archive")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(method, exported, refusing):
    members = members_of(packed("beamtwin", rows(exported), exported))
    refusing("beamtwin", zipped(members, compression=method), "compressed as no export does it")


def test_what_is_no_zip(exported, refusing):
    for content in (b"\x1f\x8b" + bytes(100), b"ustar" * 200, b"\x80\x04cos\nsystem\n."):
        refusing("beamtwin", content, "is no sound archive")


def test_members_that_are_named_twice(exported, refusing):
    members = members_of(packed("beamtwin", rows(exported), exported))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr(archive.DOCUMENTS, members[archive.DOCUMENTS])
    refusing("beamtwin", out.getvalue(), "holds other files than")


def test_the_files_of_a_removed_run_are_left_alone(tomogram, elsewhere, tmp_path):
    (path,) = export_runs([tomogram], tmp_path / "run.beamtwin")
    options = Options(assets=tmp_path / "assets")
    (run,) = import_file(elsewhere, path, None, options)
    elsewhere.remove(run.uid)
    with pytest.raises(ImportFileError, match=r"was removed here; .*restore it, or purge it first"):
        import_file(elsewhere, path, None, options)
    assert elsewhere.restore(run.uid).primary.read()["image"].shape == (3, 2, 3, 5)


def test_the_files_of_another_catalogue_are_left_alone(tomogram, elsewhere, tmp_path):
    (path,) = export_runs([tomogram], tmp_path / "run.beamtwin")
    options = Options(assets=tmp_path / "assets")
    import_file(elsewhere, path, None, options)
    with Broker.in_memory() as another:
        import_file(another, path, None, options)
    assert len(list(options.assets.iterdir())) == 2
    assert all(report.state != "missing" for report in elsewhere[-1].verify())


def test_nothing_is_left_where_annotations_cannot_be_kept(
    scanned, elsewhere, tmp_path, monkeypatch
):
    scanned.tag("good")
    (path,) = export_runs([scanned], tmp_path / "run.beamtwin")

    def fail(uid, change):
        raise DataBrokerError("the disk is full")

    monkeypatch.setattr(elsewhere.store, "annotate", fail)
    with pytest.raises(DataBrokerError, match="the disk is full"):
        import_file(elsewhere, path)
    assert (len(elsewhere), elsewhere.removed) == (0, [])


def test_arrays_of_texts_beyond_unicode():
    with pytest.raises(ValueError, match="utf-32"):
        jsontext.array_of(b"\xff\xff\xff\xff", "<U1", [1])
    assert jsontext.array_of("ä".encode("utf-32-be"), ">U1", [1])[0] == "ä"


@pytest.mark.parametrize(
    ("form", "text", "match"),
    [
        ("spec", "#E inf\n#D Tue Nov 14 22:13:21 2023\n", "line 2: cannot convert float infinity"),
        ("spec", "#S 1 scan\n#L x\n1 2\n", "line 3: has 2 numbers; expected 1"),
        ("csv", "time,x\n1," + "9" * 200_000 + "\n", "line 2: is no line of a table"),
    ],
)
def test_tables_of_nonsense(form, text, match, tmp_path, elsewhere):
    path = tmp_path / f"foreign.{form}"
    path.write_text(text)
    with pytest.raises(ImportFileError, match=match):
        import_file(elsewhere, path, None, Options(axis="x", time=1.0))
    assert len(elsewhere) == 0
