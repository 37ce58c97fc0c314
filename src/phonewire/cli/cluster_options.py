"""Servers that are one to the outside, on the command line."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import click

import phonewire
from phonewire.cli.option_group import option_group

__all__ = ["REDIS", "ClusterOptions", "cluster_options", "open_cluster"]

#: Adds the option to a command; from the environment, because the URL may have a password.
REDIS = click.option(
    "--redis",
    envvar="PHONEWIRE_REDIS",
    metavar="URL",
    help="Redis that servers share, as in redis://10.0.0.5:6379; also from PHONEWIRE_REDIS.",
)


def open_cluster(url: str, node: str | None = None, prompts: Path | None = None) -> phonewire.RedisCluster:
    """Return what a Redis is reached through.

    Raises:
        click.UsageError: the URL is none; it is not repeated, it may have a password.
    """
    try:
        return phonewire.RedisCluster(url, node, prompts=prompts)
    except ImportError as error:
        raise click.UsageError(str(error)) from None
    except ValueError:
        raise click.UsageError("--redis is a URL such as redis://10.0.0.5:6379/0") from None


@dataclass(frozen=True)
class ClusterOptions:
    """What these options say.

    Attributes:
        redis: URL of the Redis that servers share; None where a server is alone.
        node: name of this server.
        prompts: folder of what other servers may have this one play.
    """

    redis: str | None
    node: str | None
    prompts: Path | None

    def cluster(self, *, is_worker: bool) -> phonewire.RedisCluster | None:
        """Return this process's part of the cluster; each worker is a node of its own.

        Raises:
            click.UsageError: the URL is none, or something was said that needs one.
        """
        if self.redis is None:
            if self.node is not None or self.prompts is not None:
                raise click.UsageError("--node and --prompts need --redis")
            return None
        node = self.node or socket.gethostname()
        return open_cluster(self.redis, f"{node}-{os.getpid()}" if is_worker else node, self.prompts)


_OPTIONS = (
    REDIS,
    click.option("--node", metavar="NAME", help="Of this server among those; by default the machine's name."),
    click.option(
        "--prompts",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="WAV files that others may have this server play.",
    ),
)

#: Adds these options to a command, which gets them as one argument, *shared*.
cluster_options = option_group(ClusterOptions, "shared", _OPTIONS)
