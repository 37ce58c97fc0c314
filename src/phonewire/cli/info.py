"""``phonewire info``: what runs here."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version

import click

import phonewire
from phonewire.aio.server.transport_choice import chosen_transport

__all__ = ["info"]

_DEPENDENCIES = ("websockets", "msgspec", "numpy")
_FASTER = ("uvloop", "picows")  # extras that change how fast a call is carried


@click.command(
    short_help="Show which core runs, and versions.",
    epilog="PHONEWIRE_BACKEND=native|pure and PHONEWIRE_ISA=scalar|avx2|… in the environment demand a core; when it "
    "is not there, every command says so and stops. PHONEWIRE_TRANSPORT=websockets|picows says what carries the "
    "messages of servers. Exit status: 0 when it was shown, 1 when the core is not there, 2 when the command line or "
    "PHONEWIRE_TRANSPORT is wrong.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def info(as_json: bool) -> None:
    """Show which core runs (compiled or plain Python, with which instructions) and every version that matters.

    \b
    For a program:
      phonewire info --json
    Does the compiled core run here, and if not, why?
      PHONEWIRE_BACKEND=native phonewire info
    """  # noqa: D301 - click's mark against rewrapping
    try:
        facts = _facts()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps(facts))
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{name:{width}}  {'-' if shown in (None, '') else shown}")


def _facts() -> dict[str, str | list[str] | None]:
    core = phonewire.backend_info()
    return {
        "phonewire": phonewire.__version__,
        "backend": core.backend,
        "isa": core.isa,
        "available_isas": list(core.available_isas),
        "compiled_isas": list(core.compiled_isas),
        "native_error": core.native_error,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        **{name: version(name) for name in _DEPENDENCIES},
        "transport": chosen_transport(),
        **{name: _version(name) for name in _FASTER},
    }


def _version(name: str) -> str | None:
    """Return the version of what may be installed; None when it is not."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
