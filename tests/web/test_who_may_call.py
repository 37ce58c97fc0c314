"""Who is let in, and for how long, where another web server has the socket; on the fake clock."""

import asyncio
import contextlib
import json

import pytest
from websockets.exceptions import InvalidStatus

from phonewire.auth import ApiKey
from phonewire.errors import AuthenticationError
from tests.web.sites import START, close_code, until

pytestmark = pytest.mark.usefixtures("phonewire_clock")

KEY = {"apikey": "k"}


def start(call_id):
    return json.dumps({"event": "start", "start": {"callSid": call_id, "streamSid": "MZ1"}})


@contextlib.contextmanager
def refused(status):
    with pytest.raises(InvalidStatus) as answer:
        yield
    assert answer.value.response.status_code == status
    assert ("Retry-After" in answer.value.response.headers) == (status == 503)


@pytest.mark.parametrize(
    ("path", "headers", "status", "reason"),
    [
        ("/twilio", {}, 401, "unauthenticated"),
        ("/twilio", {"apikey": "wrong"}, 401, "unauthenticated"),
        ("/nowhere", KEY, 404, "not_found"),
        ("/twilio", KEY | {"Origin": "https://evil.example"}, 403, "bad_origin"),
    ],
)
async def test_who_is_refused_before_the_upgrade(site, path, headers, status, reason):
    async with site(auth=ApiKey(["k"])) as served:
        with refused(status):
            async with served.dialed(path, **headers):
                pass
        assert served.calls.refused == {reason: 1}


async def test_more_calls_than_there_may_be_are_503(site):
    async with site(limits={"calls": 1}) as served, served.dialed("/twilio", START):
        await until(lambda: served.calls.calls)
        with refused(503):
            async with served.dialed("/twilio"):
                pass


async def test_one_address_may_not_wait_too_often(site):
    async with site(limits={"unauthenticated_per_address": 2}) as served:
        async with served.dialed("/twilio"), served.dialed("/twilio", START):
            await until(lambda: served.calls.calls)
            async with served.dialed("/twilio"):
                with refused(503):
                    async with served.dialed("/twilio"):
                        pass
        assert served.calls.refused == {"too_many_from_address": 1}


async def test_who_has_waited_longest_makes_room(site):
    async with (
        site(limits={"unauthenticated": 1}) as served,
        served.dialed("/twilio") as first,
        served.dialed("/twilio") as second,
    ):
        assert await close_code(first) == 1013
        assert second.close_code is None


async def test_the_forwarded_address_counts_behind_a_proxy_that_is_trusted(site):
    options = {"limits": {"unauthenticated_per_address": 1}, "trusted_proxies": ["127.0.0.1"]}
    async with site(**options) as served:
        one, other = {"X-Forwarded-For": "203.0.113.1"}, {"X-Forwarded-For": "203.0.113.2"}
        async with served.dialed("/twilio", **one), served.dialed("/twilio", **other):
            with refused(503):
                async with served.dialed("/twilio", **one):
                    pass


async def test_addresses_of_an_endpoint(site):
    async with site(endpoint={"addresses": ["10.0.0.0/8"]}, trusted_proxies=["127.0.0.1"]) as served:
        async with served.dialed("/twilio", **{"X-Forwarded-For": "10.1.2.3"}):
            pass
        with refused(401):
            async with served.dialed("/twilio", **{"X-Forwarded-For": "11.1.2.3"}):
                pass


async def test_a_check_that_does_not_end_is_408(site):
    class Slow:
        async def add(self, nonce, expires_s):
            await asyncio.sleep(1000)

    class Signed(ApiKey):
        def verify(self, request, now_s):
            verified = super().verify(request, now_s)
            return type(verified)(verified.identity, "nonce", now_s + 10)

    async with site(auth=Signed(["k"]), endpoint={"nonces": Slow()}, limits={"handshake_s": 1.0}) as served:
        with refused(408):
            async with served.dialed("/twilio", **KEY):
                pass


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"start_s": 0.5}, "no_start"),
        ({"media_idle_s": 2.0}, "media_idle"),
        ({"max_call_seconds": 2.0, "media_idle_s": None}, "call_too_long"),
    ],
)
async def test_what_lasts_too_long_is_closed_with_1008(site, limits, reason):
    async with site(limits=limits) as served:
        async with served.dialed("/twilio", *([] if reason == "no_start" else [START])) as websocket:
            assert await close_code(websocket) == 1008
        assert served.calls.refused == {reason: 1}


async def test_a_call_that_is_not_expected(site):
    async with site(endpoint={"call_ids": {"known"}}) as served:
        async with served.dialed("/twilio", start("unknown")) as websocket:
            assert await close_code(websocket) == 1008
        async with served.dialed("/twilio", start("known")):
            await until(lambda: served.calls.calls)


async def test_an_error_of_our_own_is_500_and_forgotten(site, caplog):
    class Broken(ApiKey):
        def verify(self, request, now_s):
            raise AuthenticationError("no") if request.header("apikey") else RuntimeError("a bug")

    async with site(auth=Broken(["k"]), limits={"unauthenticated_per_address": 1}) as served:
        for _ in range(3):
            with refused(500):
                async with served.dialed("/twilio"):
                    pass
    assert "a bug" in caplog.text
