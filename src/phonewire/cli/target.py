"""What a command dials: one URL, with what goes with it on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Literal
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import click

import phonewire
from phonewire.aio.call.engines import protocol_of
from phonewire.protocols import audiohook, audiosocket, voipbin

__all__ = ["Target"]

_AUDIOSOCKET = "audiosocket://"


class Target:
    """A far end that can be dialled, any number of times.

    Args:
        url: ``ws://…``, ``wss://…``, or ``audiosocket://HOST:PORT`` with or without ``/UUID``.
        option: what the options about it begin with, for messages: ``"--"``, or ``"--sink-"``.
        protocol: None for what the URL says.
        otherwise: the protocol where the URL does not say; None to ask for one.
        wire: how audio is coded (das-Peak, AudioSocket), or which reading of the protocol (VoIPBIN).
        apikey: sent in a header of that name.
        token: as `phonewire.connect` has it.
        key, secret: Genesys' (AudioHook).
        channels: of what will be sent, where the protocol carries several (AudioHook).
        pace: as `phonewire.connect` has it.
        listen_only: send nothing.
        allow_insecure: send secrets over ``ws://`` to other machines too.

    Attributes:
        protocol: that is spoken.
        guessed: neither the URL nor the options told it.
        media_format: how the call will have its audio.

    Raises:
        click.UsageError: the URL or an option is not one; the message does not repeat what may be a secret.
    """

    def __init__(
        self,
        url: str,
        *,
        option: str = "--",
        protocol: str | None = None,
        otherwise: str | None = None,
        wire: phonewire.MediaFormat | str | None = None,
        apikey: str | None = None,
        token: str | None = None,
        key: str | None = None,
        secret: str | None = None,
        channels: int = 1,
        pace: Literal["realtime", "none"] | None = None,
        listen_only: bool = False,
        allow_insecure: bool = False,
    ) -> None:
        self._url, self._option, self._wire = url, option, wire
        self._apikey, self._token = apikey, token
        self._key, self._secret, self._channels = key, secret, channels
        self._pace, self._listen_only, self._allow_insecure = pace, listen_only, allow_insecure
        if not url.startswith((_AUDIOSOCKET, "ws://", "wss://")):
            raise click.UsageError(f"URL begins with ws://, wss:// or {_AUDIOSOCKET}")
        if url.startswith(_AUDIOSOCKET):
            self.protocol, self.guessed = "audiosocket", False
            self._host, self._port, self._uuid = _audiosocket_address(url)
        else:
            self.protocol, self.guessed = _protocol_of(url, option, protocol, otherwise)
        self.media_format = self._known_format()
        self.connection()  # what is wrong is told now

    def connection(
        self, *, call_id: str | None = None, parameters: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[phonewire.Call]:
        """Return another connection, not made yet.

        Args:
            call_id: to announce the call with, where the protocol has one and the URL does not say it.
            parameters: to pass along, where the protocol can.
        """
        if self.protocol == "audiosocket":
            uuid = self._uuid or _uuid(call_id) or str(uuid4())
            return phonewire.connect_audiosocket(
                self._host, self._port, call_id=uuid, media_format=self.media_format, pace=self._pace or "realtime"
            )
        try:
            return phonewire.connect(
                self._url,
                protocol=self.protocol,
                call_id=call_id,
                parameters=parameters,
                headers=self._headers(),
                client_secret=self._secret if self._is_audiohook else None,
                token=self._token,
                media_format=None if self.protocol == "voipbin" else self.media_format,
                wire=str(self._wire or "auto") if self.protocol == "voipbin" else "auto",
                pace=self._pace,
                listen_only=self._listen_only,
                allow_insecure=self._allow_insecure,
            )
        except (ValueError, ImportError) as error:
            raise click.UsageError(str(error).replace("allow_insecure=True", "--allow-insecure")) from None

    @property
    def _is_audiohook(self) -> bool:
        return self.protocol in audiohook.DIALECTS

    def _headers(self) -> dict[str, str]:
        if self._is_audiohook:
            if (self._key is None) != (self._secret is None):
                raise click.UsageError("--key and --secret go together")
            return {} if self._key is None else {"X-API-KEY": self._key}
        return {} if self._apikey is None else {"apikey": self._apikey}

    def _known_format(self) -> phonewire.MediaFormat:
        """Return how audio is coded, or say that the option is none for this protocol."""
        wire, name = self._wire, f"{self._option}wire"
        if self.protocol == "voipbin":
            if isinstance(wire, phonewire.MediaFormat):
                raise click.UsageError(f"{name} of VoIPBIN is one of {', '.join(voipbin.DIALECTS)}")
            encapsulation = parse_qs(urlsplit(self._url).query).get("encapsulation", [""])[0]
            if encapsulation not in list(voipbin.Encapsulation):
                raise click.UsageError("a VoIPBIN URL has ?encapsulation=rtp, sln or audiosocket")
            return voipbin.DIALECTS[wire or "auto"].media_format(encapsulation)
        if isinstance(wire, str):
            raise click.UsageError(f"{name} {wire} is for VoIPBIN")
        if self.protocol == "audiosocket":
            form = wire or audiosocket.FORMATS[audiosocket.Kind.SLIN]
            if form not in audiosocket.FORMATS.values():
                raise click.UsageError(f"AudioSocket carries 16-bit samples: {name} s16le:HZ")
            return form
        if self._is_audiohook:
            most = 1 if audiohook.DIALECTS[self.protocol].two_way else 2
            form = wire or phonewire.MediaFormat()
            return phonewire.MediaFormat(form.encoding, form.sample_rate_hz, min(self._channels, most))
        if self.protocol != "das-peak" and wire not in (None, phonewire.MediaFormat()):
            raise click.UsageError(f"Twilio's wire is ulaw:8000; {name} is for das-Peak, AudioSocket and VoIPBIN")
        return wire or phonewire.MediaFormat()


def _protocol_of(url: str, option: str, said: str | None, otherwise: str | None) -> tuple[str, bool]:
    """Return the protocol, and whether it was guessed."""
    if said is not None:
        return said, False
    try:
        return protocol_of(url), False
    except ValueError as error:
        if otherwise is None:
            raise click.UsageError(str(error).replace("protocol=", f"{option}protocol")) from None
        return otherwise, True


def _audiosocket_address(url: str) -> tuple[str, int, str | None]:
    """Return host, port and UUID of ``audiosocket://HOST:PORT/UUID``."""
    try:
        parts = urlsplit(url)
        host, port, path = parts.hostname, parts.port, parts.path.strip("/")
        uuid = _uuid(path)
    except ValueError:
        host = port = None
    if not host or not port or (path and not uuid) or parts.query or parts.username:
        raise click.UsageError(f"an AudioSocket URL is {_AUDIOSOCKET}HOST:PORT or {_AUDIOSOCKET}HOST:PORT/UUID")
    return host, port, uuid


def _uuid(text: str | None) -> str | None:
    """Return a UUID in its usual form; None when *text* is none."""
    try:
        return str(UUID(text))
    except (ValueError, TypeError, AttributeError):
        return None
