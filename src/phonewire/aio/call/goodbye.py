"""What a call says when it closes, checked before anything is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from phonewire.errors import LocalProtocolError
from phonewire.protocols.connection import Dialect, Goodbye

__all__ = ["OutputVariables", "goodbye"]

#: Names and values; None for none, also where there can be none.
OutputVariables = Mapping[str, str] | None

# With what goes around them, a message of 65,535 bytes: what Genesys takes.
_MOST_BYTES = 60_000
_GOOD_CODES = (1000, 1001)


def goodbye(code: int, info: str, variables: OutputVariables, dialect: Dialect) -> Goodbye:
    """Return what there is to say.

    Args:
        code: WebSocket close code; another than 1000 and 1001 stands for an error.
        info: for people.
        variables: for the flow that the call came from.
        dialect: what is spoken.

    Raises:
        LocalProtocolError: there are variables, and the protocol has none.
        TypeError: a name or a value is no str.
        ValueError: one of them is no text that can be sent, or all of them are too long.
    """
    if variables is not None:
        _check(variables, dialect)
    reason: Literal["completed", "error"] = "completed" if code in _GOOD_CODES else "error"
    return Goodbye(reason=reason, info=info, output_variables=dict(variables or {}))


def _check(variables: Mapping[str, str], dialect: Dialect) -> None:
    if not dialect.output_variables:
        raise LocalProtocolError(f"{dialect.name} takes no output variables")
    for text in (text for pair in variables.items() for text in pair):
        if not isinstance(text, str):
            raise TypeError(f"output variables are str by str, got {type(text).__name__}")
    try:
        size = len(msgspec.json.encode(dict(variables)))
    except UnicodeEncodeError:
        raise ValueError("output variables are text that UTF-8 can write, got a lone surrogate") from None
    if size > _MOST_BYTES:
        raise ValueError(f"output variables have at most {_MOST_BYTES} bytes as JSON, got {size}")
