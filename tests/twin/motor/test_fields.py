"""The record's fields against motorRecord.dbd: their names, types, and what a client may write."""

import pytest

from beamtwin.twin.records import MotorRecord

#: Of each type: the fields that clients may write, and those that they may not (SPC_NOMOD).
FIELDS = {
    "FLOAT": (
        "FRAC",
        "VERS",
    ),
    "DOUBLE": (
        "OFF VELO VBAS VMAX S SBAS SMAX ACCL ACCS BDST BVEL SBAK BACC UREV MRES ERES RRES HLM"
        " LLM DHLM DLLM HOPR LOPR HIHI LOLO HIGH LOW RDBD SPDB TWV VAL DVAL RLV DLY PCOF ICOF"
        " DCOF JVEL JAR HVEL ADEL MDEL",
        "RHLM RLLM LVAL LDVL LRLV RBV DRBV DIFF ALST MLST",
    ),
    "MENU": (
        "FOFF DIR SET ACCU OMSL UEIP URIP HHSV LLSV HSV LSV HLSV SPMG CNEN LOCK NTM STUP RMOD RSTM",
        "LSPG",
    ),
    "SHORT": (
        "FOF VOF SSET SUSE PREC RTRY STOP HOMF HOMR JOGF JOGR TWF TWR SYNC IGSET",
        "CARD HLS LLS RHLS RLLS RCNT MISS CDIR DMOV MOVN LVIO TDIR ATHM PP",
    ),
    "OUTLINK": (
        "OUT RLNK STOO",
        "",
    ),
    "INLINK": (
        "RDBL DOL DINP RINP",
        "",
    ),
    "LONG": (
        "SREV RVAL",
        "LRVL RDIF RRBV RMP REP RVEL",
    ),
    "STRING": (
        "EGU INIT PREM POST",
        "",
    ),
    "ULONG": (
        "",
        "MSTA MMAP NMAP",
    ),
    "USHORT": (
        "NTMF",
        "MIP",
    ),
}

#: Those that have the record process: pp(TRUE).
PROCESSED = (
    "OFF DIR SREV UREV MRES ERES UEIP URIP HLM LLM DHLM DLLM HIHI LOLO HIGH LOW HHSV LLSV"
    " HSV LSV HLSV SPMG STOP HOMF HOMR JOGF JOGR TWF TWR VAL DVAL RVAL RLV CNEN STUP SYNC"
)


@pytest.mark.parametrize("dbf", FIELDS)
def test_its_fields_are_those_of_the_dbd(dbf):
    for names, writable in zip(FIELDS[dbf], (True, False), strict=True):
        for name in names.split():
            field = MotorRecord.fields[name]
            assert (name, field.dbf, field.writable) == (name, dbf, writable)


def test_the_fields_that_have_it_process_are_those_of_the_dbd():
    named = {name for kinds in FIELDS.values() for names in kinds for name in names.split()}
    processed = {name for name in named if MotorRecord.fields[name].pp}
    assert processed == set(PROCESSED.split())
