"""Where files are, and where they may not be."""

from pathlib import Path

import pytest

from beamtwin.databroker.assets.paths import moved, recorded
from beamtwin.databroker.errors import AssetError


def resource(root, path, semantics="posix"):
    return {"root": root, "resource_path": path, "path_semantics": semantics}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (resource("/data", "a/b.h5"), "/data/a/b.h5"),
        (resource("", "/data/b.h5"), "/data/b.h5"),
        (resource("/", "/data/b.h5"), "/data/b.h5"),
        (resource("/data", "/data/a/b.h5"), "/data/a/b.h5"),
        (resource("C:\\data", "a\\b.h5", "windows"), "C:/data/a/b.h5"),
        ({"uri": "file://localhost/data/a%20b.h5"}, "/data/a b.h5"),
    ],
)
def test_the_recorded_path(document, path):
    assert recorded(document) == Path(path)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (resource("/data", "../etc/passwd"), "'/data/../etc/passwd' leads upwards, and is refused"),
        (resource("/data", "a/../../etc/passwd"), "leads upwards"),
        (resource("/data", "/etc/passwd"), "'/etc/passwd' leads out of /data, and is refused"),
        (resource("/data", "..\\x", "windows"), "leads upwards"),
        ({"uri": "file://localhost/data/%2e%2e/etc/passwd"}, "leads upwards"),
        ({"uri": "file://localhost/data/a%00b"}, "leads upwards"),
        ({"uri": "file://elsewhere/data"}, "is not a file on this machine"),
        ({"uri": "https://localhost/data"}, "is not a file on this machine"),
    ],
)
def test_paths_that_lead_elsewhere_are_refused(document, message):
    with pytest.raises(AssetError, match=message):
        recorded(document)


@pytest.mark.parametrize(
    ("path", "now"),
    [
        ("/old/a.h5", "/new/a.h5"),
        ("/old/deep/a.h5", "/elsewhere/a.h5"),
        ("/older/a.h5", "/older/a.h5"),
        ("C:/data/a.h5", "/mnt/a.h5"),
    ],
)
def test_roots_are_moved_the_longest_first(path, now):
    root_map = {"/old": "/new", "/old/deep": "/elsewhere", "C:\\data": "/mnt"}
    assert moved(Path(path), root_map) == Path(now)
