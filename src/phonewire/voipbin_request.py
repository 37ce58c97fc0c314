"""The request that has VoIPBIN place a call and dial a media server of yours: ``POST /v1.0/calls``.

VoIPBIN's tutorial gives the action ``external_media_start`` a URL; the source of its service has no such option, but a
host and how to reach it. `media_url` is the one, `media_host` the other.

Specification: https://github.com/voipbin/monorepo: ``mediastream_tutorial.rst``, ``common_struct_address.rst``,
``bin-flow-manager/models/action/option.go``; read 2026-11. Asterisk, "ARI channels: externalMedia", for what can be
combined.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args
from uuid import UUID

import msgspec

from phonewire.url import split_host, split_url

__all__ = ["ANSWER", "Action", "Address", "CreateCall", "HttpPost", "create_call", "media_host", "media_url"]

Encapsulation = Literal["rtp", "sln", "audiosocket"]
HostEncapsulation = Literal["audiosocket", "rtp", "none"]
Direction = Literal["in", "out", "both"]

# What Asterisk takes together; others fail when the call is up.
_TRANSPORTS = {"audiosocket": "tcp", "rtp": "udp", "none": "websocket"}
_SLIN = tuple(f"slin{rate}" for rate in ("", "12", "16", "24", "32", "44", "48", "96", "192"))
_FORMATS = {"audiosocket": _SLIN, "rtp": ("ulaw", "alaw", *_SLIN), "none": ("ulaw", "alaw", *_SLIN)}

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_SIP = re.compile(r"(?:sip:)?(?P<target>[A-Za-z0-9._~!$&'()*+,;=%-]{1,64}@(?P<host>[^@]+))")
_PRINTABLE = re.compile(r"[!-~]+")


class Address(msgspec.Struct, frozen=True):
    """Who calls or is called.

    Attributes:
        type: ``"tel"`` or ``"sip"``.
        target: a number as E.164 has it, or ``user@host``.
    """

    type: str
    target: str

    @classmethod
    def of(cls, text: str) -> Address:
        """Return the address that ``+15551234567``, ``user@host`` or ``sip:user@host`` is.

        Raises:
            ValueError: it is none of these.
        """
        if _E164.fullmatch(text):
            return cls("tel", text)
        found = _SIP.fullmatch(text)
        if found is None:
            raise ValueError(f"an address is + and 2 to 15 digits (E.164), or user@host, got {text!r}")
        split_host(found["host"])
        return cls("sip", found["target"])


class _MediaUrl(msgspec.Struct, frozen=True):
    url: str
    encapsulation: str


class _MediaHost(msgspec.Struct, frozen=True, omit_defaults=True):
    external_host: str
    encapsulation: str
    transport: str
    connection_type: str
    format: str
    direction_listen: str | None = None
    direction_speak: str | None = None
    data: str | None = None


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of the call's flow.

    Attributes:
        type: VoIPBIN's name of it.
        option: what it takes.
    """

    type: str
    option: _MediaUrl | _MediaHost | None = None


#: Answers the call.
ANSWER = Action("answer")


def media_url(url: str, *, encapsulation: Encapsulation = "audiosocket", allow_insecure: bool = False) -> Action:
    """Return ``external_media_start`` as the tutorial has it: VoIPBIN dials a WebSocket.

    Args:
        url: of an `Endpoint` of ``"voipbin-external-media"``, ``wss://``; a token in its query is how VoIPBIN shows
            who it is.
        encapsulation: how the audio is packed.
        allow_insecure: take ``ws://``, too.

    Raises:
        ValueError: the URL or the encapsulation is none; the message does not repeat the URL, which may hold a token.
    """
    _require("encapsulation", encapsulation, get_args(Encapsulation))
    split_url(url, ("wss", "ws") if allow_insecure else ("wss",))
    return Action("external_media_start", _MediaUrl(url, encapsulation))


