"""Who is not genuine calls."""

from __future__ import annotations

from collections.abc import Awaitable

from websockets.exceptions import InvalidStatus

import phonewire
from phonewire import Call, Endpoint
from phonewire.auth import ApiKey, TwilioSignature
from phonewire.cli.claims.claim import Claim
from phonewire.emulators.das_peak import DasPeakSender
from phonewire.emulators.twilio import TwilioCaller

__all__ = ["check"]

_AUTH_TOKEN = "the demo's auth token"  # noqa: S105 - a secret of nobody
_API_KEY = "the demo's key"
_TWILIO, _DAS_PEAK = "/twilio", "/daspeak-stream/v1/twilio"


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that they are sent away, and no call is made of them."""
    calls: list[str] = []

    async def handler(call: Call) -> None:
        calls.append(call.id)

    endpoints = [
        Endpoint(_TWILIO, "twilio", auth=TwilioSignature([_AUTH_TOKEN])),
        Endpoint(_DAS_PEAK, "das-peak", auth=ApiKey([_API_KEY])),
    ]
    async with phonewire.serve(handler, endpoints=endpoints) as server:
        unsigned = await _status(TwilioCaller(server.url + _TWILIO, auth_token="another").__aenter__())  # noqa: S106
        keyless = await _status(DasPeakSender(server.url + _DAS_PEAK, apikey="another").send(b"\xff" * 160))
    return [
        Claim("a call with a bad signature is refused", f"HTTP {unsigned}", unsigned == 401 and not calls),
        Claim("a call with a wrong key is refused", f"HTTP {keyless}", keyless == 401 and not calls),
    ]


async def _status(dialing: Awaitable[object]) -> int | None:
    """Return the HTTP status that refused a connection; None when it was let in."""
    try:
        await dialing
    except InvalidStatus as refused:
        return refused.response.status_code
    return None
