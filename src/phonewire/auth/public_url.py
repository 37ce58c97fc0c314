"""How a platform reaches a server through a proxy."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["HOST", "PublicUrl", "split_public_url"]

#: A host and perhaps a port, nothing that could move the boundary between host and path.
HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?P<port>:[0-9]{1,5})?")


class PublicUrl(NamedTuple):
    """Host and perhaps port, and the path that the proxy takes away, without a last slash."""

    host: str
    prefix: str


def split_public_url(public_url: str) -> PublicUrl:
    """Return host and prefix of a public URL.

    Raises:
        ValueError: it is not ``https://`` or ``wss://``, a host, and perhaps a path, and nothing else.
    """
    parts = urlsplit(public_url)
    if parts.scheme not in ("https", "wss") or not HOST.fullmatch(parts.netloc):
        raise ValueError("public_url is https:// or wss:// and a host, without user and password")
    if "?" in public_url or "#" in public_url:
        raise ValueError("public_url has no query and no fragment")
    return PublicUrl(parts.netloc, parts.path.rstrip("/"))
