"""Stream: the events of a run that share a name, as arrays."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from warnings import warn

from beamtwin.databroker.assets.external import (
    ASSET_DOCUMENTS,
    ExternalColumn,
    by_datum,
    by_stream,
)
from beamtwin.databroker.assets.limits import check_size
from beamtwin.databroker.assets.registry import Assets
from beamtwin.databroker.errors import DataBrokerError, DataBrokerWarning, RunNotFoundError
from beamtwin.databroker.stores.base import Columns, Store

if TYPE_CHECKING:
    import numpy as np
    import pandas
    import xarray

__all__ = ["Stream"]

#: What of a data key goes with the data as attributes.
_ATTRIBUTES = ("units", "precision", "choices", "source")


class Stream:
    """One stream of a run, such as ``primary`` or ``baseline``.

    Parameters
    ----------
    store : Store
    start : dict
        The run's start document.
    name : str
    descriptors : list of dict
        The stream's descriptors so far, in order.
    assets : Assets, optional
        Who reads which kind of file.
    """

    def __init__(
        self,
        store: Store,
        start: dict[str, Any],
        name: str,
        descriptors: Sequence[dict[str, Any]],
        assets: Assets | None = None,
    ):
        self.store = store
        self.start = start
        self.name = name
        self.descriptors = list(descriptors)
        self.assets = assets or Assets()

    @cached_property
    def data_keys(self) -> dict[str, dict[str, Any]]:
        """What each key's data are: dtype, shape, units, source, ..."""
        return {k: key for doc in self.descriptors for k, key in doc["data_keys"].items()}

    def units(self, key: str) -> str:
        """The units of a column, or ``""``; events may have columns that no descriptor knows."""
        return self.data_keys.get(key, {}).get("units") or ""

    @property
    def config(self) -> dict[str, dict[str, Any]]:
        """Each device's configuration, as the stream's last descriptor has it."""
        devices = self.descriptors[-1].get("configuration", {})
        return {name: dict(device.get("data", {})) for name, device in devices.items()}

    @property
    def dimensions(self) -> list[str]:
        """The keys that the plan scanned, as the start document's hints say."""
        hints = self.start.get("hints", {}).get("dimensions", [])
        return [key for keys, stream in hints if stream == self.name for key in keys]

    def __len__(self) -> int:
        return self.store.counts(self.start["uid"])[self.name]

    def columns(self, keys: Iterable[str] | None = None) -> Columns:
        """The events as numpy arrays, or only these keys of them; what lies in other files as the references to it."""
        wanted = None if keys is None else self._wanted(keys)
        return self._recorded(wanted)

    def external(self) -> dict[str, ExternalColumn]:
        """The keys whose data lie in files, and in which."""
        return self._outside(self.data_keys, self.columns())

    def read(self, keys: Iterable[str] | None = None, *, chunks: Any = None) -> "xarray.Dataset":
        """The events along the dimension ``time``; what lies in other files is read as it is used.

        Events that do not have the keys that their descriptor names, no more and no less, are read as they are, with
        a `DataBrokerWarning` that names the keys.

        Parameters
        ----------
        keys : iterable of str, optional
            Only these data keys.
        chunks : optional
            Make dask arrays of them, as `xarray.Dataset.chunk` takes it: ``"auto"``, ``{"time": 10}``, ...

        Raises
        ------
        AssetError
            Naming run, key and file, where a file's data are asked for and cannot be read.
        DataBrokerError
            If ``chunks`` are asked for, and dask is not installed.
        """
        import xarray

        wanted = self._wanted(keys)
        columns = self._recorded(None if keys is None else wanted)
        wanted += [key for key in columns.data if key not in wanted]
        self._warn_of_misfits(wanted, columns)
        outside = self._outside(wanted, columns)
        count = len(columns.time) or max((c.count for c in outside.values()), default=0)
        variables = {
            key: self._variable(key, columns.data.get(key), outside.get(key), count)
            for key in wanted
            if key in columns.data or key in outside
        }
        attributes = {"run": self.start["uid"], "stream": self.name}
        data = xarray.Dataset(variables, self._coordinates(columns, count), attributes)
        return data if chunks is None else _chunked(data, chunks)

    def table(self, keys: Iterable[str] | None = None) -> "pandas.DataFrame":
        """The events' single numbers and texts, a row each, by seq_num.

        A time for which pandas has no date is ``NaT`` there; `columns` has it in seconds.

        Parameters
        ----------
        keys : iterable of str, optional
            Only these data keys.

        Raises
        ------
        DataBrokerError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise DataBrokerError("a table needs pandas: pip install pandas") from error
        wanted = self._wanted(keys)
        columns = self._recorded(None if keys is None else wanted)
        self._warn_of_misfits(wanted, columns)
        flat = {key: list(values) for key, values in columns.data.items() if values.ndim == 1}
        index = pandas.Index(columns.seq_num, name="seq_num")
        time = pandas.to_datetime(columns.time, unit="s", utc=True, errors="coerce")
        return pandas.DataFrame({"time": time, **flat}, index=index)

    def __repr__(self) -> str:
        from beamtwin.databroker.display import counted, printable

        keys, number = ", ".join(self.data_keys), counted(len(self), "event")
        said = f"{self.name} of run {self.start['uid'][:8]}: {number} of {keys}"
        return f"<Stream {printable(said)}>"

    def _wanted(self, keys: Iterable[str] | None) -> list[str]:
        """These keys, or all; one alone may be given as it is."""
        known = self.data_keys
        wanted = [keys] if isinstance(keys, str) else list(known if keys is None else keys)
        for key in wanted:
            if key not in known and key not in self._recorded([key]).data:
                raise RunNotFoundError(f"{self!r} has no key {key!r}")
        return wanted

    def _recorded(self, keys: Iterable[str] | None) -> Columns:
        return self.store.columns(self.start["uid"], self.name, keys)

    def _warn_of_misfits(self, wanted: Sequence[str], columns: Columns) -> None:
        """Say where events are not as their descriptors announce them: stores take whatever bluesky emits."""
        keys = self.data_keys
        asked = dict.fromkeys([*wanted, *columns.data])
        inside = [key for key in asked if not keys.get(key, {}).get("external")]
        stored = [key for key in inside if key in columns.data]
        faults = {
            "in events, and in no descriptor": [key for key in stored if key not in keys],
            "in descriptors, and in no event": [key for key in inside if key not in stored],
            "without a value in some events": [k for k in stored if _has_gaps(columns.data[k])],
        }
        said = "; ".join(f"{', '.join(found)} ({what})" for what, found in faults.items() if found)
        if said and len(columns.time):
            label = f"run {self.start['uid'][:8]}, {self.name}"
            warn(f"{label}: events do not fit: {said}", DataBrokerWarning, stacklevel=3)

    def _outside(self, wanted: Iterable[str], columns: Columns) -> dict[str, ExternalColumn]:
        """Of the wanted keys those whose data lie in files."""
        external = {
            key: columns.data.get(key)
            for key in wanted
            if self.data_keys.get(key, {}).get("external") and not _is_filled(columns, key)
        }
        if not external:
            return {}
        documents = list(self.store.documents(self.start["uid"], ASSET_DOCUMENTS))
        descriptors = [doc["uid"] for doc in self.descriptors]
        return {
            key: ExternalColumn(
                f"run {self.start['uid'][:8]}, {key}",
                self.data_keys[key],
                list(
                    by_stream(key, descriptors, documents)
                    if references is None
                    else by_datum(references.tolist(), documents)
                ),
                self.assets,
            )
            for key, references in external.items()
        }

    def _variable(
        self, key: str, inside: "np.ndarray | None", outside: ExternalColumn | None, count: int
    ) -> "xarray.Variable":
        import xarray

        from beamtwin.databroker.assets.lazy import lazy

        data_key = self.data_keys.get(key, {})
        data = inside if outside is None else lazy(outside, count)
        attributes = {
            name: data_key[name] for name in _ATTRIBUTES if data_key.get(name) is not None
        }
        return xarray.Variable(["time", *_inner_dimensions(key, data_key, data)], data, attributes)

    def _coordinates(self, columns: Columns, count: int) -> dict[str, Any]:
        import numpy as np

        if len(columns.time):
            return {"time": columns.time, "seq_num": ("time", columns.seq_num)}
        check_size([count], np.dtype(int), f"{self.name}, seq_num", self.assets.most_bytes)
        return {"seq_num": ("time", np.arange(1, count + 1))}

    def _repr_html_(self) -> str:
        from beamtwin.databroker.display import stream_html

        return stream_html(self)


def _is_filled(columns: Columns, key: str) -> bool:
    """Whether the events hold an external key's data and not a reference to them."""
    return key in columns.data and columns.data[key].dtype.kind != "U"


def _has_gaps(column: "np.ndarray") -> bool:
    return column.dtype == object and any(value is None for value in column)


def _chunked(data: "xarray.Dataset", chunks: Any) -> "xarray.Dataset":
    try:
        import dask.array  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise DataBrokerError("chunks need dask: pip install dask") from error
    return data.chunk(chunks)


def _inner_dimensions(key: str, data_key: dict[str, Any], data: Any) -> list[str]:
    inner = len(data.shape) - 1
    names = data_key.get("dims") or []
    if len(names) != inner:
        names = [f"dim_{axis}" for axis in range(inner)]
    return [f"{key}_{name}" for name in names]
