"""What is wrong with a message of a peer, without a word of the peer's."""

from __future__ import annotations

import re

__all__ = ["NOT_JSON", "describe"]

#: What msgspec raises for bytes that are no message: DecodeError is a ValueError, and so is UnicodeDecodeError.
NOT_JSON = (ValueError, RecursionError)

# What msgspec says of a field when all the words are its own or ours; its other texts can quote the peer.
_WHAT = re.compile(r"Expected `[a-z |]+`(?:, got `[a-z]+`)?|Object missing required field `[A-Za-z]+`")
_WHERE = re.compile(r" - at `\$\.([A-Za-z.]+)(?:\[(?:\.\.\.|[0-9]+)\])?`\Z")


def describe(error: str) -> str:
    """Return what msgspec's *error* says, as far as no word of it can be the peer's."""
    what, where = _WHAT.match(error), _WHERE.search(error)
    told = what.group().replace("`", "") if what else "not a value that is allowed"
    return f"{where.group(1)}: {told}" if where else told
