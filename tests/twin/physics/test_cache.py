"""Keys, tiers, and copies."""

import os
import stat
import subprocess
import sys

import pytest

from beamtwin.twin.cache import CacheError, DiskTier, MemoryTier, PlaneCache, chained, digest
from beamtwin.twin.elements import Aperture


def test_a_key_hashes_all_that_is_upstream():
    slits = [Aperture(name, z_m, 1e-3, 1e-3) for name, z_m in (("a", 1.0), ("b", 2.0), ("c", 3.0))]
    moved = [slits[0], Aperture("b", 2.0, 1e-3, 1e-3 * (1 + 1e-15)), slits[2]]
    before, after = (list(chained(digest("source"), links)) for links in (slits, moved))
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert before[2] != after[2]
    assert next(chained(digest("other"), slits)) != before[0]


def test_memory_lets_go_of_what_was_used_least_recently():
    tier = MemoryTier(capacity_bytes=10)
    tier.put("a", b"1234")
    tier.put("b", b"1234")
    tier.get("a")
    tier.put("c", b"1234")
    assert (tier.get("a"), tier.get("b"), tier.get("c")) == (b"1234", None, b"1234")
    tier.put("a", b"12")
    assert tier.used_bytes == 6
    tier.put("d", b"x" * 11)
    assert tier.get("d") is None
    assert len(tier) == 2


def test_disk_is_shared_and_survives(tmp_path):
    folder = tmp_path / "planes"
    DiskTier(folder).put("a", b"value")
    assert DiskTier(folder).get("a") == b"value"
    assert DiskTier(folder).get("b") is None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_damaged_file_is_no_value(tmp_path):
    tier = DiskTier(tmp_path)
    tier.put("a", b"value")
    path = tmp_path / "a"
    path.write_bytes(path.read_bytes()[:-1])
    assert tier.get("a") is None
    path.write_bytes(b"")
    assert tier.get("a") is None


def test_disk_makes_room(tmp_path):
    tier = DiskTier(tmp_path, capacity_bytes=2 * (32 + 100))
    for seconds, key in enumerate("abc"):
        tier.put(key, b"x" * 100)
        if (tmp_path / key).exists():
            os.utime(tmp_path / key, (seconds, seconds))
    assert [tier.get(key) is not None for key in "abc"] == [False, True, True]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_disk_that_cannot_be_written_keeps_nothing(tmp_path):
    tier = DiskTier(tmp_path)
    tmp_path.chmod(0o500)
    tier.put("a", b"value")
    tmp_path.chmod(0o700)
    assert tier.get("a") is None


def test_what_comes_out_is_a_copy(tmp_path):
    cache = PlaneCache(disk=DiskTier(tmp_path))
    plane = [1, 2]
    cache.put("a", plane)
    plane.append(3)
    taken = cache.get("a")
    taken.append(4)
    assert cache.get("a") == [1, 2]
    assert PlaneCache(disk=DiskTier(tmp_path)).get("a") == [1, 2]
    assert cache.get("b") is None
    assert (cache.hits, cache.misses) == (2, 1)


def test_folder_of_others_is_refused(tmp_path):
    tmp_path.chmod(0o770)
    with pytest.raises(CacheError, match=r"others can write to it \(mode 770\).*chmod it to 700"):
        DiskTier(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match="file: File exists; choose another"):
        DiskTier(tmp_path / "file")


def test_plane_of_another_version_is_none(tmp_path):
    tier = DiskTier(tmp_path)
    tier.put("a", b"c" + b"no_such_module\nNothing\n.")
    cache = PlaneCache(disk=tier)
    assert cache.get("a") is None
    assert cache.misses == 1
    cache.put("a", [1])
    assert PlaneCache(disk=tier).get("a") == [1]


WRITER = """
import sys
from pathlib import Path
from beamtwin.twin.cache import DiskTier
tier = DiskTier(Path(sys.argv[1]), capacity_bytes=20_000)
for turn in range(150):
    key = str(turn % 7)
    value = tier.get(key)
    assert value is None or value == key.encode() * 4000, key
    tier.put(key, key.encode() * 4000)
"""


def test_two_processes_share_a_folder_that_is_too_small(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 20_000 + 2 * 4032
