"""``phonewire cluster``: find a call on any of several servers, and give it orders."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

import phonewire
from phonewire.cli.cluster_options import REDIS, open_cluster

__all__ = ["cluster"]

T = TypeVar("T")
_call_id = click.argument("call_id")


@click.group(short_help="Find a call on any of several servers, hang it up, play to it.")
def cluster() -> None:
    """Find a call on any of several servers that share a Redis, hang it up, or play to it.

    Exit status: 0 when it was done, 1 when there is no such call (or no such prompt where it is), or Redis does not
    answer, 2 when the command line is wrong.

    \b
    Servers of one cluster:
      phonewire serve --redis redis://10.0.0.5:6379 --node a --prompts prompts ...
    Where is a call, and let it hear something:
      phonewire cluster where CALL_ID --redis redis://10.0.0.5:6379
      phonewire cluster play CALL_ID closing.wav --redis redis://10.0.0.5:6379
    """  # noqa: D301 - click's mark against rewrapping


@cluster.command()
@_call_id
@REDIS
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def where(call_id: str, redis: str | None, as_json: bool) -> None:
    """Print the server that a call is at.

    \b
      phonewire cluster where CA1234 --redis redis://10.0.0.5:6379
    """  # noqa: D301 - click's mark against rewrapping
    node = _ask(redis, lambda servers: servers.where(call_id))
    if node is None:
        raise click.ClickException("there is no such call")
    click.echo(json.dumps({"call_id": call_id, "node": node}) if as_json else node)


@cluster.command("hang-up")
@_call_id
@REDIS
def hang_up(call_id: str, redis: str | None) -> None:
    """End a call with its protocol's goodbye.

    \b
      phonewire cluster hang-up CA1234 --redis redis://10.0.0.5:6379
    """  # noqa: D301 - click's mark against rewrapping
    if not _ask(redis, lambda servers: servers.hang_up(call_id)):
        raise click.ClickException("there is no such call")


@cluster.command()
@_call_id
@click.argument("prompt")
@REDIS
def play(call_id: str, prompt: str, redis: str | None) -> None:
    """Play a call PROMPT, a WAV file in the --prompts of its server.

    \b
      phonewire cluster play CA1234 closing.wav --redis redis://10.0.0.5:6379
    """  # noqa: D301 - click's mark against rewrapping
    if not _ask(redis, lambda servers: servers.play(call_id, prompt)):
        raise click.ClickException("there is no such call, or no such prompt where it is")


def _ask(url: str | None, ask: Callable[[phonewire.RedisCluster], Awaitable[T]]) -> T:
    if url is None:
        raise click.UsageError("--redis is missing: the Redis that the servers share")

    async def main() -> T:
        async with open_cluster(url) as servers:
            return await ask(servers)

    return asyncio.run(main())
