"""Every protocol has the same shape as its neighbours."""

import importlib
import inspect
import pkgutil
import re
import typing

import msgspec
import pytest

from phonewire import protocols
from phonewire.protocols.connection import Dialect, MediaConnection, Side, State

# What is shared by the protocols, and is none itself.
SHARED = {"connection", "ending", "payload", "validation"}
NOT_ON_THE_WIRE = {"Rejected", "Ended", "Detected", "Tolerated"}
PROTOCOLS = {
    name: importlib.import_module(f"phonewire.protocols.{name}")
    for _, name, _ in pkgutil.iter_modules(protocols.__path__)
    if name not in SHARED
}


@pytest.fixture(params=PROTOCOLS.values(), ids=PROTOCOLS)
def protocol(request):
    return request.param


@pytest.fixture
def part(protocol):
    """Find a table of a protocol, which is one file with private tables, or a package with a file for each."""

    def find(name):
        modules = [protocol, *parts(protocol)]
        (table,) = {id(t): t for m in modules for n, t in vars(m).items() if n.removeprefix("_") == name}.values()
        return table

    return find


def parts(protocol):
    names = [name for _, name, _ in pkgutil.iter_modules(getattr(protocol, "__path__", []))]
    return [importlib.import_module(f"{protocol.__name__}.{name}") for name in names]


def own_events(protocol):
    """Those that are on the wire; the others say something about it."""
    return [event for event in typing.get_args(protocol.Event) if event.__name__ not in NOT_ON_THE_WIRE]


def test_there_are_protocols():
    assert "twilio" in PROTOCOLS


def test_exports(protocol):
    assert {"SPEC", "Connection", "Event", "Side", "State", "Rejected", "Ended", "MediaFormat"} <= set(protocol.__all__)
    assert all(hasattr(protocol, name) for name in protocol.__all__)
    assert {event.__name__ for event in typing.get_args(protocol.Event)} <= set(protocol.__all__)
    assert protocol.SPEC.startswith("https://")
    assert protocol.SPEC in protocol.__doc__


def test_the_docstring_is_a_reference(protocol):
    for section in ("Transport:", "Messages:", "Media:", "Specification:", "Deviations:", "Open points:"):
        assert section in protocol.__doc__
    assert re.search(r"read 20\d\d-\d\d", protocol.__doc__)
    for state in State:
        assert state.name in protocol.__doc__


def test_connection_is_a_media_connection(protocol):
    connection = protocol.Connection(Side.SERVER)
    assert connection.state is State.OPENING
    for name, type_ in typing.get_type_hints(MediaConnection).items():
        origin = typing.get_origin(type_) or type_
        assert isinstance(getattr(connection, name), origin), name
    for name, method in inspect.getmembers(MediaConnection, inspect.isfunction):
        if not name.startswith("_"):
            ours = inspect.signature(getattr(protocol.Connection, name))
            theirs = inspect.signature(method)
            assert [(p.name, p.kind, p.default) for p in ours.parameters.values()] == [
                (p.name, p.kind, p.default) for p in theirs.parameters.values()
            ], name
    for name, _ in inspect.getmembers(MediaConnection, lambda member: isinstance(member, property)):
        assert hasattr(connection, name), name
    assert isinstance(connection.dialect, Dialect)


def test_time_that_is_skipped_is_no_message(protocol):
    connection = protocol.Connection(Side.SERVER)
    connection.skip_audio(20)
    assert connection.data_to_send() == []
    assert connection.state is State.OPENING


def test_events_are_structs(protocol):
    for event in typing.get_args(protocol.Event):
        assert issubclass(event, msgspec.Struct)
        assert event.__doc__


def test_every_event_has_a_parser_and_a_packer(protocol, part):
    parsed = {typing.get_type_hints(parse)["return"] for _, parse in part("PARSERS").values()}
    assert parsed == set(own_events(protocol)) == set(part("PACKERS"))
    kinds = {kind for kind, _ in part("PARSERS").values()}
    assert kinds == {kind for kind, _ in part("PACKERS").values()}


def test_every_state_is_reachable_and_every_connection_can_end(part):
    transitions = part("TRANSITIONS")
    assert set(transitions) == set(State)
    reached, todo = set(), [State.OPENING]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += transitions[state].values()
    assert reached == set(State)
    for state in State:
        assert transitions[state]["eof"] is State.CLOSED
        assert transitions[state]["failure"] is State.CLOSED
    assert set(transitions[State.CLOSED].values()) == {State.CLOSED}


def test_only_the_table_changes_the_state(protocol):
    for module in [protocol, *parts(protocol)]:
        assert inspect.getsource(module).count("self.state = ") <= 1
