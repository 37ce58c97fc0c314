"""Messages whose text is known but for some numbers and one payload, matched instead of parsed, in plain Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, final

from phonewire._pure import b64, buffers
from phonewire._typing import Buffer
from phonewire.errors import InvalidBase64Error

__all__ = ["EventScanner", "MessageScanner"]

_MAX_SLOTS = 8
_MAX_ARGUMENTS = 16
_MAX_SIZE = 65536
# Possessive: what a slot has taken it never gives back, so time is linear in the message. 18 digits fit in 63 bits.
_SLOTS = {int: rb"(0|[1-9][0-9]{0,17}+)", bytes: rb"([A-Za-z0-9+/]++={0,2}+)"}
_IN_SLOTS = re.compile(rb"[A-Za-z0-9+/=]")


def split(parts: tuple[Any, ...]) -> tuple[tuple[bytes, ...], tuple[type, ...]]:
    """Return the literals and the slots between them; raise unless there is one way at most to match a message."""
    literals, slots = parts[::2], parts[1::2]
    for literal in literals:
        if type(literal) is not bytes:
            raise TypeError(f"the first part, the last and every other are bytes, got {type(literal).__name__}")
    if len(parts) % 2 == 0 or slots.count(bytes) != 1 or slots.count(int) != len(slots) - 1:
        raise ValueError("between each two literals stands int, and once bytes")
    if len(slots) > _MAX_SLOTS:
        raise ValueError(f"a message has at most {_MAX_SLOTS} slots, got {len(slots)}")
    if b"" in literals or any(map(_IN_SLOTS.match, literals[1:])):
        raise ValueError("a literal is not empty, and after a slot begins with no character of base64")
    return literals, slots


@final
class MessageScanner:
    """Takes the payload and the numbers out of JSON messages whose text differs in nothing else.

    Args:
        parts: the message in pieces: bytes for text that stays, and between each two the type `int` where a number
            stands or `bytes`, once, where the payload does; at most 8 of them. Quotes belong to the text.

    Attributes:
        slots: how many values there are.

    Raises:
        TypeError: text is not bytes.
        ValueError: the parts do not alternate, or there is more than one way to match a message.
    """

    def __init__(self, *parts: bytes | type[int] | type[bytes]) -> None:
        literals, slots = split(parts)
        pattern = re.escape(literals[0])
        for slot, literal in zip(slots, literals[1:], strict=True):
            pattern += _SLOTS[slot] + re.escape(literal)
        self._match = re.compile(pattern).fullmatch
        self._payload = slots.index(bytes)
        self._slots = len(slots)

    @property
    def slots(self) -> int:
        """How many values there are."""
        return self._slots

    def scan(self, data: Buffer, /) -> tuple[bytes, *tuple[int, ...]] | None:
        """Return the values of one message, or None where it is not exactly of this form.

        Args:
            data: the message; any C-contiguous buffer of bytes.

        Returns:
            The decoded payload, at least one byte, then the numbers in the order of the text. None where any other text
            differs, a number is not 1 to 18 digits without a leading zero, the payload is empty or not strict base64,
            or the message is longer than 64 KiB.

        Raises:
            TypeError: *data* is no buffer of bytes.
            BufferError: *data* is not C-contiguous.

        Source: RFC 8259 section 6 for numbers, RFC 4648 section 4.
        """
        message = buffers.read(data, samples=False)
        match = self._match(message) if len(message) <= _MAX_SIZE else None
        if match is None:
            return None
        values = list(match.groups())
        try:
            payload = b64.decode(values.pop(self._payload))
        except InvalidBase64Error:
            return None
        return payload, *map(int, values)


@final
class EventScanner:
    """Makes an event of each message that a scanner knows.

    Args:
        scanner: knows the form.
        make: makes the event of its arguments, which are at most 16.
        places: for each argument which value of the scan it is, from 0; or -1.
        others: for each argument what it is where its place is -1.

    Raises:
        ValueError: there are not as many places as others, or there is no such place.
    """

    def __init__(
        self, scanner: MessageScanner, make: Callable[..., Any], places: tuple[int, ...], others: tuple[Any, ...]
    ) -> None:
        check_places(places, others, scanner.slots)
        self._scan = scanner.scan
        self._make = make
        self._places = places
        self._others = others

    def read(self, data: Buffer, /) -> Any:
        """Return the event of one message, or None where it is not exactly of this form.

        Args:
            data: the message; any C-contiguous buffer of bytes.

        Raises:
            TypeError: *data* is no buffer of bytes.
            BufferError: *data* is not C-contiguous.
        """
        found = self._scan(data)
        if found is None:
            return None
        arguments = zip(self._places, self._others, strict=True)
        return self._make(*(other if place < 0 else found[place] for place, other in arguments))


def check_places(places: tuple[int, ...], others: tuple[Any, ...], slots: int) -> None:
    """Refuse places that a scan does not have."""
    if len(places) != len(others) or len(places) > _MAX_ARGUMENTS:
        raise ValueError(f"at most {_MAX_ARGUMENTS} places and as many others, got {len(places)} and {len(others)}")
    for place in places:
        if not -1 <= place < slots:
            raise ValueError(f"a place is -1 to {slots - 1}, got {place}")
