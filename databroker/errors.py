"""What can go wrong in the broker, as a tree.

* `DataBrokerError`: everything that the broker raises on purpose
    * `StoreError`: the file or the disk is at fault
    * `DocumentError` (also a ValueError): a document that cannot be stored as it is
    * `QueryError` (also a ValueError): a query that has no meaning
    * `RunNotFoundError` (also a KeyError): no run by that name, or more than one
    * `AssetError`: data outside the store that cannot be read
    * `ImportFileError` (also a ValueError): a foreign file that is not what it should be
    * `ExportError`: a run that cannot be written as asked
    * `ComparisonError` (also a ValueError): profiles that cannot be compared

`DataBrokerWarning` says, without raising, that data are read as they were recorded, and not as they were announced.
"""

__all__ = [
    "AssetError",
    "ComparisonError",
    "DataBrokerError",
    "DataBrokerWarning",
    "DocumentError",
    "ExportError",
    "ImportFileError",
    "QueryError",
    "RunNotFoundError",
    "StoreError",
]


class DataBrokerError(Exception):
    """Raised on purpose: its text tells a person what to do."""


class DataBrokerWarning(UserWarning):
    """What is read is not as its documents announce it."""


class StoreError(DataBrokerError):
    """The store's file cannot be opened, read or written."""


class DocumentError(DataBrokerError, ValueError):
    """A document that cannot be stored: nothing of it was."""


class QueryError(DataBrokerError, ValueError):
    """A query that has no meaning."""


class RunNotFoundError(DataBrokerError, KeyError):
    """No run by that name, or more than one."""

    __str__ = Exception.__str__


class AssetError(DataBrokerError):
    """Data outside the store that cannot be read."""


class ImportFileError(DataBrokerError, ValueError):
    """A foreign file that is not what it should be: nothing of it was stored."""


class ExportError(DataBrokerError):
    """A run that cannot be written as asked: nothing of it was."""


class ComparisonError(DataBrokerError, ValueError):
    """Profiles that cannot be compared."""
