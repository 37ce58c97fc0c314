"""Every error that phonewire raises on its own account.

::

    PhonewireError
    ├── CodecError(ValueError)              input that no codec can accept
    │   ├── InvalidBase64Error              .offset of the first bad character
    │   └── BufferTooSmallError             .needed, .available; nothing was written
    ├── PacketError(ValueError)             RTP or AudioSocket bytes are malformed: .reason, .offset
    ├── ProtocolError
    │   ├── LocalProtocolError              you asked for something illegal in this state
    │   │   ├── CallEndedError              the call is over: .reason
    │   │   ├── ConferenceFullError         a conference, or conferences, that take no more: .limit
    │   │   └── QueueFullError              audio that was not queued: .queued_ms, .limit_ms
    │   └── RemoteProtocolError             the peer did; .close_code, .close_reason for the goodbye
    │       ├── LimitExceededError          the peer went over a limit: .limit, .actual
    │       └── HandshakeError              the peer refused the connection or a request: .status, .retry_after_s
    ├── AuthenticationError                 a handshake or webhook is not genuine
    ├── SharedStoreError                    what several servers share cannot be asked now
    └── BackendError(ImportError)           PHONEWIRE_BACKEND or PHONEWIRE_ISA demands what is not there

TypeError and BufferError keep their Python meaning.
"""

from __future__ import annotations

from enum import Enum

__all__ = [
    "AuthenticationError",
    "BackendError",
    "BufferTooSmallError",
    "CallEndedError",
    "CodecError",
    "ConferenceFullError",
    "HandshakeError",
    "InvalidBase64Error",
    "LimitExceededError",
    "LocalProtocolError",
    "PacketError",
    "PhonewireError",
    "ProtocolError",
    "QueueFullError",
    "RemoteProtocolError",
    "SharedStoreError",
]


class PhonewireError(Exception):
    """The root: catch this to catch everything of phonewire's own."""


class CodecError(PhonewireError, ValueError):
    """Audio or text that no codec can accept."""


class InvalidBase64Error(CodecError):
    """Text is not strict RFC 4648 base64.

    Attributes:
        offset: index of the first bad character; the length of the text when characters are missing at its end.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class BufferTooSmallError(CodecError):
    """An output buffer is too small; nothing was written.

    Attributes:
        needed: bytes that the result takes.
        available: bytes that the buffer has.
    """

    def __init__(self, needed: int, available: int) -> None:
        super().__init__(f"output needs {needed} bytes, got {available}")
        self.needed = needed
        self.available = available


class PacketError(PhonewireError, ValueError):
    """RTP or AudioSocket bytes are malformed.

    Attributes:
        reason: a member of the packet module's enum of reasons.
        offset: index of the first byte that is wrong or missing.
    """

    def __init__(self, message: str, reason: Enum, offset: int) -> None:
        super().__init__(message)
        self.reason = reason
        self.offset = offset


class ProtocolError(PhonewireError):
    """A rule of a protocol was broken; see the two subclasses for who broke it."""


class LocalProtocolError(ProtocolError):
    """You asked for something that is illegal in this state; nothing was sent."""


class CallEndedError(LocalProtocolError):
    """You asked something of a call that is over; nothing was sent.

    Attributes:
        reason: a member of ``phonewire.protocols.connection.EndReason``.
    """

    def __init__(self, reason: Enum) -> None:
        super().__init__(f"the call is over: {reason.value}")
        self.reason = reason


class ConferenceFullError(LocalProtocolError):
    """There are as many legs in the conference, or as many conferences, as there may be.

    Attributes:
        limit: how many that is.
    """

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"there are {limit} {what} already, and at most {limit} may be")
        self.limit = limit


class QueueFullError(LocalProtocolError):
    """Audio does not fit into the outgoing queue, whose policy is to say so; none of it was queued.

    Attributes:
        queued_ms: audio that waits already.
        limit_ms: how much may.
    """

    def __init__(self, added_ms: int, queued_ms: int, limit_ms: int) -> None:
        super().__init__(f"{added_ms} ms do not fit: {queued_ms} ms wait to be sent, at most {limit_ms} ms may")
        self.queued_ms = queued_ms
        self.limit_ms = limit_ms


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol so that the connection must close.

    Attributes:
        close_code: WebSocket close code for the goodbye (RFC 6455 section 7.4).
        close_reason: text for the goodbye; never contains the peer's bytes.
    """

    def __init__(self, message: str, close_code: int = 1002, close_reason: str | None = None) -> None:
        super().__init__(message)
        self.close_code = close_code
        self.close_reason = message if close_reason is None else close_reason


class LimitExceededError(RemoteProtocolError):
    """The peer went over a limit.

    Attributes:
        limit: what is allowed.
        actual: what came.
    """

    def __init__(self, what: str, limit: int, actual: int, close_code: int = 1009) -> None:
        super().__init__(f"{what}: at most {limit}, got {actual}", close_code)
        self.limit = limit
        self.actual = actual


class HandshakeError(RemoteProtocolError):
    """The server refused to open the connection, or to do what an HTTP request asked for.

    Attributes:
        status: the HTTP status of its answer.
        retry_after_s: how long it asked to wait before the next attempt; None when it did not.
    """

    def __init__(self, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(f"the server answered with HTTP status {status}")
        self.status = status
        self.retry_after_s = retry_after_s


class AuthenticationError(PhonewireError):
    """A handshake or webhook is not genuine; the message never says which part failed to the peer."""


class SharedStoreError(PhonewireError):
    """What servers share cannot be asked now; nothing was changed, as far as can be told."""


class BackendError(PhonewireError, ImportError):
    """The backend or instruction set that the environment demands is not available."""
