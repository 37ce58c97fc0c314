"""Fields of a handshake's header, before they are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["checked_fields"]

_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")  # RFC 9110 section 5.6.2, token
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # section 5.5


def checked_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Return fields that can be sent.

    Raises:
        ValueError: a name or a value is none; a value is not repeated, because it may be a secret.
    """
    for name, value in fields.items():
        if not _NAME.fullmatch(name):
            raise ValueError("the name of a header has letters, digits and !#$%&'*+-.^_`|~ only")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name} has a line break in it, or another character that none can have")
    return dict(fields)
