"""The command line."""

__all__ = ["DEFAULT_PORT"]

#: Of the twin's IOC: not EPICS' own 5064, so that a twin is never taken for the beamline by mistake.
DEFAULT_PORT = 15064
