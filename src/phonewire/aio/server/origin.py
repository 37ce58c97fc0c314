"""Where a request says that it comes from, which browsers do, and some libraries that speak for no page at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address

__all__ = ["checked", "is_own"]

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s]+")  # as browsers write it, RFC 6454 section 6.2


def checked(origin: str) -> str:
    """Return an origin that may connect.

    Raises:
        ValueError: no browser would ever send it, as with a path or a slash behind the host.
    """
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(f"an origin is https:// and a host, without a path or a slash behind it, got {origin!r}")
    return origin


def is_own(origins: Sequence[str], hosts: Sequence[str], *, authenticated: bool) -> bool:
    """Say whether a request names the very server that it goes to as its origin, as `websocket-client` does unasked.

    Args:
        origins: values of the header ``Origin``.
        hosts: values of the header ``Host``.
        authenticated: whether a secret is asked for. Otherwise names do not count but ``localhost``: whoever owns one
            can let it point to this machine, and a page that is there would be of the same origin (DNS rebinding).
    """
    if len(origins) != 1 or len(hosts) != 1:
        return False
    if origins[0] not in (f"http://{hosts[0]}", f"https://{hosts[0]}"):
        return False
    return authenticated or _is_this_machine_s(hosts[0])


def _is_this_machine_s(host: str) -> bool:
    """Whether a host is an address, or the one name that nobody owns."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
