"""Genesys in many stereo Monitor sessions, whose every sample is stamped; a process of its own.

``python -m tests.drills.genesys URL SESSIONS SECONDS``, with the key and its secret in the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys

import numpy as np

from phonewire.emulators.genesys import GenesysCaller

__all__ = ["KEY", "SECRET", "VOICES", "voice"]

#: Names in the environment.
KEY, SECRET = "DRILL_KEY", "DRILL_SECRET"

VOICES = ("external", "internal")

APART_S = 0.05  # so that what makes a session is not what its neighbours' pongs wait for


def voice(session: int, place: int, seconds: int) -> bytes:
    """Return what one voice of a session says: noise that no other says, without the codeword of silence."""
    return np.random.default_rng([session, place]).integers(0, 0x7F, 8000 * seconds, np.uint8).tobytes()


async def call(url: str, session: int, both: list[bytes]) -> None:
    """Be in one session from its beginning to its end; its number goes along."""
    await asyncio.sleep(session * APART_S)
    who = {"input_variables": {"session": str(session)}}
    async with GenesysCaller(url, api_key=os.environ[KEY], client_secret=os.environ[SECRET], opening=who) as caller:
        await caller.say(*both)
        if caller.rejected or caller.close_code is not None:
            raise RuntimeError(f"session {session}: {caller.events[-1]}")


async def call_all(url: str, sessions: int, seconds: int) -> None:
    """Be in all of them at the same time."""
    speech = [[voice(session, place, seconds) for place in range(len(VOICES))] for session in range(sessions)]
    await asyncio.gather(*(call(url, session, both) for session, both in enumerate(speech)))


if __name__ == "__main__":
    asyncio.run(call_all(sys.argv[1], *map(int, sys.argv[2:])))
