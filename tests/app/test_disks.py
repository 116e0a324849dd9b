"""Disks that are full, and places that cannot be written to.

Tests may run as root, whom permissions do not stop; so file systems are mounted that do, in a namespace of the
command's own, where the machine allows that.
"""

import shutil
import subprocess
import sys

import h5py
import pytest

from beamtwin.app.beamtime import Settings, open_beamtime
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import AssetError
from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.scenarios.chx import SCENARIO
from beamtwin.scenarios.chx.plans import diffraction

LIMITED = """
import resource, signal, sys
from beamtwin.app.cli import run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
if __name__ == "__main__":
    sys.exit(run(sys.argv[2:]))
"""


@pytest.fixture
def limited(start, tmp_path):
    """Run a command whose files may not be longer than so many bytes."""
    script = tmp_path / "limited.py"
    script.write_text(LIMITED)
    return lambda size, *arguments: start(
        str(size), *arguments, program=(sys.executable, str(script))
    ).outcome()


@pytest.fixture
def mounted(data, start):
    """Run a shell script that may mount something at ``$D``, and in which ``beamtwin`` is the command."""
    data.mkdir(exist_ok=True)
    namespace = ("unshare", "--mount", "--map-root-user", "sh", "-c")
    attempt = [*namespace, f"mount -t tmpfs tmpfs {data}"]
    if not shutil.which("unshare") or subprocess.run(attempt, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    head = f'D={data}; beamtwin() {{ {sys.executable} -m beamtwin "$@"; }}; '
    return lambda script: start(head + script, program=namespace).outcome()


def test_a_full_disk_keeps_what_there_was_room_for(limited, beamtwin, data):
    done = limited(300_000, "run", "chx", "slit_scan", "points=1000")
    assert done.complaint.startswith(f"{data}/catalog.sqlite: ")
    assert "nothing of the last document was stored" in done.complaint
    with Broker.open(data / "catalog.sqlite") as broker:
        run = broker[-1]
        count = len(run.primary)
        assert 10 < count < 1000
        assert [event["seq_num"] for _, event in run.documents(["event"])] == [*range(1, count + 1)]
    listed = beamtwin("list")
    assert listed.code == 0
    assert (
        f"scan 1 ({run.uid[:8]}) has no end: its process died, or could write no more."
        in listed.out
    )
    assert beamtwin("run", "chx", "slit_scan", "points=2").code == 0


def test_a_file_system_without_room(mounted, data):
    """The run is closed all the same: the store has kept room for that."""
    done = mounted(
        "mount -t tmpfs -o size=600k tmpfs $D; beamtwin run chx slit_scan points=2000; echo code $?; "
        "mount -o remount,size=4m $D; beamtwin list; beamtwin run chx slit_scan points=2"
    )
    assert (done.code, done.err) == (
        0,
        f"beamtwin: {data}/catalog.sqlite: the disk is full; nothing of the last document was stored: "
        "free some space (database or disk is full)\n",
    )
    assert "code 1\n" in done.out
    assert "scan_id 1, fail" in done.out
    assert "interrupted" not in done.out
    assert "scan_id 2, success" in done.out


def test_no_room_for_a_frame(limited, beamtwin, catalogue, data):
    """18 MB: the run fails, and the file that was begun is sound and empty."""
    done = limited(1_000_000, "run", "chx", "diffraction")
    reason = done.complaint
    assert reason.startswith(f"eiger4m_hdf1: could not write: {data}/assets/eiger4m_")
    assert ": File too large (XF:11IDB-ES{Det:Eig4M}HDF1:WriteMessage" in reason
    run = catalogue()[-1]
    assert (run.state, run.stop["reason"], run.streams) == ("fail", reason, [])
    (file,) = (data / "assets").iterdir()
    with h5py.File(file) as frames:
        assert len(frames["entry/data/data"]) == 0
    assert beamtwin("run", "chx", "diffraction", "gaps_um=7.5x5.8").code == 0


def test_a_read_only_data_folder(mounted, data):
    done = mounted("mount -t tmpfs -o ro tmpfs $D; beamtwin run chx slit_scan")
    assert done.complaint == (
        f"data folder {data}: it is read-only; choose another with --data or BEAMTWIN_DATA"
    )


@pytest.mark.usefixtures("slit_scanned")
def test_a_read_only_catalogue(mounted, beamtwin, data):
    """What the folder's permissions do not say, the file says when it is written to."""
    done = mounted(
        "mount --bind $D/catalog.sqlite $D/catalog.sqlite; "
        "mount -o remount,bind,ro $D/catalog.sqlite; beamtwin run chx slit_scan"
    )
    said = done.err.splitlines()[-1]
    assert said.startswith(f"beamtwin: {data}/catalog.sqlite: is read-only; nothing was stored: ")
    assert (done.code, done.out) == (1, "")
    assert beamtwin("list").out.startswith("1 of 1 runs")


def test_a_data_folder_that_is_a_file(beamtwin, data):
    data.write_text("")
    assert beamtwin("run", "chx", "slit_scan").complaint == (
        f"data folder {data}: there is a file of this name; "
        "choose another with --data or BEAMTWIN_DATA"
    )


def test_a_folder_of_frames_that_is_a_file(beamtwin, data):
    data.mkdir()
    (data / "assets").write_text("")
    complaint = beamtwin("run", "chx", "slit_scan").complaint
    assert complaint.startswith(
        f"{data}/assets: cannot be made the folder of the detectors' files: "
    )
    assert complaint.endswith("choose another data folder with --data")


def test_a_folder_of_frames_that_vanishes(data):
    data.mkdir()
    with open_beamtime(SCENARIO, Settings(data)) as beamtime:
        plan = diffraction(beamtime.devices, gaps_um=((7.5, 5.8), (11.0, 9.0)))
        no_folder = (
            f"eiger4m_hdf1: the file writer has no folder {data}/assets .*; create it, or name"
        )
        with pytest.raises(BeamtwinError, match=no_folder):
            beamtime.engine(plan, {"stop": lambda *_: shutil.rmtree(data / "assets")})
        (run,) = beamtime.broker
        assert run.state == "success"
        with pytest.raises(
            AssetError, match=f"{run.uid[:8]}.*eiger4m_image.*{data}/assets/eiger4m_"
        ):
            run.primary.read(["eiger4m_image"])["eiger4m_image"].to_numpy()


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda file: file.write_bytes(b"beamtime notes\n" * 400), "is no store of beamtwin's"),
        (lambda file: file.write_bytes(file.read_bytes()[:9000]), "is damaged: restore a copy"),
        (lambda file: (file.unlink(), file.mkdir()), "is a folder: give the path of a file in it"),
    ],
)
@pytest.mark.usefixtures("slit_scanned")
def test_a_corrupt_catalogue(beamtwin, data, damage, complaint):
    file = data / "catalog.sqlite"
    damage(file)
    for command in (["run", "chx", "slit_scan"], ["list"], ["show", "-1"]):
        said = beamtwin(*command).complaint
        assert said.startswith(f"{file}: ")
        assert complaint in said
