"""Genesys' signed handshake against an endpoint of a real server: whatever is not as it was signed opens nothing."""

import asyncio
import re
import secrets
import time

import pytest
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire import Endpoint
from phonewire.auth import AudioHookSignature, sign_audiohook
from phonewire.auth import audiohook as audiohook_auth
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.dial import dial

pytestmark = pytest.mark.usefixtures("tls")

KEY, SECRET, OTHER = "the-key", "dGhlIGNsaWVudCdzIHNlY3JldA==", "b3RoZXI="
TARGET = "/audiohook?region=eu"
IDS = {
    "Audiohook-Organization-Id": "d7934305-0972-4844-938e-9060eef73d05",
    "Audiohook-Session-Id": "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    "Audiohook-Correlation-Id": "e160e428-53e2-487c-977d-96989bf5c99d",
}


@pytest.fixture
def handshake():
    """Return the statuses of the answers to handshakes, each made by a function of the server's authority."""

    async def main(makers):
        calls = []

        async def handler(call):
            calls.append(call)

        endpoint = Endpoint("/audiohook", "audiohook", auth=AudioHookSignature({KEY: SECRET}))
        limits = phonewire.Limits(unauthenticated_per_address=len(makers) + 1)
        async with phonewire.serve(handler, endpoints=[endpoint], limits=limits) as server:
            authority = server.url.partition("://")[2]
            answers = await asyncio.gather(*(_status(server.url + TARGET, make(authority)) for make in makers))
            refused = dict(server.refused)
        turned_away = sum(answer == 401 for answer in answers)
        assert refused == ({phonewire.Refusal.UNAUTHENTICATED: turned_away} if turned_away else {})
        assert calls == []
        return answers

    def run(*makers):
        with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
            return runner.run(main(makers))

    return run


async def _status(url, headers):
    try:
        async with dial(url, headers, None):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def signed(secret=SECRET, key=KEY, **changes):
    """Return a function that signs a handshake with the authority of a server."""

    def make(authority):
        arguments = {
            "authority": authority,
            "target": TARGET,
            "headers": IDS,
            "nonce": secrets.token_hex(12),
            "created_s": int(time.time()),
        }
        return {"X-API-KEY": key} | IDS | sign_audiohook(key, secret, **arguments | changes)

    return make


def changed(name, change):
    """Return a function that signs a handshake, and then changes a header, or leaves it out where that is None."""

    def make(authority):
        headers = signed()(authority)
        value = change(headers.pop(name))
        return headers if value is None else headers | {name: value}

    return make


def test_what_is_signed_is_taken(handshake):
    assert handshake(signed()) == [101]


@pytest.mark.parametrize("name", audiohook_auth.COMPONENTS)
def test_each_component_must_be_covered(handshake, monkeypatch, name):
    covered = audiohook_auth.COMPONENTS

    def make(authority):
        with monkeypatch.context() as patch:
            patch.setattr(audiohook_auth, "COMPONENTS", tuple(one for one in covered if one != name))
            headers = signed()(authority)
        assert f'"{name}"' not in headers["Signature-Input"]
        return headers

    assert handshake(make) == [401]


@pytest.mark.parametrize("name", [*IDS, "X-API-KEY", "Signature", "Signature-Input"])
def test_each_header_must_be_there_and_as_it_was_signed(handshake, name):
    altered = changed(
        name, lambda value: re.sub(r"[0-9a-z]", lambda one: "b" if one[0] == "a" else "a", value, count=1)
    )
    assert handshake(changed(name, lambda _: None), altered) == [401, 401]


@pytest.mark.parametrize(
    "changes",
    [{"authority": "audiohook.example.com"}, {"target": "/audiohook"}, {"target": "/audiohook?region=us"}],
    ids=str,
)
def test_where_it_goes_to_must_be_as_it_was_signed(handshake, changes):
    assert handshake(signed(**changes)) == [401]


@pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
def test_of_two_signatures_none_counts(handshake, name):
    twice = changed(name, lambda value: f"{value}, {value}")
    relabelled = changed(name, lambda value: f"{value}, {value.replace('sig1', 'sig2', 1)}")
    assert handshake(twice, relabelled) == [401, 401]


def test_it_must_have_been_signed_just_now(handshake):
    now_s = int(time.time())
    late = signed(created_s=now_s - 60)
    expired = signed(expires_s=now_s - 60)
    assert handshake(signed(created_s=now_s + 60), late, expired) == [401] * 3


def test_who_has_another_key_or_secret_or_none_is_refused(handshake):
    assert handshake(signed(secret=OTHER), signed(key="other"), lambda _: IDS, lambda _: {}) == [401] * 4
