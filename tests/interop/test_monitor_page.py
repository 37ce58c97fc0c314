"""The monitor's page in Chromium: two calls are seen and heard, and what is hostile stays text."""

import asyncio
import contextlib

import pytest
from websockets.asyncio.client import connect as dial

import phonewire
from phonewire.dtmf import tone
from phonewire.emulators.twilio import TwilioCaller
from phonewire.g711 import ulaw_encode

from .chromium import opened

pytestmark = pytest.mark.needs("chromium")

SPEECH = ulaw_encode(tone("123456789", tone_ms=100, pause_ms=50))
HOSTILE = "<img src=x onerror=document.title='owned'>"


async def echo(call):
    if call.id == "CAhostile":
        call.id = HOSTILE
    async for frame in call.frames():
        await call.write_payload(frame.payload)


@contextlib.asynccontextmanager
async def monitored(**options):
    async with phonewire.Monitor(**options) as monitor:
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        async with phonewire.serve(echo, endpoints=[endpoint], monitor=monitor) as server:
            async with asyncio.timeout(120):
                yield monitor, server


@contextlib.asynccontextmanager
async def calling(server, **options):
    """Call, and speak until the end."""
    async with TwilioCaller(f"{server.url}/twilio", **options) as caller, asyncio.TaskGroup() as tasks:
        speaking = tasks.create_task(caller.say(SPEECH * 1000))
        try:
            yield caller
        finally:
            speaking.cancel()


def of_row(number, rest):
    return f"document.querySelectorAll('#rows tr')[{number}].{rest}"


async def test_calls_are_seen_and_heard(tmp_path):
    async with monitored() as (monitor, server), opened(monitor.url, tmp_path) as page:
        await page.until("document.querySelector('#status').textContent === '0 calls'")
        assert await page.evaluate("document.querySelector('#nobody').checkVisibility()")
        async with calling(server, call_sid="CAfirst"), calling(server, call_sid="CAhostile"):
            await page.until("document.querySelectorAll('#rows tr').length === 2")
            await page.until("document.querySelector('#status').textContent === '2 calls'")
            assert await page.evaluate(of_row(1, "querySelector('.choose').textContent")) == "CAfirst"

            # Levels of both voices move, and their waveforms are drawn.
            level = "querySelectorAll('.level')[1].getAttribute('aria-valuenow')"
            await page.until(f"window.before = +{of_row(1, level)}, before > -40 && before < 0")
            await page.until(f"+{of_row(1, level)} !== before")
            canvas = of_row(1, "querySelectorAll('canvas')[1]")
            pixels = "c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
            drawn = f"(c => {pixels}.some(n => n))({canvas})"
            assert await page.until(drawn)

            # Listening: samples of both tracks arrive, and a click on the same button ends it.
            await page.evaluate(of_row(1, "querySelector('.listen').click()"))
            await page.until("monitor.samples.inbound > 16000 && monitor.samples.sent > 16000")
            assert await page.evaluate("Math.min(monitor.peaks.inbound, monitor.peaks.sent)") > 3000
            await page.until("sound.context.state === 'running' && sound.context.currentTime > 0.5")
            assert await page.evaluate("sound.context.sampleRate") == 8000
            assert await page.evaluate(of_row(1, "querySelector('.listen').getAttribute('aria-pressed')")) == "true"
            assert await page.evaluate("document.querySelectorAll('#tracks input').length") == 2
            assert await page.until("+document.querySelector('#stats dd').textContent.replace(',', '') > 10")
            await page.evaluate(of_row(1, "querySelector('.listen').click()"))
            assert await page.evaluate("heard === null && sound === null")

            # What is hostile is text.
            assert await page.evaluate(of_row(0, "querySelector('.choose').textContent")) == HOSTILE
            assert await page.evaluate("document.querySelectorAll('img').length") == 0
            assert await page.evaluate("document.title") == "phonewire monitor"

            # Finding.
            await page.evaluate("$('find').value = 'cafirst', $('find').oninput()")
            assert await page.evaluate(of_row(0, "hidden")) is True
            assert await page.evaluate(of_row(1, "hidden")) is False
            await page.evaluate(of_row(1, "querySelector('.listen').click()"))
            await page.until("monitor.samples.inbound > 0")
        # The end of a call is told, and ends listening to it.
        await page.until("document.querySelector('#sound').textContent === 'the call is over'")
        await page.until(f"{of_row(1, 'className')}.includes('ended')")
        assert await page.evaluate(of_row(1, "querySelector('.state').textContent")) == "stopped"
        assert await page.evaluate("document.querySelector('#status').textContent") == "0 calls"
        assert page.complaints == []


async def test_it_can_be_used_with_the_keyboard(tmp_path):
    async with monitored() as (monitor, server), opened(monitor.url, tmp_path) as page, calling(server):
        await page.until("document.querySelectorAll('#rows tr').length === 1")
        reached = []
        for _ in range(3):
            await page.press("Tab", 9)
            reached.append(await page.evaluate("document.activeElement.id || document.activeElement.className"))
        assert reached == ["find", "listen", "choose"]
        await page.press("Enter", 13, "\r")
        await page.until("document.querySelector('#detail').checkVisibility()")
        unnamed = "[...document.querySelectorAll('button, input, [role=meter]')].filter(node => "
        unnamed += "!(node.ariaLabel || node.textContent.trim() || node.labels?.[0]?.textContent.trim()))"
        assert await page.evaluate(f"{unnamed}.map(node => node.outerHTML)") == []


async def test_it_tells_when_it_is_one_too_many_and_when_the_server_stops(tmp_path):
    status = "document.querySelector('#status').textContent"
    async with contextlib.AsyncExitStack() as stack, monitored(max_watchers=1) as (monitor, _):
        async with dial(monitor.url.replace("http", "ws", 1).replace("/?", "/feed?")) as first:
            await first.recv()
            page = await stack.enter_async_context(opened(monitor.url, tmp_path))
            await page.until(f"{status} === '1 pages are open already'")
        await page.evaluate("document.querySelector('#again').click()")
        await page.until(f"{status} === '0 calls'")
        await monitor.__aexit__(None, None, None)
        await page.until(f"{status} === 'the server has stopped'")
