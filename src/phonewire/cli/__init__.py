"""The ``phonewire`` command; one file a subcommand. Needs the extra ``cli``."""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

try:
    import click
    import rich  # noqa: F401 - commands need it, and one that is imported late has no place to say so
except ImportError:
    sys.exit("the phonewire command needs click and rich: pip install 'phonewire[cli]'")

from phonewire import __version__
from phonewire.cli.outcome import STOPPED
from phonewire.errors import PhonewireError

__all__ = ["main"]

_log = logging.getLogger("phonewire.cli")
_COMMANDS = ("bridge", "cluster", "das-peak", "demo", "doctor", "info", "listen", "load", "repair", "send", "serve")


class _Main(click.Group):
    """Imports a command when it is asked for; says what went wrong in one line, or with --verbose in a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS and cmd_name not in self.commands:
            name = cmd_name.replace("-", "_")  # of the module, and of the command in it
            self.add_command(getattr(import_module(f"phonewire.cli.{name}"), name))
        return self.commands.get(cmd_name)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # of help and the version, which are said before there is a command
            click.ClickException(_told(error)).show()
            raise SystemExit(1) from None
        finally:
            _give_up_what_cannot_be_written()

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            raise click.exceptions.Exit(STOPPED) from None
        except BrokenPipeError:
            raise  # who read the output has enough of it: click says nothing then
        except OSError as error:
            raise click.ClickException(_told(error)) from None
        except PhonewireError as error:
            raise click.ClickException(str(error)) from None
        except Exception as error:
            _log.debug("internal error", exc_info=True)
            raise click.ClickException(
                f"internal error ({type(error).__name__}); phonewire --verbose shows where, please report it"
            ) from None


def _told(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{click.format_filename(error.filename)}: {reason}" if isinstance(error.filename, str | Path) else reason


def _give_up_what_cannot_be_written() -> None:
    """Leave nothing for Python to try again when it ends, which would be told once more, and be exit status 120."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="phonewire %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Show what happens on every connection, and tracebacks.")
def main(verbose: bool) -> None:
    """Carry telephone audio between phone platforms and Python.

    \b
    phonewire demo                        a tour on this machine, every claim measured
    phonewire serve --auth none --echo    a server that Twilio or a das-Peak sender can call
    phonewire send speech.wav URL         send a file as a das-Peak sender does
    phonewire das-peak register FILE      a das-Peak session, its audio, and the verdict
    phonewire listen URL                  hear a VoIPBIN call or conference, and record it
    phonewire bridge SOURCE SINK          feed a live call to a das-Peak consumer, a bot, or another call
    phonewire load URL --stamp            many calls at once to a server, and what becomes of them
    phonewire cluster where CALL_ID       find a call on any of several servers, hang it up, play to it
    phonewire repair calls/*.part.wav     recordings of a server that was killed
    phonewire doctor                      what keeps calls from coming, or from sounding well
    phonewire info                        which core runs, for bug reports

    Every command explains itself: phonewire COMMAND --help. NO_COLOR=1 switches colours off.
    """  # noqa: D301 - click's mark against rewrapping
    _start_logging(verbose)


def _start_logging(verbose: bool) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    if not verbose:
        handler.addFilter(_without_traceback)
    root = logging.getLogger("phonewire")
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)


def _without_traceback(record: logging.LogRecord) -> bool:
    record.exc_info = None
    return True
