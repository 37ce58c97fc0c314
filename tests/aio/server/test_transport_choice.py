"""Which library carries a server's messages: what is asked for, what the environment says, and what is not there."""

import re
import sys

import pytest

import phonewire
from phonewire.aio.server.connection import Connection
from phonewire.aio.server.transport_choice import chosen_transport, connection_class


async def wait(call):
    await call.wait_ended()


def served_by(transport=None):
    endpoints = [phonewire.Endpoint("/twilio", "twilio", auth=None)]
    return phonewire.serve(wait, endpoints=endpoints, transport=transport)._connection_class


@pytest.mark.parametrize(
    ("environment", "asked", "chosen"),
    [
        (None, None, "websockets"),
        ("", None, "websockets"),
        ("picows", None, "picows"),
        ("picows", "websockets", "websockets"),
        ("websockets", "picows", "picows"),
    ],
)
def test_who_asks_comes_before_the_environment(monkeypatch, environment, asked, chosen):
    monkeypatch.delenv("PHONEWIRE_TRANSPORT", raising=False)
    if environment is not None:
        monkeypatch.setenv("PHONEWIRE_TRANSPORT", environment)
    assert chosen_transport(asked) == chosen
    if chosen == "picows":
        pytest.importorskip("picows", reason="picows: the extra of that name")
    assert served_by(asked) is connection_class(chosen)
    assert (served_by(asked) is Connection) is (chosen == "websockets")


def test_a_transport_that_there_is_not(monkeypatch):
    told = re.escape("a transport is one of websockets, picows, got 'pigeon'")
    with pytest.raises(ValueError, match=told):
        served_by("pigeon")
    monkeypatch.setenv("PHONEWIRE_TRANSPORT", "pigeon")
    with pytest.raises(ValueError, match=told):
        served_by()


def test_picows_where_it_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "picows", None)
    monkeypatch.delitem(sys.modules, "phonewire.aio.server.picows_connection", raising=False)
    with pytest.raises(ValueError, match=re.escape("the transport picows needs pip install 'phonewire[picows]'")):
        served_by("picows")
