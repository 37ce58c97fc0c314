"""The TwiML that makes Twilio open a stream: what a voice webhook answers.

Specification: https://www.twilio.com/docs/voice/twiml/stream, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

__all__ = ["connect_stream", "start_stream"]

Track = Literal["inbound_track", "outbound_track", "both_tracks"]
Method = Literal["GET", "POST"]

# Twilio's limit of a parameter's name and value together is "less than 500 characters".
_MAX_PARAMETER = 499
_PRINTABLE = re.compile(r"[!-~]+")
# XML 1.0, production 2: no escape makes these characters legal.
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def connect_stream(
    url: str,
    *,
    parameters: Mapping[str, str] | None = None,
    name: str | None = None,
    track: Track | None = None,
    status_callback: str | None = None,
    status_callback_method: Method | None = None,
) -> str:
    """Return the TwiML of a two-way stream: the call lasts until the server closes it.

    Args:
        url: ``wss://`` URL of the server; what it has to tell goes into *parameters*, as Twilio drops a query.
        parameters: come back in ``call.parameters``; name and value have less than 500 characters together.
        name: of the stream, unique in the call.
        track: ``inbound_track`` or nothing: a two-way stream has no other.
        status_callback: ``https://`` or ``http://`` URL that is told when the stream starts, stops and fails.
        status_callback_method: how *status_callback* is called; Twilio's default is POST.

    Returns:
        An XML document, declaration included, to be sent as ``text/xml`` in UTF-8.

    Raises:
        ValueError: Twilio would refuse it, or drop a part of it.
        TypeError: a parameter is not a string.
    """
    if track not in (None, "inbound_track"):
        raise ValueError(f"a stream in <Connect> has the track inbound_track, got {track!r} (Twilio's error 31941)")
    return _response("Connect", url, parameters, _attributes(name, track, status_callback, status_callback_method))


def start_stream(
    url: str,
    *,
    parameters: Mapping[str, str] | None = None,
    name: str | None = None,
    track: Track | None = None,
    status_callback: str | None = None,
    status_callback_method: Method | None = None,
) -> str:
    """Return the TwiML of a one-way stream: the call goes on with what follows, and nothing may be sent back.

    Args:
        url: as in `connect_stream`, and so are the others but the track.
        parameters: come back in ``call.parameters``.
        name: of the stream, to stop it by.
        track: ``inbound_track`` (Twilio's default), ``outbound_track`` or ``both_tracks``.
        status_callback: URL that is told when the stream starts, stops and fails.
        status_callback_method: how *status_callback* is called.

    Returns:
        An XML document. A call with no more TwiML than this ends: put the rest behind ``</Start>``.

    Raises:
        ValueError: Twilio would refuse it, or drop a part of it.
        TypeError: a parameter is not a string.
    """
    if track not in (None, "inbound_track", "outbound_track", "both_tracks"):
        raise ValueError(f"a track is inbound_track, outbound_track or both_tracks, got {track!r}")
    return _response("Start", url, parameters, _attributes(name, track, status_callback, status_callback_method))


def _attributes(name: str | None, track: str | None, callback: str | None, method: str | None) -> dict[str, str]:
    if callback is not None:
        _check_url(callback, ("https", "http"), "status_callback")
    if method not in (None, "GET", "POST"):
        raise ValueError(f"status_callback_method is GET or POST, got {method!r}")
    if method is not None and callback is None:
        raise ValueError("status_callback_method is given, status_callback is not")
    given = {"name": name, "track": track, "statusCallback": callback, "statusCallbackMethod": method}
    return {key: value for key, value in given.items() if value is not None}


def _response(verb: str, url: str, parameters: Mapping[str, str] | None, attributes: dict[str, str]) -> str:
    _check_stream_url(url)
    response = Element("Response")
    stream = SubElement(SubElement(response, verb), "Stream", {"url": url, **attributes})
    for name, value in (parameters or {}).items():
        _check_parameter(name, value)
        SubElement(stream, "Parameter", {"name": name, "value": value})
    for element in response.iter():
        for key, text in element.items():
            _check_xml(f"{element.tag} {key}", text)
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(response, encoding="unicode")


def _check_stream_url(url: str) -> None:
    _check_url(url, ("wss",), "url")
    if "?" in url or "#" in url:
        raise ValueError("url has no query and no fragment: Twilio drops them; use parameters")


def _check_url(url: str, schemes: tuple[str, ...], name: str) -> None:
    if not _PRINTABLE.fullmatch(url):
        raise ValueError(f"{name} has printable ASCII characters only, got others or none")
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        raise ValueError(f"{name} begins with {' or '.join(schemes)}://, got {parts.scheme or 'no scheme'!r}")
    if not parts.hostname:
        raise ValueError(f"{name} needs a host, got none")
    if name == "url" and "@" in parts.netloc:
        raise ValueError("url has no user and no password")


def _check_parameter(name: str, value: str) -> None:
    # From a file or a database, a number gets here easily, and ElementTree would fail on it without a name.
    if {type(name), type(value)} != {str}:
        raise TypeError(f"a parameter is two strings, got {type(name).__name__} and {type(value).__name__}")
    if not name:
        raise ValueError("a parameter's name needs at least 1 character, got 0")
    if len(name) + len(value) > _MAX_PARAMETER:
        size = len(name) + len(value)
        raise ValueError(
            f"parameter {name[:40]!r}: name and value have at most {_MAX_PARAMETER} characters, got {size}"
        )


def _check_xml(what: str, text: str) -> None:
    found = _NOT_XML.search(text)
    if found:
        raise ValueError(f"{what}: U+{ord(found.group()):04X} can not be written in XML")
