"""Drafts: runs that are stored in bulk, of which nobody sees anything before their rows come, last of all.

Every draft is noted, with its writer, before anything of it is stored, and crossed out when it is published. A writer
that dies between the two leaves its notes to the next one, who clears up. A writer that was cut off for so long that
it counts as dead, and comes back, finds its notes claimed: then it withdraws what it was about to publish.
"""

from typing import Any

from beamtwin.databroker.errors import StoreError
from beamtwin.databroker.stores.mongo.layout import Tables
from beamtwin.databroker.stores.mongo.leases import LAPSE_S, Leases
from beamtwin.databroker.stores.mongo.shelves import Row

__all__ = ["check_unclaimed", "clear_abandoned", "cross_out", "note"]


def note(tables: Tables, run: Row) -> None:
    """A draft of a run begins."""
    about = {"uid": run["_id"], "writer": run["writer"], "claimed": False}
    tables.drafts.insert_one({"_id": run["key"], **about})


def check_unclaimed(tables: Tables, keys: list[str]) -> None:
    """Refuse to publish drafts that another writer has claimed.

    Raises
    ------
    StoreError
    """
    _check_number(tables, keys, tables.drafts.count_documents(_unclaimed(keys)))


def cross_out(tables: Tables, keys: list[str]) -> None:
    """These drafts have been published.

    Raises
    ------
    StoreError
        If another writer claimed one before.
    """
    _check_number(tables, keys, tables.drafts.delete_many(_unclaimed(keys)).deleted_count)


def clear_abandoned(tables: Tables, leases: Leases) -> None:
    """Clear up after the writers that died; of those that live nothing is touched.

    The drafts are read before the leases: whoever noted one of these had a lease by then.
    """
    drafts = list(tables.drafts.find())
    living = leases.living() if drafts else set()
    for draft in drafts:
        if draft["writer"] not in living:
            _clear(tables, draft)


def _clear(tables: Tables, draft: Row) -> None:
    """Claim a draft, then remove it, unless its run was published. Who dies meanwhile leaves that to the next."""
    key = draft["_id"]
    tables.drafts.update_one({"_id": key}, {"$set": {"claimed": True}})
    if tables.runs.find_one({"_id": draft["uid"], "key": key}, {"_id": 1}) is None:
        tables.clear([key])
    tables.drafts.delete_one({"_id": key})


def _unclaimed(keys: list[str]) -> dict[str, Any]:
    return {"_id": {"$in": keys}, "claimed": False}


def _check_number(tables: Tables, keys: list[str], unclaimed: int) -> None:
    if unclaimed < len(keys):
        raise StoreError(
            f"{tables.where}: this writer was cut off for more than {LAPSE_S:g} s, and another one cleared up "
            "after it; nothing was stored: insert it again"
        )
