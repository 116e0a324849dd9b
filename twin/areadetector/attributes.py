"""NDAttributes: what else is noted of each frame, as an XML file or text in NDAttributesFile says.

>>> read_attributes('<Attributes><Attribute name="E" type="CONST" source="9650" datatype="DOUBLE"/></Attributes>')
[Wanted(name='E', kind='CONST', source='9650', datatype='DOUBLE', description='')]
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np

from beamtwin.orchestration.errors import BeamtwinError, NotConnectedError
from beamtwin.twin.areadetector.frame import Attribute
from beamtwin.twin.database import Database

__all__ = ["AttributesError", "Collector", "Wanted", "parameter_of", "read_attributes"]

#: numpy's names for what an EPICS_PV may be read as, and for what a PARAM is.
DTYPES = {
    "DBR_CHAR": "|u1",
    "DBR_SHORT": "<i2",
    "DBR_INT": "<i2",
    "DBR_ENUM": "<i2",
    "DBR_LONG": "<i4",
    "DBR_FLOAT": "<f4",
    "DBR_DOUBLE": "<f8",
    "DBR_STRING": "|S256",
    "INT": "<i4",
    "DOUBLE": "<f8",
    "STRING": "|S256",
}
TEXT = "|S256"

#: NDAttributesStatus, by what is wrong.
NO_FILE, BAD_XML = 1, 2

SOURCE_TYPES = {
    "EPICS_PV": "NDAttrSourceEPICSPV",
    "PARAM": "NDAttrSourceParam",
    "CONST": "NDAttrSourceConst",
}

#: drvInfo strings that are not the record's name in capitals.
IRREGULAR = {
    "ACQ_TIME": "AcquireTime",
    "ACQ_PERIOD": "AcquirePeriod",
    "NIMAGES": "NumImages",
    "NIMAGES_COUNTER": "NumImagesCounter",
    "NEXPOSURES": "NumExposures",
    "STATUS": "DetectorState",
    "ADCORE_VERSION": "ADCoreVersion",
    "SDK_VERSION": "SDKVersion",
    "PORT_NAME_SELF": "PortName",
    "NDARRAY_PORT": "NDArrayPort",
    "SIGMA_VALUE": "Sigma",
    **{f"{name}_VALUE": name for name in ("CENTROIDX", "CENTROIDY", "SIGMAX", "SIGMAY", "SIGMAXY")},
    **{f"{name}_VALUE": name for name in ("SKEWX", "SKEWY", "KURTOSISX", "KURTOSISY")},
    **{f"{name}_VALUE": name for name in ("ECCENTRICITY", "ORIENTATION")},
}


class AttributesError(BeamtwinError):
    """An NDAttributesFile that cannot be read; `status` is what NDAttributesStatus says then."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


class Wanted(NamedTuple):
    """One attribute, as the XML has it."""

    name: str
    kind: str
    source: str
    datatype: str
    description: str


def read_attributes(file: str) -> list[Wanted]:
    """What is to be noted.

    Parameters
    ----------
    file : str
        The path of an XML file, or its text.

    Raises
    ------
    AttributesError
        Where there is no such file, or it is not XML of this kind.
    """
    if not file:
        return []
    text = file if "<Attributes>" in file else _contents(file)
    try:
        root = ElementTree.fromstring(text)
        return [_wanted(child.attrib) for child in root.iter("Attribute")]
    except (ElementTree.ParseError, KeyError) as error:
        raise AttributesError(f"NDAttributesFile: {error}", BAD_XML) from error


def _contents(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError as error:
        raise AttributesError(f"NDAttributesFile: {error}", NO_FILE) from error


def _wanted(given: Mapping[str, str]) -> Wanted:
    kind = given.get("type", "EPICS_PV")
    datatype = given.get("dbrtype", "DBR_NATIVE") if kind == "EPICS_PV" else given.get("datatype")
    default = "STRING" if kind == "CONST" else "INT"
    return Wanted(
        given["name"], kind, given["source"], datatype or default, given.get("description", "")
    )


def parameter_of(drv_info: str) -> str:
    """The parameter that a drvInfo string means: ``"MEAN_VALUE"`` is ``"MeanValue"``, in lower case."""
    known = IRREGULAR.get(drv_info, drv_info)
    return re.sub("_", "", known).lower()


class Collector:
    """The attributes of one port.

    Parameters
    ----------
    database : Database
        Where EPICS_PVs are.
    parameter : callable
        The value of a parameter of the port, by its name in lower case; raises KeyError.
    """

    def __init__(self, database: Database, parameter: Callable[[str], Any]):
        self._database = database
        self._parameter = parameter
        self._wanted: list[Wanted] = []

    def load(self, file: str) -> None:
        """Note from now on what an NDAttributesFile says; see `read_attributes`."""
        self._wanted = []
        self._wanted = read_attributes(file)

    def add_to(self, attributes: Mapping[str, Attribute]) -> Mapping[str, Attribute]:
        """Attributes with those of this port, as things are now; what is not there is left out."""
        if not self._wanted:
            return attributes
        own = {wanted.name: self._attribute(wanted) for wanted in self._wanted}
        return {**attributes, **{name: found for name, found in own.items() if found is not None}}

    def _attribute(self, wanted: Wanted) -> Attribute | None:
        read = {"EPICS_PV": self._pv, "PARAM": self._param, "CONST": _constant}.get(wanted.kind)
        if read is None:
            return None
        try:
            value, dtype = read(wanted)
        except (KeyError, NotConnectedError):
            return None
        return Attribute(value, dtype, wanted.description, wanted.source, SOURCE_TYPES[wanted.kind])

    def _pv(self, wanted: Wanted) -> tuple[Any, str]:
        record, field = self._database.find(wanted.source)
        value, metadata = record.read(field).value, record.metadata(field)
        if wanted.datatype == "DBR_STRING" and metadata.dtype == "enum":
            return metadata.choices[value], TEXT
        native = {"enum": "<i2"}.get(metadata.dtype, metadata.dtype)
        dtype = DTYPES.get(wanted.datatype, native)
        if isinstance(value, np.ndarray):
            raise KeyError(wanted.source)
        return (str(value), TEXT) if dtype.startswith("|S") else (value, dtype)

    def _param(self, wanted: Wanted) -> tuple[Any, str]:
        value = self._parameter(parameter_of(wanted.source))
        dtype = DTYPES.get(wanted.datatype, "<i4")
        return (str(value), dtype) if dtype == TEXT else (value, dtype)


def _constant(wanted: Wanted) -> tuple[Any, str]:
    dtype = DTYPES.get(wanted.datatype, TEXT)
    return (wanted.source, dtype) if dtype == TEXT else (float(wanted.source), dtype)
