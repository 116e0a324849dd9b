"""The world that answers: EPICS records, optics and detectors on a virtual timeline."""

if not __name__.startswith("beamtwin."):
    raise ImportError(
        f"{__name__!r} is a folder of beamtwin's checkout: install the project and import 'beamtwin.twin'"
    )
