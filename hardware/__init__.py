"""What there is to move and read, declared once for the beamline and for its twin."""

if not __name__.startswith("beamtwin."):
    raise ImportError(
        f"{__name__!r} is a folder of beamtwin's checkout: install the project and import 'beamtwin.hardware'"
    )
