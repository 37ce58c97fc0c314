"""How Genesys' side of an AudioHook session begins: the ids of its handshake, its signature, and what it says first."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit
from uuid import uuid4

from websockets.headers import build_host

from phonewire.auth import Secret
from phonewire.protocols import audiohook
from phonewire.protocols.audiohook.offers import offers_of
from phonewire.protocols.connection import MediaFormat

__all__ = ["Sign", "announce_session", "handshake", "session_headers", "signature_headers"]

#: Signs an attempt to connect: takes the URL and the headers, and returns more headers.
Sign = Callable[[str, Mapping[str, str]], Mapping[str, str]]

_ORGANIZATION, _SESSION, _CORRELATION = (f"Audiohook-{name}-Id" for name in ("Organization", "Session", "Correlation"))


def handshake(
    protocol: str, headers: Mapping[str, str] | None, client_secret: str | Secret | None
) -> tuple[dict[str, str], Sign | None]:
    """Return the headers of a client's handshake, and what signs it.

    Raises:
        ValueError: there is a client secret, and the protocol has none.
    """
    if protocol not in audiohook.DIALECTS:
        if client_secret is not None:
            raise ValueError(f"client_secret is for {', '.join(audiohook.DIALECTS)}, got one for {protocol}")
        return dict(headers or {}), None
    secret = Secret(client_secret) if isinstance(client_secret, str) else client_secret
    return session_headers(headers or {}), None if secret is None else partial(signature_headers, secret)


def session_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a handshake, with ids of a new session where they have none."""
    named = {name.lower() for name in headers}
    ids = {name: str(uuid4()) for name in (_ORGANIZATION, _SESSION, _CORRELATION) if name.lower() not in named}
    return {**headers, **ids}


def signature_headers(client_secret: Secret, url: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that sign a handshake, with a nonce and the time of their own.

    Args:
        client_secret: base64, as Genesys has it.
        url: where it goes to.
        headers: with the ids of the session, and the key in ``X-API-KEY``.

    Raises:
        ValueError: a header is missing, or the secret is not base64.
        ImportError: the library that writes signatures is not there: the extra ``audiohook``.
    """
    from phonewire.auth import sign_audiohook  # only those need its library who sign

    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    key = {name.lower(): value for name, value in headers.items()}.get("x-api-key")
    if not key:
        raise ValueError("a client secret goes with a key: headers={'X-API-KEY': …}")
    return sign_audiohook(
        key,
        client_secret,
        authority=build_host(parts.hostname or "", parts.port or (443 if secure else 80), secure),
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        headers=headers,
        nonce=base64.b64encode(secrets.token_bytes(18)).decode(),
        created_s=int(time.time()),
    )


def announce_session(
    engine: audiohook.Connection, call_id: str | None, parameters: Mapping[str, str], media_format: MediaFormat | None
) -> None:
    """Queue the client's `Open`; ids that are not given are made.

    Args:
        engine: of a client.
        call_id: of the conversation.
        parameters: as a server has them: ``ani``, ``aniName`` and ``dnis`` of who is on the phone, ``language``; others
            are input variables.
        media_format: that is offered; None for µ-law of both channels, or of the customer's where the server wants one.
    """
    told = dict(parameters)
    who = audiohook.Participant(str(uuid4()), *(told.pop(name, "") for name in ("ani", "aniName", "dnis")))
    engine.send(
        audiohook.Open(
            organization_id=engine.expected_organization_id or str(uuid4()),
            conversation_id=call_id or str(uuid4()),
            participant=who,
            media=offers_of(engine.dialect, media_format),
            language=told.pop("language", None),
            input_variables=told,
        )
    )
