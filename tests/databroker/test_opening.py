"""What a path, a URI or a name opens."""

import sys

import pytest

from beamtwin.databroker import Broker
from beamtwin.databroker.catalogs import catalogs
from beamtwin.databroker.errors import DataBrokerError, StoreError


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Writes the user's configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config" / "beamtwin" / "catalogs.toml"
    path.parent.mkdir(parents=True)
    return path.write_text


def test_a_catalogue_by_its_name(config, path, make, fill):
    config(
        f'[home]\nopen = "{path}"\nroot_map = {{"/old" = "/new"}}\noptions = {{readonly = true}}'
    )
    with Broker.open(f"sqlite:///{path}") as db:
        fill(db, make.run(1))
    with Broker.open("home", root_map={"/a": "/b"}) as db:
        assert len(db) == 1
        assert db.assets.root_map == {"/old": "/new", "/a": "/b"}
        with pytest.raises(StoreError):
            fill(db, make.run(0))
    assert list(catalogs()) == ["home"]


def test_relative_paths_are_beside_the_configuration(config, tmp_path):
    config('[here]\nopen = "runs.sqlite"')
    Broker.open("here").close()
    assert (tmp_path / "config" / "beamtwin" / "runs.sqlite").exists()


def test_a_folder_of_that_name_is_no_store(config, tmp_path):
    config('[chx]\nopen = "runs.sqlite"')
    (tmp_path / "chx").mkdir()
    Broker.open("chx").close()
    assert (tmp_path / "config" / "beamtwin" / "runs.sqlite").exists()


def test_a_catalogue_may_be_in_memory(config, tmp_path):
    config('[scratch]\nopen = ":memory:"')
    with Broker.open("scratch") as db:
        assert len(db) == 0
    assert [path.name for path in (tmp_path / "config" / "beamtwin").iterdir()] == ["catalogs.toml"]


def test_what_a_catalogue_cannot_have_is_named(config):
    config('[a]\nopen = "a.db"\nreadonly = true')
    with pytest.raises(
        DataBrokerError, match="'readonly' is not known; a catalogue has: open, root_map, options"
    ):
        Broker.open("a")


def test_an_unknown_option_lists_those_there_are(path):
    with pytest.raises(
        DataBrokerError, match=r"'readnly' is no option here; .*: synchronous, readonly"
    ):
        Broker.open(path, readnly=True)
    pytest.importorskip("pymongo")
    with pytest.raises(
        DataBrokerError, match=r"'synchronous' is no option .*: database, layout, readonly"
    ):
        Broker.open("mongodb://ada:secret@localhost:1/x", synchronous="FULL")


@pytest.mark.parametrize("target", [None, 5, b"runs.sqlite"])
def test_what_is_opened_is_a_path_or_a_name(target):
    with pytest.raises(DataBrokerError, match="open a path, a URI, or a catalogue's name"):
        Broker.open(target)


def test_an_unknown_name_lists_those_there_are(config, tmp_path):
    config('[a]\nopen = "a.db"\n[b]\nopen = "b.db"')
    with pytest.raises(
        DataBrokerError,
        match=r"'c' is no catalogue; .*catalogs.toml has: a, b; for a file .*'\./c'",
    ):
        Broker.open("c")
    Broker.open("./c").close()
    assert (tmp_path / "c").exists()
    Broker.open("c").close()  # now it is a file


@pytest.mark.parametrize(
    "text", ["[a", "a = 1", "[a]\npath = 'x'", "[a]\nopen = 'x'\ncolour = 'red'"]
)
def test_a_broken_configuration_names_its_file(config, text):
    config(text)
    with pytest.raises(DataBrokerError, match=r"catalogs\.toml: "):
        Broker.open("a")


def test_uris(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Broker.open("sqlite:///with%20space.db").close()
    assert (tmp_path / "with space.db").exists()
    Broker.open("sqlite:///:memory:").close()
    with pytest.raises(DataBrokerError, match="postgresql:// is not known; known: sqlite:///path"):
        Broker.open("postgresql://host/db")
    with pytest.raises(StoreError, match="sqlite:////absolute/path"):
        Broker.open("sqlite://host/db")


@pytest.mark.parametrize(
    "uri", ["postgresql://ada:se/cr@t@host/db", "sqlite://ada:se/cr@t@host/db"]
)
def test_a_password_is_not_shown(uri):
    with pytest.raises(DataBrokerError, match=r"^\w+://ada:\*\*\*@host/db: ") as caught:
        Broker.open(uri)
    assert "cr@t" not in str(caught.value)


def test_mongodb_without_pymongo_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymongo", None)
    with pytest.raises(DataBrokerError, match=r"needs pymongo.*: pip install 'beamtwin\[mongo\]'"):
        Broker.open("mongodb://localhost:1/x")


def test_in_memory(make, fill):
    with Broker.in_memory() as db:
        fill(db, make.run(2))
        assert len(db[-1].primary) == 2
