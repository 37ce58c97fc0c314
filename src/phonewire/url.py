"""URLs and hosts that are to be dialled, checked before anything is sent there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

__all__ = ["is_loopback", "split_host", "split_url"]

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>[0-9]{1,5}))?")
_PRINTABLE = re.compile(r"[!-~]+")


def split_url(url: str, schemes: Sequence[str]) -> SplitResult:
    """Return the parts of a URL without user and password.

    Args:
        url: to take apart.
        schemes: that it may have.

    Raises:
        ValueError: it is none; the message does not repeat it, because it may hold a token.
    """
    try:
        parts = urlsplit(url)
        split_host(parts.netloc)
        usable = parts.scheme in schemes and not parts.fragment and _PRINTABLE.fullmatch(url)
    except ValueError:
        usable = None
    if not usable:
        names = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(
            f"the URL is {names}, a host, and perhaps a port (1 to 65535), a path and a query, in printable ASCII"
        )
    return parts


def split_host(text: str) -> int | None:
    """Return the port of ``host`` or ``host:port``, None where there is none.

    Raises:
        ValueError: it is no host, or the port is not 1 to 65535.
    """
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None or not _is_host(found["host"]):
        raise ValueError(f"a host is a name or an address, IPv6 in brackets, got {text!r}")
    if found["port"] is None:
        return None
    port = int(found["port"])
    if not 1 <= port <= 65535:
        raise ValueError(f"a port is 1 to 65535, got {port}")
    return port


def is_loopback(host: str) -> bool:
    """Say whether *host* is this machine, by its name or address alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_host(text: str) -> bool:
    if not text.startswith("["):
        return _HOST_NAME.fullmatch(text) is not None
    try:
        IPv6Address(text[1:-1])
    except ValueError:
        return False
    return True
