"""EPICS_CA_*, as EPICS base reads them."""

from typing import Any

import pytest

from beamtwin.hardware.ca import CATransport
from beamtwin.hardware.ca.environment import Environment, broadcast_addresses, resolve
from beamtwin.orchestration.errors import BeamtwinError, NotConnectedError, PutError

PATIENCE_S = 5.0


def test_an_environment_that_says_nothing_is_epics_default() -> None:
    environment = Environment.read({})
    assert environment.addresses == tuple(dict.fromkeys(broadcast_addresses()))
    assert environment.name_servers == ()
    assert (environment.server_port, environment.repeater_port) == (5064, 5065)
    assert environment.silence_s == 30.0
    assert environment.max_array_bytes is None


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ({"EPICS_CA_AUTO_ADDR_LIST": "NO"}, ()),
        ({"EPICS_CA_AUTO_ADDR_LIST": "no", "EPICS_CA_ADDR_LIST": "a b:5068"}, ("a", "b:5068")),
        ({"EPICS_CA_AUTO_ADDR_LIST": "NO", "EPICS_CA_ADDR_LIST": "a a"}, ("a",)),
        ({"EPICS_CA_ADDR_LIST": "a"}, ("a", *broadcast_addresses())),
        ({"EPICS_CA_ADDR_LIST": "a", "EPICS_CA_AUTO_ADDR_LIST": ""}, ("a", *broadcast_addresses())),
    ],
)
def test_where_to_search(given: dict[str, str], addresses: tuple[str, ...]) -> None:
    assert Environment.read(given).addresses == tuple(dict.fromkeys(addresses))


@pytest.mark.parametrize(
    ("given", "most"),
    [
        (
            {"EPICS_CA_MAX_ARRAY_BYTES": "1000"},
            None,
        ),  # since base 7: any size, unless told otherwise
        ({"EPICS_CA_AUTO_ARRAY_BYTES": "NO"}, 16384),
        ({"EPICS_CA_AUTO_ARRAY_BYTES": "NO", "EPICS_CA_MAX_ARRAY_BYTES": "1000"}, 1000),
    ],
)
def test_how_long_an_array_may_be(given: dict[str, str], most: int | None) -> None:
    assert Environment.read(given).max_array_bytes == most


def test_a_number_that_is_none_is_named() -> None:
    with pytest.raises(BeamtwinError, match="EPICS_CA_CONN_TMO='soon' is not a number"):
        Environment.read({"EPICS_CA_CONN_TMO": "soon"})


def test_hosts_and_ports() -> None:
    assert resolve(["127.0.0.1", "localhost:5068"], 15064) == [
        ("127.0.0.1", 15064),
        ("127.0.0.1", 5068),
    ]
    with pytest.raises(NotConnectedError, match=r"ioc\.invalid: cannot search there"):
        resolve(["ioc.invalid"], 5064)
    with pytest.raises(NotConnectedError, match=r"127\.0\.0\.1:99999: .* 99999 is no port"):
        resolve(["127.0.0.1:99999"], 5064)


def test_a_transport_searches_where_the_environment_says(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPICS_CA_ADDR_LIST", "127.0.0.1")
    monkeypatch.setenv("EPICS_CA_AUTO_ADDR_LIST", "NO")
    monkeypatch.setenv("EPICS_CA_SERVER_PORT", str(server.port))
    transport = CATransport()
    try:
        assert transport.addresses == [("127.0.0.1", server.port)]
        assert transport.channel("S").get().value == 1.0
    finally:
        transport.close()


def test_arrays_longer_than_the_environment_allows_are_refused_with_the_way_out(
    port: int, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPICS_CA_AUTO_ARRAY_BYTES", "NO")
    monkeypatch.setenv("EPICS_CA_MAX_ARRAY_BYTES", "800")
    transport = connect(port)
    wave, small = transport.channel("T:wave"), transport.channel("T:bytes")
    transport.connect([wave, small])
    message = r"T:wave: .*8000 bytes are more than EPICS_CA_MAX_ARRAY_BYTES=800 allows"
    with pytest.raises(NotConnectedError, match=message):
        wave.get()
    with pytest.raises(PutError, match=message):
        wave.put([float(number) for number in range(1000)]).wait(PATIENCE_S)
    assert len(small.get().value) == 3
