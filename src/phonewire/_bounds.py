"""Numbers that a program gives: each is told with its name where it is given, not where it would do harm."""

from __future__ import annotations

__all__ = ["check_above_0", "check_at_least_0"]


def check_above_0(owner: str = "", /, **numbers: float | None) -> None:
    """Raise ValueError unless every number is above 0, or None; *owner* stands before its name."""
    for name, number in numbers.items():
        if number is not None and not number > 0:  # as NaN is not
            raise ValueError(f"{owner}{name} is above 0, got {number!r}")


def check_at_least_0(**numbers: float | None) -> None:
    """Raise ValueError unless every number is 0 or above, or None."""
    for name, number in numbers.items():
        if number is not None and not number >= 0:
            raise ValueError(f"{name} is at least 0, got {number!r}")
