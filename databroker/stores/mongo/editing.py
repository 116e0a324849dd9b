"""What may be done to a run after its end: annotations, out of sight and back, removal."""

from collections.abc import Callable
from typing import Any

import bson

from beamtwin.databroker.errors import RunNotFoundError
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.base import Annotations
from beamtwin.databroker.stores.editing import check_annotations
from beamtwin.databroker.stores.mongo.layout import Tables
from beamtwin.databroker.stores.mongo.narrowing import found_by
from beamtwin.databroker.stores.mongo.shelves import Row
from beamtwin.databroker.stores.mongo.writing import RESERVED_BYTES, check_size

__all__ = ["annotate", "delete", "finish_deleting", "hide", "read_run"]


def read_run(tables: Tables, uid: str) -> Row:
    """The row of a run.

    Raises
    ------
    RunNotFoundError
    """
    row = tables.runs.find_one({"_id": uid}) if isinstance(uid, str) else None  # no query
    if row is None or row.get("deleting"):
        raise RunNotFoundError(f"no run with the uid {uid!r} in {tables.where}")
    return row


def annotate(tables: Tables, uid: str, change: Callable[[Annotations], Annotations]) -> Annotations:
    """Replace a run's annotations; once more if somebody else has meanwhile."""
    while True:
        row = read_run(tables, uid)
        annotations = change(jsontext.loads(row["annotations"]))
        check_annotations(annotations)
        text = jsontext.dumps(annotations)
        changes: dict[str, Any] = {"annotations": text, "revision": row["revision"] + 1}
        changes |= found_by("annotations", annotations)
        check_size(len(bson.encode(changes)), RESERVED_BYTES, "the annotations")
        done = tables.runs.update_one({"_id": uid, "revision": row["revision"]}, {"$set": changes})
        if done.matched_count:
            return jsontext.loads(text)


def hide(tables: Tables, uid: str, hidden: bool) -> None:
    """Put a run out of sight, or bring it back."""
    row = read_run(tables, uid)
    tables.runs.update_one(
        {"_id": uid, "key": row["key"], "deleting": None}, {"$set": {"hidden": hidden}}
    )


def delete(tables: Tables, row: Row) -> None:
    """Remove a run: with the first write it is gone for all, the others clear up."""
    chosen = {"_id": row["_id"], "key": row["key"]}
    done = tables.runs.update_one({**chosen, "hidden": True}, {"$set": {"deleting": True}})
    if done.matched_count:
        tables.clear([row["key"]])
        tables.runs.delete_one(chosen)


def finish_deleting(tables: Tables) -> None:
    """Clear up after those that died while they deleted."""
    for row in list(tables.runs.find({"hidden": True, "deleting": True}, {"key": 1})):
        delete(tables, row)
