"""Writers killed at any moment: what they were told is stored is there, whole and in order.

A thousand for each store in the slow tests, some in the others. Which moment it is, the machine decides; seeds decide
what is written, and about how long a writer lives.
"""

import resource
import runpy
import shutil
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random  # noqa: TID251  # what is written where is killed, not what is measured

import pytest

from beamtwin.databroker.errors import RunNotFoundError, StoreError
from beamtwin.databroker.stores.mongo import leases, open_mongo
from beamtwin.databroker.stores.sqlite import SqliteStore
from beamtwin.orchestration.clock import WallClock

#: Of this machine's time, in seconds: what is killed is at work.
pause = WallClock().sleep
documents_of = runpy.run_path(str(Path(__file__).with_name("victim.py")))["documents"]


def stored(store, expected):
    """The documents of these runs that are there, one run after the other."""
    found = []
    for name, doc in expected:
        if name == "start":
            try:
                found += store.documents(doc["uid"])
            except RunNotFoundError:
                break
    return found


def check(store, make, seed, acknowledged, *, lost=0):
    """Everything acknowledged is there, but for so many at the end, and at most the next document; how many."""
    expected = list(islice(documents_of(seed), acknowledged + 1))
    found = stored(store, expected)
    assert acknowledged - lost <= len(found) <= acknowledged + 1
    assert make.same(found, expected[: len(found)])
    check_last_run(store, found)
    return len(found)


def check_last_run(store, found):
    """It was interrupted unless it has ended; its columns are those of its events."""
    if not found:
        return
    begun = max(n for n, (name, _) in enumerate(found) if name == "start")
    run, documents = found[begun][1]["uid"], found[begun:]
    ended = documents[-1][0] == "stop"
    assert next(store.find({"uid": run})).state == ("success" if ended else "interrupted")
    interrupted = [header.start["uid"] for header in store.interrupted()]
    assert (run in interrupted) != ended
    for stream, number in store.counts(run).items():
        columns = store.columns(run, stream)
        assert columns.seq_num.tolist() == [*range(1, number + 1)]
        assert columns.time.tolist() == times_of(documents, f"{run}/{stream}")


def times_of(documents, descriptor):
    times = []
    for name, doc in documents:
        if name.startswith("event") and doc["descriptor"] == descriptor:
            times += [doc["time"]] if name == "event" else doc["time"]
    return times


def is_sound(store):
    return store._connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def kill_some(executioner, kills, job, place_of, longest_s, how="normal"):
    """Seeds, each with what was acknowledged before it was killed: of some, while the store was being opened."""
    chance = Random(kills)
    for seed in range(kills):
        executioner.start(job, how, place_of(seed), seed)
        if seed % 8:
            executioner.wait_for_first()
        pause(longest_s * chance.random())
        yield seed, executioner.kill()


def study(kills, timeout_s):
    """That many kills among the slow tests, since they take that long at most."""
    return pytest.param(kills, marks=[pytest.mark.slow, pytest.mark.timeout(timeout_s)])


def report(capsys, store, figures):
    """Of a study: what became of how many documents."""
    acknowledged, there = zip(*figures, strict=True)
    with capsys.disabled():
        print(
            f"\n{store}: {len(figures)} writers killed, {acknowledged.count(0)} of them before their first "
            f"document was stored, none after more than {max(acknowledged)}; "
            f"{sum(acknowledged)} documents acknowledged, {sum(there)} there"
        )


# --- SQLite -----------------------------------------------------------------


@pytest.mark.parametrize("how", ["normal", "full"])
@pytest.mark.parametrize("kills", [20, study(1000, 600)])
def test_sqlite_loses_nothing(executioner, tmp_path, make, capsys, how, kills):
    figures = []

    def path_of(seed):
        return tmp_path / f"runs-{seed // 10}.db"

    for seed, acknowledged in kill_some(executioner, kills, "write", path_of, 0.06, how):
        with SqliteStore(path_of(seed)) as store:
            figures.append((acknowledged, check(store, make, seed, acknowledged)))
            assert is_sound(store)
    if kills > 100:
        report(capsys, f"SQLite, {how.upper()}", figures)


@pytest.mark.parametrize("kills", [4, study(100, 300)])
def test_a_log_cut_short_by_a_power_cut(executioner, tmp_path, make, kills):
    """The end of the log is missing, or is not what was written: what is before it is there, as it was."""
    lost, chance = [], Random(kills)

    def path_of(seed):
        return tmp_path / f"runs-{seed}.db"

    for seed, acknowledged in kill_some(executioner, kills, "write", path_of, 0.1):
        for _ in range(8):
            copy = damaged_copy(path_of(seed), chance)
            with SqliteStore(copy) as store:
                assert is_sound(store)
                found = check(store, make, seed, acknowledged, lost=acknowledged)
                lost.append(acknowledged - found)
    assert max(lost) > 0


