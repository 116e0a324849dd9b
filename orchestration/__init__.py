"""What to do, and when: the engine, plans, clocks and documents."""

if not __name__.startswith("beamtwin."):
    raise ImportError(
        f"{__name__!r} is a folder of beamtwin's checkout: install the project and import 'beamtwin.orchestration'"
    )
