"""Options that belong together, as one argument of the commands that have them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

__all__ = ["AddOption", "Command", "add_options", "option_group"]

Command = Callable[..., None]
AddOption = Callable[[Command], Command]


def option_group(kind: type[Any], name: str, options: Sequence[AddOption]) -> AddOption:
    """Return a decorator that adds *options* to a command, which gets them as one argument.

    Args:
        kind: the dataclass that holds their values; its fields have the options' names.
        name: of the argument.
        options: made by ``click.option``, in the order of the help text.
    """

    def add(command: Command) -> Command:
        @functools.wraps(command)
        def gather(**arguments: Any) -> None:
            own = {field.name: arguments.pop(field.name) for field in fields(kind)}
            command(**{name: kind(**own)}, **arguments)

        return add_options(options)(gather)

    return add


def add_options(options: Sequence[AddOption]) -> AddOption:
    """Return a decorator that adds *options* to a command, each as an argument of its own."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add