def damaged_copy(path, chance):
    """The file as a power cut may leave it: its log is whole as far as it was synchronized."""
    copy = path.with_name("copy.db")
    for file in copy.parent.glob("copy.db*"):
        file.unlink()
    for part in ("", "-journal"):  # the latter while the file is being made
        with suppress(FileNotFoundError):
            shutil.copy(f"{path}{part}", f"{copy}{part}")
    with suppress(FileNotFoundError):  # killed before there was a log
        index = path.with_name(f"{path.name}-shm").read_bytes()
        safe = log_bytes(int.from_bytes(index[128:132], "little"))
        log = path.with_name(f"{path.name}-wal").read_bytes()
        rest = bytearray(log[safe:])
        if chance.random() < 0.5:
            del rest[chance.randrange(len(rest) + 1) :]
        elif rest:
            rest[chance.randrange(len(rest))] ^= 1 << chance.randrange(8)
        copy.with_name("copy.db-wal").write_bytes(log[:safe] + rest)
        copy.with_name("copy.db-shm").write_bytes(chance.randbytes(len(index)))
    return copy


def log_bytes(frames):
    """The length of SQLite's log of so many pages; none: not even its head is sure to be there."""
    return 32 + frames * (24 + 4096) if frames else 0


@pytest.mark.parametrize("fills", [6, study(200, 300)])
def test_a_disk_that_is_full_now_and_then(executioner, tmp_path, make, fills):
    """What is refused meanwhile is taken later, and is there once; that the file may not grow stands for the disk."""
    path, chance, before = tmp_path / "runs.db", Random(fills), executioner.refused
    for seed in range(fills // 3):
        executioner.start("write", "normal", path, seed)
        for _ in range(3):
            pause(0.04 * chance.random())
            room = log_size(path) + chance.randrange(200_000)
            limit_files_to(executioner.pid, room)
            pause(0.04)
            limit_files_to(executioner.pid, resource.RLIM_INFINITY)
        pause(0.01)
        acknowledged = executioner.kill()
        with SqliteStore(path) as store:
            check(store, make, seed, acknowledged)
            assert is_sound(store)
    assert executioner.refused > before


def log_size(path):
    files = (path, path.with_name(f"{path.name}-wal"))
    return max((file.stat().st_size for file in files if file.exists()), default=0)


def limit_files_to(pid, size):
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_two_write_and_one_is_killed_while_a_third_reads(executioners, tmp_path, make):
    path, (first, second) = tmp_path / "runs.db", (executioners(), executioners())
    for seed in (2, 4, 6):
        first.start("write", "normal", path, seed)
        second.start("write", "normal", path, seed + 1)
        with SqliteStore(path) as store:
            watch(store, make, first, seed, looks=2)
            acknowledged = first.kill()
            watch(store, make, second, seed + 1, looks=2)
            check(store, make, seed, acknowledged)
            check(store, make, seed + 1, second.kill())
            assert is_sound(store)


def watch(store, make, writer, seed, looks):
    """Look at what is being written: always whole documents, all of those acknowledged, never fewer than before."""
    seen = 0
    for _ in range(looks):
        pause(0.01)
        acknowledged = writer.acknowledged()
        found = stored(store, islice(documents_of(seed), acknowledged + 1))
        assert len(found) >= max(acknowledged, seen)
        assert make.same(found, list(islice(documents_of(seed), len(found))))
        seen = len(found)


@pytest.mark.parametrize("kills", [15, study(300, 300)])
def test_editors_of_sqlite_do_a_thing_or_do_not(executioner, tmp_path, make, kills):
    def path_of(seed):
        return tmp_path / f"runs-{seed // 10}.db"

    for seed, done in kill_some(executioner, kills, "edit", path_of, 0.05):
        with SqliteStore(path_of(seed)) as store:
            check_edited(store, seed, done)
            assert is_sound(store)
            tables = ("documents", "streams", "pages", "pending", "texts", "hot")
            remove_all(store)
            rows = store._connection.execute
            left = {name: rows(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
            assert set(left.values()) == {0}, left


def check_edited(store, seed, done):
    """Of the run at which it was killed, an editor did so many of the four things, or one more; no other is there."""
    number, steps = divmod(done, 4)
    uid = f"edited-{seed}-{number + 1}"
    its = {
        "uid": {"$regex": f"^edited-{seed}-"}
    }  # a server may be at work on the last of another's
    shown, hidden = list(store.find(its)), list(store.find(its, hidden=True))
    state = (
        [header.start["uid"] for header in shown],
        [header.annotations for header in shown + hidden],
        [header.start["uid"] for header in hidden],
    )
    noted = {"notes": [uid]}
    states = [([], [], []), ([uid], [{}], []), ([uid], [noted], []), ([], [noted], [uid])]
    states += [states[0], ([f"edited-{seed}-{number + 2}"], [{}], [])]
    assert state in states[steps : steps + 2]
    for header in shown + hidden:
        names = [name for name, _ in store.documents(header.start["uid"])]
        assert (names[0], names[-1]) == ("start", "stop")


def remove_all(store):
    for header in list(store.find({})):
        store.hide(header.start["uid"])
    for header in list(store.find({}, hidden=True)):
        store.delete(header.start["uid"])


# --- MongoDB ----------------------------------------------------------------


def patiently(look, *arguments):
    """Once more if it fails: the server may have been at work on the last that it was sent."""
    try:
        return look(*arguments)
    except AssertionError:
        pause(0.5)
        return look(*arguments)


@pytest.fixture
def later(monkeypatch):
    """The leases of those that died have lapsed."""
    now, lapsed = leases.server_time, timedelta(seconds=leases.LAPSE_S + 1)
    monkeypatch.setattr(leases, "server_time", lambda database: now(database) + lapsed)


@pytest.fixture
def place(mongodb_uri, mongo_database):
    return f"{mongodb_uri.rstrip('/')}/{mongo_database}"


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("kills", [8, study(1000, 900)])
def test_mongodb_loses_nothing(executioner, place, make, capsys, kills):
    figures = []
    with open_mongo(place) as store:
        killed = kill_some(executioner, kills, "write", lambda _: place, 0.25, "mongodb")
        for seed, acknowledged in killed:
            figures.append((acknowledged, patiently(check, store, make, seed, acknowledged)))
            if seed % 20 == 19:
                remove_all(store)
    if kills > 100:
        report(capsys, "MongoDB (FerretDB)", figures)


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("kills", [2, study(30, 300)])
def test_a_server_that_is_killed_loses_nothing(executioner, start_ferretdb, make, kills):
    """The writer inserts again what was not acknowledged, and it is there once."""
    server, chance, before = start_ferretdb(), Random(kills), executioner.refused
    place = f"mongodb://{server.address}/beamtwin?serverSelectionTimeoutMS=300"
    with open_mongo(place):
        executioner.start("write", "mongodb", place, 1)
    for _ in range(kills):
        pause(0.2 + 0.2 * chance.random())
        server.stop()
        server.start()
    pause(0.2)
    acknowledged = executioner.kill()
    assert acknowledged > 0
    assert executioner.refused > before
    with open_mongo(place) as store:
        patiently(check, store, make, 1, acknowledged)


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("kills", [5, study(200, 300)])
def test_editors_of_mongodb_do_a_thing_or_do_not(executioner, place, make, fill, kills):
    with open_mongo(place) as store:
        killed = kill_some(executioner, kills, "edit", lambda _: place, 0.2, "mongodb")
        for seed, done in killed:
            patiently(check_edited, store, seed, done)
            remove_all(store)
    pause(0.2)  # in which the server ends what it was sent
    with open_mongo(place) as store:
        fill(store, make.run(0))
        assert store._tables.runs.count_documents({}) == 1
        assert rows_beside_runs(store) == {}


@pytest.mark.parametrize("kills", [2, study(50, 300)])
def test_who_is_killed_while_filing_in_bulk_leaves_nothing(
    executioner, place, mongo_opener, make, fill, kills
):
    """The next writer clears up, and leaves alone what one that lives is filing."""
    with mongo_opener() as store:
        for seed in range(kills):
            executioner.start("bulk", "mongodb", place, seed)
            executioner.wait_for_first()
            pause(0.05 * (seed % 4))
            assert executioner.kill() > 0
            assert rows_beside_runs(store).keys() == {"pages", "drafts"}
            let_lapse(store, {"$ne": store._signature})
            documents = make.run(3)
            store.insert_all(while_another_begins(documents, mongo_opener, make, fill))
            assert rows_beside_runs(store) == {"pages": 1}
            assert list(store.documents(documents[0][1]["uid"])) == documents
            remove_all(store)


def test_who_was_cut_off_while_filing_in_bulk_stores_nothing(mongo_opener, make, fill):
    """Others count it as dead and clear up after it; it is told, and may begin again."""
    documents = make.run(3)
    with mongo_opener() as store:
        cut_off = while_another_begins(
            documents,
            mongo_opener,
            make,
            fill,
            before=lambda: let_lapse(store, {"$eq": store._signature}),
        )
        with pytest.raises(StoreError, match=r"cut off for more than 20 s.*: insert it again"):
            store.insert_all(cut_off)
        assert store.count({}) == 1
        assert rows_beside_runs(store) == {}
        store.insert_all(documents)
        assert list(store.documents(documents[0][1]["uid"])) == documents


def while_another_begins(documents, mongo_opener, make, fill, before=lambda: None):
    """The documents; before the last of them another writer begins, which clears up."""
    yield from documents[:-1]
    before()
    with mongo_opener() as other:
        fill(other, make.run(0))
    yield documents[-1]


def let_lapse(store, name):
    """As if the writers of such a name had not been seen for an hour."""
    writers = store._database["writers"]
    for writer in list(writers.find({"_id": name})):
        hour_ago = writer["seen"] - timedelta(hours=1)
        writers.update_one({"_id": writer["_id"]}, {"$set": {"seen": hour_ago}})


def rows_beside_runs(store):
    """How many, by collection, where there are any."""
    names = ("pages", "pending", "documents", "drafts")
    numbers = {name: store._database[name].count_documents({}) for name in names}
    return {name: number for name, number in numbers.items() if number}
