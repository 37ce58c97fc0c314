"""Messages of a known form: what matches is what JSON says, and everything else is left to a parser."""

import base64
import itertools
import json
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import b64

PAYLOAD = random.Random(7).randbytes(160)
TEXT = base64.b64encode(PAYLOAD)
SID = b'"streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"'

# The parts of a message, the values of one, and that one.
FORMS = {
    "twilio": (
        (b'{"event":"media","sequenceNumber":"', int, b'","media":{"track":"inbound","chunk":"', int,
         b'","timestamp":"', int, b'","payload":"', bytes, b'"},' + SID + b"}"),
        (PAYLOAD, 1003, 1001, 20015),
        b'{"event":"media","sequenceNumber":"1003","media":{"track":"inbound","chunk":"1001","timestamp":"20015",'
        b'"payload":"' + TEXT + b'"},' + SID + b"}",
    ),
    "numbers that are numbers, after the payload": (
        (b'{"media": {"payload": "', bytes, b'", "timestamp": ', int, b' , "chunk":', int, b"}}\r\n"),
        (PAYLOAD, 0, 10),
        b'{"media": {"payload": "' + TEXT + b'", "timestamp": 0 , "chunk":10}}\r\n',
    ),
    "a payload alone": ((b'{"payload":"', bytes, b'"}'), (b"\0",), b'{"payload":"AA=="}'),
    "eight slots": (
        (b'[1,"', bytes, b'",', *[int, b","] * 6, int, b"]"),
        (b"\xfb\xff", 1, 2, 3, 4, 5, 6, 999999999999999999),
        b'[1,"+/8=",1,2,3,4,5,6,999999999999999999]',
    ),
}  # fmt: skip


def mutations(message: bytes) -> Iterator[bytes]:
    """Yield every prefix, and the message with every bit flipped, every byte missing, doubled or another's."""
    for i in range(len(message)):
        yield message[:i]
        yield message[:i] + message[i + 1 :]
        yield message[: i + 1] + message[i:]
        for bit in range(8):
            yield message[:i] + bytes([message[i] ^ 1 << bit]) + message[i + 1 :]
        for byte in b'0A+=", \\':
            yield message[:i] + bytes([byte]) + message[i + 1 :]
    yield message + b" "


def values_by_json(parts: tuple, message: bytes) -> tuple:
    """Read the values with the standard library: those at the places where the form has its slots, strictly."""
    marked = b"".join({bytes: b"PAYLOAD", int: b"-1"}.get(part, part) for part in parts)
    pairs = zip(leaves(json.loads(marked)), leaves(json.loads(message)), strict=True)
    different = [(mark, value) for mark, value in pairs if mark != value]
    (payload,) = [base64.b64decode(value, validate=True) for mark, value in different if mark == "PAYLOAD"]
    return payload, *[int(value) for mark, value in different if mark in (-1, "-1")]


