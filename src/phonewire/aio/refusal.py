"""Why a server sends somebody away, and what it answers then."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus

__all__ = ["Refusal"]


class Refusal(StrEnum):
    """Why a server sent a peer away; the keys of ``server.refused``.

    Before the upgrade the answer is an HTTP status, after it a WebSocket close code (RFC 6455 section 7.4.1; 1013 is
    "try again later" in IANA's registry of close codes).
    """

    BAD_ORIGIN = "bad_origin"  # a browser's page, which nobody listed
    NOT_FOUND = "not_found"
    UNAUTHENTICATED = "unauthenticated"
    NO_SHARED_STORE = "no_shared_store"  # that tells whether what it signed has been there
    SLOW_HANDSHAKE = "slow_handshake"  # no whole request in time
    TOO_MANY_FROM_ADDRESS = "too_many_from_address"  # connections without a call
    TOO_MANY_CONNECTIONS = "too_many_connections"  # without a call; the oldest makes room
    TOO_MANY_CALLS = "too_many_calls"
    STOPPING = "stopping"  # the server is being closed
    NO_START = "no_start"  # no valid message that starts a stream, in time
    BROKE_PROTOCOL = "broke_protocol"  # before a stream started; closed with what RFC 6455 has for it
    UNEXPECTED_CALL = "unexpected_call"  # its id is not one of the endpoint's
    CALL_TOO_LONG = "call_too_long"
    MEDIA_IDLE = "media_idle"  # no valid media for too long
    NOT_READING = "not_reading"  # lets what it asked for pile up here; cut off, it would not read a code

    @property
    def status(self) -> HTTPStatus:
        """HTTP status before the upgrade."""
        return _STATUS.get(self, HTTPStatus.SERVICE_UNAVAILABLE)

    @property
    def close_code(self) -> int:
        """WebSocket close code after the upgrade."""
        return _CLOSE_CODE.get(self, 1008)


_STATUS = {
    Refusal.BAD_ORIGIN: HTTPStatus.FORBIDDEN,
    Refusal.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Refusal.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Refusal.SLOW_HANDSHAKE: HTTPStatus.REQUEST_TIMEOUT,
}
_CLOSE_CODE = {Refusal.TOO_MANY_CONNECTIONS: 1013, Refusal.TOO_MANY_CALLS: 1013, Refusal.STOPPING: 1001}
