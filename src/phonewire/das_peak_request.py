"""What is asked of das-Peak's REST service before the audio, and what it answers: written strictly, read leniently.

Specification: https://docs.veridas.com/das-peak-streaming/cloud/v1.2/, "Example Workflow" of the REST channel; read
2026-11. It ends with the making of a session: how one is read is not public.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import msgspec

from phonewire.errors import RemoteProtocolError
from phonewire.protocols.validation import NOT_JSON

__all__ = [
    "AudioProtocol",
    "AudioSettings",
    "DasPeakSession",
    "SessionKind",
    "SessionRequest",
    "encode",
    "read_fields",
    "read_id",
    "read_status",
    "status_words",
]

#: What carries the audio.
AudioProtocol = Literal["twilio", "audiohook"]
#: What becomes of the audio: a voice is learned, or compared.
SessionKind = Literal["register", "verify"]

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")  # a UUID in the examples; it becomes a part of a path
_STATUS = re.compile(r"[A-Za-z0-9_.:/ -]{1,64}")  # may be shown


class AudioSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the audio will come: the only codec of all examples.

    Attributes:
        audio_protocol: ``"twilio"``, also for what is neither Twilio nor Genesys, or ``"audiohook"``.

    Raises:
        ValueError: it is another.
    """

    audio_protocol: AudioProtocol = "twilio"
    audio_format: str = "raw"
    audio_codec: str = "mulaw"
    sample_format: str = ""
    sample_rate: int = 8000
    channels: int = 1

    def __post_init__(self) -> None:
        if self.audio_protocol not in get_args(AudioProtocol):
            raise ValueError(f"the audio protocol is twilio or audiohook, got {self.audio_protocol!r}")


class SessionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to make of one call's audio; the fields are das-Peak's.

    Attributes:
        authenticity_threshold: 0 to 1.
        audio_total_duration: seconds of speech, more than 0.
        call_id: at least 1 character.
        model_hash: at least 1 character.

    Raises:
        ValueError: one of them is not so.
    """

    authenticity_threshold: float
    audio_total_duration: float
    call_id: str
    model_hash: str

    def __post_init__(self) -> None:
        if not 0 <= self.authenticity_threshold <= 1:
            raise ValueError(f"a threshold is 0 to 1, got {self.authenticity_threshold}")
        if not 0 < self.audio_total_duration < math.inf:
            raise ValueError(f"the audio lasts more than 0 s, got {self.audio_total_duration}")
        if not (self.call_id and self.model_hash):
            raise ValueError("call_id and model_hash need at least 1 character, got 0")


@dataclass(frozen=True, slots=True)
class DasPeakSession:
    """A session, as the service last told it.

    Attributes:
        id: given by the service.
        kind: what it is for.
        status: the service's word; empty when it told none.
        verdict: True for success, False for failure, None while there is none.
        fields: the whole answer; not shown, because a registration's has the voice's credential.
    """

    id: str
    kind: SessionKind
    status: str
    verdict: bool | None
    fields: Mapping[str, Any] = field(repr=False)


def encode(body: AudioSettings | SessionRequest, *further: Mapping[str, Any]) -> bytes:
    """Return a body as JSON.

    Args:
        body: what is documented.
        further: fields beside it.

    Raises:
        ValueError: a field is given twice.
        TypeError: one has what JSON has not.
    """
    fields = msgspec.to_builtins(body)
    for more in further:
        if twice := fields.keys() & more.keys():
            raise ValueError(f"given twice: {', '.join(sorted(twice))}")
        fields |= more
    return msgspec.json.encode(fields)


def read_fields(body: bytes) -> dict[str, Any]:
    """Return the fields of an answer.

    Args:
        body: its bytes, JSON.

    Raises:
        RemoteProtocolError: it is no JSON object.
    """
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except NOT_JSON:
        raise RemoteProtocolError("the answer is not a JSON object") from None


def read_id(fields: Mapping[str, Any], name: str = "id") -> str:
    """Return the id in an answer.

    Raises:
        RemoteProtocolError: there is none, or it is more than letters, digits, dashes and underscores.
    """
    found = fields.get(name)
    if not (isinstance(found, str) and _ID.fullmatch(found)):
        raise RemoteProtocolError("the answer has no usable id")
    return found


def read_status(fields: Mapping[str, Any], name: str = "status") -> str:
    """Return the status in an answer; empty where there is none that is a word or a few."""
    found = fields.get(name)
    return found if isinstance(found, str) and _STATUS.fullmatch(found) else ""


def status_words(*groups: Collection[str]) -> list[frozenset[str]]:
    """Return groups of statuses, each of which means something else.

    Raises:
        ValueError: a group is one text or has no word, a word is in two of them, or is none that could be read.
    """
    if any(isinstance(group, str) for group in groups):
        raise ValueError("the words of a status are several, not one text")
    words = [frozenset(group) for group in groups]
    for word in frozenset.union(*words):
        if not _STATUS.fullmatch(word):
            raise ValueError(f"a status has 1 to 64 letters, digits, spaces and _.:/-, got {word!r}")
        if sum(word in group for group in words) > 1:
            raise ValueError(f"a status means one thing, {word!r} is given twice")
    if not all(words):
        raise ValueError("each group of statuses needs at least 1 word, got 0")
    return words
