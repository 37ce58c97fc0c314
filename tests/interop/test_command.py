"""The tutorial's clients against ``phonewire serve``: it records what they say, echoes it, and reports their slips."""

import asyncio
import contextlib
import re
import sys

import pytest

from phonewire import g711
from phonewire.emulators.speech import samples

from . import browser_client, node_client, python_client
from .published import TOKEN, running

COMMAND = [sys.executable, "-u", "-m", "phonewire", "serve", "--port", "0", "--auth", f"token={TOKEN}"]


@contextlib.asynccontextmanager
async def serving(folder, *options):
    """Run the command; yield where calls are, and a function that returns what the command says up to some text."""

    async def said(text):
        async for line in output:
            lines.append(line.decode())
            if text in lines[-1]:
                return "".join(lines)
        pytest.fail(f"the command ended: {''.join(lines)}")

    lines = []
    paths = ("--voipbin", "/v1.0/calls/{id}/media_stream")
    async with running(*COMMAND, *paths, "--echo", "--record", folder, *options, folder=folder) as output:
        async with asyncio.timeout(60):
            port = re.search(r"ws://127\.0\.0\.1:(\d+)", await said("ws://"))[1]
            yield f"ws://127.0.0.1:{port}/v1.0/calls", said


def recorded(folder):
    (path,) = folder.glob("*.wav")
    return samples(path, 8000)


@pytest.mark.needs(*python_client.NEEDS)
async def test_python(speech, tmp_path):
    codewords = g711.ulaw_encode(speech)[8000:8160]
    async with serving(tmp_path, "--enough", "0.02") as (url, said):
        lines, received = await python_client.run(url, tmp_path, codewords)
        output = await said(" ms said")  # then the recording is complete, too
    assert lines[-1] == "Connection closed: 1000"
    assert recorded(tmp_path) == g711.ulaw_decode(codewords)
    assert codewords in received
    assert "understood all the same: headerless 1\n" in output
    assert TOKEN not in output


@pytest.mark.needs(*node_client.NEEDS)
async def test_node(speech, tmp_path):
    file = speech[:16_000]
    async with serving(tmp_path, "--enough", "1") as (url, said):
        lines, received = await node_client.run(url, tmp_path, "audio.pcm", file)
        output = await said(" ms said")  # then the recording is complete, too
    assert lines[-1] == "AudioSocket closed"
    assert recorded(tmp_path) == file
    assert file in received
    assert "understood all the same: headerless 50\n" in output


@pytest.mark.needs(*browser_client.NEEDS)
async def test_browser(tmp_path):
    async with contextlib.AsyncExitStack() as stack:
        site = await stack.enter_async_context(browser_client.website())
        options = ("--enough", "0.02", "--origin", site.origin)
        url, said = await stack.enter_async_context(serving(tmp_path, *options))
        lines, messages, code = await site.run(url, tmp_path)
        output = await said(" ms said")  # then the recording is complete, too
    assert (lines[0], lines[-1], code) == ("Media stream connected", "Media stream closed", 1000)
    assert messages
    assert recorded(tmp_path) == bytes(320)
    assert "understood all the same: zeros 1\n" in output
