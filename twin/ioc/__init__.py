"""A twin's database over Channel Access, in real time: what any EPICS client can use."""

from beamtwin.twin.ioc.process import IOCProcess, run, serve

__all__ = ["IOCProcess", "run", "serve"]
