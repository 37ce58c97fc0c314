"""Runs pytest inside of pytest, as a user of the plugin does."""

import pytest

import phonewire

# Loaded now: what only an inner run loads is forgotten after it, and loaded once more, as another module, by the next.
for name in phonewire.__all__:
    getattr(phonewire, name)

BOT = """
import asyncio
import pytest
import phonewire
from phonewire.wav import WavInfo, WavWriter

SPEECH = bytes(range(0x70)) * 80  # 1,120 ms

async def bot(call):
    async for frame in call.frames():
        await call.write_payload(frame.payload)

@pytest.fixture
def phonewire_handler():
    return bot
"""


@pytest.fixture
def run_tests(pytester):
    """Run a module of tests for a bot that echoes, with these options; none of our own apply."""

    def run(tests, *options):
        pytester.makepyfile(BOT + tests)
        scope = () if "no:asyncio" in options else ("-o", "asyncio_default_fixture_loop_scope=function")
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *scope, *options)

    return run