def media_host(
    host: str,
    *,
    encapsulation: HostEncapsulation = "audiosocket",
    audio_format: str | None = None,
    direction_listen: Direction | None = None,
    direction_speak: Direction | None = None,
    data: str | None = None,
) -> Action:
    """Return ``external_media_start`` as the service has it: Asterisk dials ``host:port``.

    Its AudioSocket UUID is VoIPBIN's choice: a server of `serve_audiosocket` knows it by *addresses*.

    Args:
        host: ``media.example.com:9092``, ``192.0.2.1:9092`` or ``[2001:db8::1]:9092``.
        encapsulation: ``"audiosocket"`` over TCP, ``"rtp"`` over UDP, or ``"none"``, which is Asterisk's own WebSocket.
        audio_format: ``"slin"`` by default for AudioSocket, where Asterisk labels all else as that; otherwise
            ``"ulaw"`` by default.
        direction_listen: what of the call is sent to the host; VoIPBIN's default.
        direction_speak: where its audio goes; VoIPBIN's default.
        data: passed along; for AudioSocket a UUID.

    Raises:
        ValueError: one of them is none of these.
    """
    _require("encapsulation", encapsulation, get_args(HostEncapsulation))
    audio_format = audio_format or ("slin" if encapsulation == "audiosocket" else "ulaw")
    _require("audio_format", audio_format, _FORMATS[encapsulation])
    for name, direction in (("direction_listen", direction_listen), ("direction_speak", direction_speak)):
        if direction is not None:
            _require(name, direction, get_args(Direction))
    if split_host(host) is None:
        raise ValueError(f"a host needs a port, as in media.example.com:9092, got {host!r}")
    if data is not None and encapsulation == "audiosocket":
        UUID(data)  # says itself what is wrong
    transport = _TRANSPORTS[encapsulation]
    option = _MediaHost(
        host, encapsulation, transport, "client", audio_format, direction_listen, direction_speak, data
    )  # fmt: skip
    return Action("external_media_start", option)


class CreateCall(msgspec.Struct, frozen=True):
    """A call that VoIPBIN is to place; made by `create_call`."""

    source: Address
    destinations: tuple[Address, ...]
    actions: tuple[Action, ...]

    def body(self) -> bytes:
        """Return the JSON of the request."""
        return msgspec.json.encode(self)

    def post(self, token: str, *, base_url: str = "https://api.voipbin.net") -> HttpPost:
        """Return the whole request, for the HTTP client of your choice.

        Args:
            token: a JWT or access key; sent as ``Authorization: Bearer``, which no log of URLs shows.
            base_url: of the service.

        Raises:
            ValueError: the token or the URL is none.
        """
        split_url(base_url, ("https", "http"))
        if not _PRINTABLE.fullmatch(token):
            raise ValueError("a token is one or more printable ASCII characters without spaces")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return HttpPost(base_url.rstrip("/") + "/v1.0/calls", headers, self.body())


@dataclass(frozen=True)
class HttpPost:
    """A POST request.

    Attributes:
        url: where to.
        headers: with the token, which is not shown.
        body: JSON.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes


def create_call(source: str, destinations: Sequence[str], actions: Sequence[Action]) -> CreateCall:
    """Return a call from *source* to each of *destinations*, which goes through *actions* in turn.

    Args:
        source: ``+15551234567``, ``user@host`` or ``sip:user@host``.
        destinations: the same; at least one.
        actions: such as ``[ANSWER, media_url("wss://…")]``; at least one.

    Raises:
        ValueError: an address is none, or there is nobody to call or nothing to do.
    """
    several = [destinations] if isinstance(destinations, str) else destinations
    if not several or not actions:
        raise ValueError(f"a call needs a destination and an action, got {len(several)} and {len(actions)}")
    return CreateCall(Address.of(source), tuple(map(Address.of, several)), tuple(actions))


def _require(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{what} is one of {', '.join(known)}, got {value!r}")
