"""beamtwin: a simulation-first digital twin framework for X-ray beamlines."""

__version__ = "0.1.0"
