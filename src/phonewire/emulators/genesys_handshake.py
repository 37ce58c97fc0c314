"""The headers with which Genesys dials, signed where the customer has given it a secret."""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from collections.abc import Mapping

from phonewire.auth import sign_audiohook

__all__ = ["handshake"]


def handshake(
    url: str, session_id: str, organization_id: str, api_key: str | None, client_secret: str | None
) -> dict[str, str]:
    """Return the headers of a session; without a key there is no signature either."""
    ids = {"Organization": organization_id, "Session": session_id, "Correlation": str(uuid.uuid4())}
    headers = {f"Audiohook-{name}-Id": value for name, value in ids.items()}
    if api_key is None:
        return headers
    headers["X-API-KEY"] = api_key
    return headers if client_secret is None else headers | _signature(url, api_key, client_secret, headers)


def _signature(url: str, key: str, secret: str, headers: Mapping[str, str]) -> dict[str, str]:
    _, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return sign_audiohook(
        key,
        secret,
        authority=authority,
        target=slash + path,
        headers=headers,
        nonce=base64.b64encode(secrets.token_bytes(18)).decode(),
        created_s=int(time.time()),
    )
