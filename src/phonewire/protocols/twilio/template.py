"""The media messages of a stream differ in their counters and their payload only: what one tells about the next.

A message that was decoded and found good is taken apart into the text that stays and the places of its values. A later
one with the same text, a number in the place of each number and base64 in the place of the payload is as good, and
these are its values: neither digits nor base64 can end a string or a number, so that every other member stays what and
where it was. A message that differs in anything else is decoded as if nothing were known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from phonewire._backend import NATIVE
from phonewire.b64 import MessageScanner
from phonewire.protocols.twilio.events import Media

if TYPE_CHECKING or not NATIVE:
    from phonewire._pure.scanner import EventScanner
else:
    from phonewire._native.scanner import EventScanner

__all__ = ["LESSONS", "Reader", "Templates", "reader_like"]

#: From a message to its event; None where the form is another.
Reader: TypeAlias = Callable[[bytes], Media | None]

#: How many messages a stream may show that no reader knows. In plain Python it is quicker to decode than to match.
LESSONS = 4 if NATIVE else 0

_MOST_READERS = 2  # one a track

# The number is all of the value: 5.0 and 5e1 are more than their digits.
_COUNTER = rb'\s*:\s*("?)(?P<value>[0-9]+)\1\s*[,}]'
_MEMBERS = [
    (b'"payload"', re.compile(rb'\s*:\s*"(?P<value>[^"]+)"')),
    *((name, re.compile(_COUNTER)) for name in (b'"sequenceNumber"', b'"chunk"', b'"timestamp"')),
]


class Templates:
    """The forms of media message that a stream has shown.

    Attributes:
        readers: what reads a message of each form.
        lessons: how many more unknown messages may come; with the last the stream has no form, and no readers.
    """

    def __init__(self) -> None:
        self.readers: tuple[Reader, ...] = ()
        self.lessons = LESSONS

    def learn(self, data: bytes, media: Media) -> None:
        """Take note of a message that no reader knew.

        Args:
            data: the message.
            media: what it was decoded to.
        """
        self.lessons -= 1
        if not self.lessons:
            self.readers = ()
        elif (reader := reader_like(data, media)) is not None:
            self.readers = (reader, *self.readers)[:_MOST_READERS]


def reader_like(data: bytes, media: Media) -> Reader | None:
    """Return what reads messages of the form that this one has.

    Args:
        data: a media message.
        media: what it was decoded to.

    Returns:
        The reader, or None where the text leaves a doubt about the place of a value.
    """
    values = (media.payload, media.message_sequence, media.chunk, media.timestamp_ms)
    spans = [None if value is None else _span(data, *member) for member, value in zip(_MEMBERS, values, strict=True)]
    payload, *counters = spans
    # Without escapes every quote begins or ends a string, and every name is written as it is.
    if payload is None or b"\\" in data:
        return None
    known = sorted(span for span in spans if span is not None)
    scanner = MessageScanner(*_parts(data, known, payload))
    known.remove(payload)
    sequence, chunk, timestamp = (-1 if span is None else known.index(span) + 1 for span in counters)
    others = (None, media.track, None, media.media_format, None, None, None)  # in the order of the fields of Media
    read = EventScanner(scanner, Media, (0, -1, timestamp, -1, -1, chunk, sequence), others).read
    return read if read(data) == media else None


def _span(data: bytes, name: bytes, value: re.Pattern[bytes]) -> tuple[int, int] | None:
    """Return where the value of a member stands, or None unless there is one of the name."""
    match = value.match(data, data.index(name) + len(name)) if data.count(name) == 1 else None
    return match and match.span("value")


def _parts(data: bytes, spans: list[tuple[int, int]], payload: tuple[int, int]) -> Iterator[bytes | type]:
    begin = 0
    for span in spans:
        yield data[begin : span[0]]
        yield bytes if span == payload else int
        begin = span[1]
    yield data[begin:]
