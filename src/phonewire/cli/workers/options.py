"""How many processes take the calls of ``phonewire serve``."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import click

from phonewire.cli.option_group import option_group
from phonewire.cli.workers.worker import Worker

__all__ = ["WorkerOptions", "worker_options"]


@dataclass(frozen=True)
class WorkerOptions:
    """What these options say.

    Attributes:
        workers: processes.
        worker: descriptor of the channel to the supervisor, in a worker; None elsewhere.
        announce: whether this worker says what is served where.
    """

    workers: int
    worker: int | None
    announce: bool

    @property
    def share_port(self) -> bool:
        """Whether other processes listen on the same port."""
        return self.worker is not None

    @property
    def many(self) -> bool:
        """Whether this process is to look after others.

        Raises:
            click.UsageError: the system cannot share a port.
        """
        if self.workers == 1 or self.worker is not None:
            return False
        if not hasattr(socket, "SO_REUSEPORT"):
            raise click.UsageError("--workers needs SO_REUSEPORT, which this system does not have")
        return True

    def channel(self) -> Worker | None:
        """Return what a worker says to its supervisor through; None in any other process."""
        return None if self.worker is None else Worker(self.worker)


_OPTIONS = (
    click.option(
        "--workers",
        type=click.IntRange(1, 256),
        default=1,
        show_default=True,
        metavar="N",
        help="Processes that share the port; one a core is enough.",
    ),
    click.option("--worker", type=int, hidden=True),
    click.option("--announce", is_flag=True, hidden=True),
)

#: Adds these options to a command, which gets them as one argument, *processes*.
worker_options = option_group(WorkerOptions, "processes", _OPTIONS)
