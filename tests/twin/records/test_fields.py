"""The fields of every record type against EPICS base's definitions (.dbd)."""

import re
from functools import cache
from pathlib import Path

import pytest

from beamtwin.twin.field import LINKS
from beamtwin.twin.records import RECORD_TYPES

#: Fields that differ on purpose: a record that a model makes is defined; sel begins without signals; DTYP is text.
DIFFERENT = {"UDF", "STAT", "DTYP", *"ABCDEFGHIJKL"}

#: What the twin does not have, and why.
ABSENT = {
    **dict.fromkeys(
        ("AMSG", "NAMSG", "UTAG"), "alarm messages and time tags go over pvAccess alone"
    ),
    **dict.fromkeys(("OLDSIMM", "SSCN"), "the scan rate is the same in simulation mode"),
    **dict.fromkeys(("INIT", "LBRK"), "there are no breakpoint tables"),
    "AFVL": "what the alarm filter has come to is the record's own business",
    "SVAL": "of event records",
}


@cache
def definitions(record_type):
    path = pytest.importorskip("epicscorelibs.path")
    folder = Path(path.base_path) / "dbd"
    text = (folder / f"{record_type}Record.dbd").read_text(encoding="latin1")
    text = text.replace(
        'include "dbCommon.dbd"', (folder / "dbCommon.dbd").read_text(encoding="latin1")
    )
    text = re.sub(r"^\s*%.*$", "", text, flags=re.MULTILINE)
    found = re.finditer(r"field\((\w+),\s*DBF_(\w+)\)\s*\{(.*?)\n\s*\}", text, re.DOTALL)
    about = re.compile(r'(\w+)\(\s*"?([^")]*)"?\s*\)')
    return {field[1]: (field[2], dict(about.findall(field[3]))) for field in found}


@cache
def menus():
    path = pytest.importorskip("epicscorelibs.path")
    found = {}
    for file in (Path(path.base_path) / "dbd").glob("*.dbd"):
        text = file.read_text(encoding="latin1")
        for menu in re.finditer(r"menu\((\w+)\)\s*\{(.*?)\}", text, re.DOTALL):
            found[menu[1]] = tuple(re.findall(r'choice\(\w+,\s*"([^"]*)"\)', menu[2]))
    return found


BASE = sorted(RECORD_TYPES.keys() - {"busy", "motor", "scaler", "transform"})
CASES = [
    (record_type, field)
    for record_type in BASE
    for field in RECORD_TYPES[record_type].fields
    if field != "RTYP"
]


@pytest.mark.parametrize("record_type", BASE)
def test_fields_are_those_of_the_definition(record_type):
    defined = {
        name for name, (dbf, about) in definitions(record_type).items()
        if dbf != "NOACCESS" or about.get("special") == "SPC_DBADDR"
    }  # fmt: skip
    fields = RECORD_TYPES[record_type].fields.keys() - {"RTYP"}
    assert fields <= defined
    missing = defined - fields - ABSENT.keys()
    assert not {name for name in missing if not name.startswith(("ONV", "OVL"))}


@pytest.mark.parametrize("record_type", BASE)
def test_fields_are_as_they_are_defined(record_type):
    for name, field in RECORD_TYPES[record_type].fields.items():
        if name != "RTYP" and name not in DIFFERENT:
            dbf, about = definitions(record_type)[name]
            if dbf != "NOACCESS":  # which is an array, or long text
                assert described(field) == wanted(dbf, about), (record_type, name)


def described(field):
    flags = (field.pp, field.prop, field.writable)
    dbf = "ENUM" if field.dbf == "MENU" and not field.choices else field.dbf
    size = field.size if dbf == "STRING" else None
    return dbf, field.choices if dbf == "MENU" else (), field.default, size, flags


def wanted(dbf, about):
    flags = (
        about.get("pp") == "TRUE",
        about.get("prop") == "YES",
        about.get("special") != "SPC_NOMOD",
    )
    size = int(about["size"]) - 1 if dbf == "STRING" else None
    choices = (
        menus()[about["menu"]][: 3 if about["menu"] == "menuConvert" else None]
        if dbf == "MENU"
        else ()
    )
    initial = about.get("initial", "")
    if dbf == "MENU" and initial and not initial.isdigit():
        initial = str(choices.index(initial))
    default = initial if dbf in (*LINKS, "STRING") else float(initial or 0)
    return dbf, choices, default, size, flags