def leaves(tree: object) -> Iterator[object]:
    if isinstance(tree, dict | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(branch)
    else:
        yield tree


@pytest.mark.parametrize("form", FORMS)
def test_a_message_of_the_form(form: str, backend: SimpleNamespace) -> None:
    parts, values, message = FORMS[form]
    scan = backend.scanner.MessageScanner(*parts).scan
    assert scan(message) == values
    assert values_by_json(parts, message) == values
    assert all(type(value) is kind for value, kind in zip(scan(message), [bytes, *[int] * 7], strict=False))
    for other in (bytearray(message), memoryview(b"<" + message + b">")[1:-1]):
        assert scan(other) == values


@pytest.mark.parametrize("form", FORMS)
def test_whatever_is_taken_means_the_same_to_a_parser(form, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    parts, _, message = FORMS[form]
    compiled, plain = native.scanner.MessageScanner(*parts).scan, pure.scanner.MessageScanner(*parts).scan
    taken = 0
    for mutation in mutations(message):
        found = compiled(mutation)
        assert found == plain(mutation), mutation
        if found is not None:
            taken += 1
            assert found == values_by_json(parts, mutation), mutation
    assert taken >= 3


NUMBER = (b'{"payload":"', bytes, b'","n":', int, b"}")


@pytest.mark.parametrize("number", [0, 1, 9, 10, 18, 255, 2**31, 2**32, 2**53 + 1, 10**17, 10**18 - 1])
def test_numbers_to_18_digits(number: int, backend: SimpleNamespace) -> None:
    assert backend.scanner.MessageScanner(*NUMBER).scan(b'{"payload":"/w==","n":%d}' % number) == (b"\xff", number)


@pytest.mark.parametrize(
    "number",
    ["", "00", "01", "007", "-0", "-1", "+1", "1.0", "1e1", "1_0", " 1", "1 ", "0x1", "null", "१", "1" + "0" * 18,
     str(2**63 - 1), str(2**63), "9" * 40],
)  # fmt: skip
def test_other_numbers_are_left_to_a_parser(number: str, backend: SimpleNamespace) -> None:
    scan = backend.scanner.MessageScanner(*NUMBER).scan
    assert scan(b'{"payload":"/w==","n":%s}' % number.encode()) is None


@pytest.mark.parametrize(
    "payload",
    [b"", b"=", b"==", b"====", b"A", b"AA", b"AAA", b"AA=", b"AA===", b"=AAA", b"A=AA", b"AA=A", b"AB==", b"AAB=",
     b"AA==AA==", b"AA-_", b"AA\\/", b"AA A", b"AAA\n", b"AAA\0", b"AAA\xe9", b'AA"A'],
)  # fmt: skip
def test_other_payloads_are_left_to_a_parser(payload: bytes, backend: SimpleNamespace) -> None:
    assert backend.scanner.MessageScanner(*NUMBER).scan(b'{"payload":"%s","n":1}' % payload) is None


def test_64_kib_and_no_more(backend: SimpleNamespace) -> None:
    scan = backend.scanner.MessageScanner(b'{"payload":"', bytes, b'"}' + b" " * 6).scan
    longest = b'{"payload":"' + b"A" * (65536 - 20) + b'"}' + b" " * 6
    assert len(longest) == 65536
    assert scan(longest) == (bytes((65536 - 20) // 4 * 3),)
    assert scan(longest.replace(b'"}', b'AAAA"}')) is None


def test_long_messages_that_almost_match(backend: SimpleNamespace) -> None:
    # If matching went back over what it has taken, and shared it out anew, some of these would take hours.
    scan = backend.scanner.MessageScanner(b"<", int, b"-", int, b" ", bytes, b"<", int, b">").scan
    for message in (b"<1-1 " + b"A" * 65000, b"<" + b"1" * 65000, b"<1-1 " + b"=" * 65000, b"<1-1 " + b"A=" * 32000):
        assert scan(message) is None


LITERAL = st.sampled_from([b'"', b'","n":"', b",", b" , ", b"\xff", b"}", b"\\d+", b"(", b"\n", b"<A>", b"-0"])


@given(st.data())
def test_any_form(native: SimpleNamespace, pure: SimpleNamespace, data: st.DataObject) -> None:
    payload = data.draw(st.binary(min_size=1, max_size=40))
    before, after = (data.draw(st.lists(st.integers(0, 10**18 - 1), max_size=3)) for _ in range(2))
    slots = [*(b"%d" % n for n in before), base64.b64encode(payload), *(b"%d" % n for n in after)]
    literals = data.draw(st.lists(LITERAL, min_size=len(slots) + 1, max_size=len(slots) + 1))
    kinds = [int] * len(before) + [bytes] + [int] * len(after)
    parts = [*itertools.chain(*zip(literals, kinds, strict=False)), literals[-1]]
    message = b"".join([*itertools.chain(*zip(literals, slots, strict=False)), literals[-1]])
    for module in (native.scanner, pure.scanner):
        assert module.MessageScanner(*parts).scan(message) == (payload, *before, *after)


@pytest.mark.parametrize(
    ("parts", "error", "text"),
    [
        ((), ValueError, "between each two literals stands int, and once bytes"),
        ((b"<",), ValueError, "once bytes"),
        ((b"<", int, b">"), ValueError, "once bytes"),
        ((b"<", bytes, b"-", bytes, b">"), ValueError, "once bytes"),
        ((b"<", bytes), ValueError, "once bytes"),
        ((b"<", bytes, b",", int), ValueError, "once bytes"),
        ((b"<", bytes, b",", float, b">"), ValueError, "stands int"),
        ((b"<", b",", b">"), ValueError, "stands int"),
        ((bytes, b">"), TypeError, "bytes, got type"),
        ((b"<", bytes, ">"), TypeError, "bytes, got str"),
        ((b"<", bytes, bytearray(b">")), TypeError, "bytes, got bytearray"),
        ((b"<", bytes, None), TypeError, "bytes, got NoneType"),
        ((b"<", bytes, *[b",", int] * 8, b">"), ValueError, "at most 8 slots, got 9"),
        ((b"", bytes, b">"), ValueError, "a literal is not empty"),
        ((b"<", bytes, b""), ValueError, "a literal is not empty"),
        *[((b"<", bytes, b",", int, byte), ValueError, "no character of base64") for byte in (b"0>", b"z", b"+", b"=")],
        *[((b"<", bytes, byte, int, b">"), ValueError, "no character of base64") for byte in (b"/", b"A,", b"=,")],
    ],
)  # fmt: skip
def test_parts_that_are_no_form(parts: tuple, error: type, text: str, backend: SimpleNamespace) -> None:
    with pytest.raises(error, match=text):
        backend.scanner.MessageScanner(*parts)


def test_it_is_public() -> None:
    assert b64.MessageScanner(b"<", bytes, b">").scan(b"<QUJD>") == (b"ABC",)


class Event(NamedTuple):
    payload: bytes
    track: str
    number: int


def test_an_event_of_a_message(backend: SimpleNamespace) -> None:
    scanner = backend.scanner.MessageScanner(*NUMBER)
    assert scanner.slots == 2
    read = backend.scanner.EventScanner(scanner, Event, (0, -1, 1), (None, "inbound", None)).read
    assert read(b'{"payload":"/w==","n":7}') == Event(b"\xff", "inbound", 7)
    assert read(memoryview(b'{"payload":"/w==","n":8}')) == Event(b"\xff", "inbound", 8)
    assert read(b'{"payload":"/w==","n":07}') is None
    with pytest.raises(TypeError, match="bytes-like object is required"):
        read("a text")


def test_what_makes_events_may_raise(backend: SimpleNamespace) -> None:
    scanner = backend.scanner.MessageScanner(*NUMBER)
    read = backend.scanner.EventScanner(scanner, Event, (0,), (None,)).read
    with pytest.raises(TypeError, match="missing 2 required"):
        read(b'{"payload":"/w==","n":7}')


@pytest.mark.parametrize(
    ("places", "others", "text"),
    [
        ((0, 2), (None, None), "a place is -1 to 1, got 2"),
        ((0, -2), (None, None), "a place is -1 to 1, got -2"),
        ((0,), (None, None), "at most 16 places and as many others, got 1 and 2"),
        ((0,) * 17, (None,) * 17, "got 17 and 17"),
    ],
)
def test_places_that_are_none(places: tuple, others: tuple, text: str, backend: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match=text):
        backend.scanner.EventScanner(backend.scanner.MessageScanner(*NUMBER), Event, places, others)
