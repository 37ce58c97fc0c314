"""The calls of an application are shown on the monitor's page; on the fake clock."""

import json

import pytest
from websockets.asyncio.client import connect

import phonewire
from tests.web.sites import START

pytestmark = pytest.mark.usefixtures("phonewire_clock")


async def test_calls_are_shown(site):
    async with (
        phonewire.Monitor() as monitor,
        site(monitor=monitor) as served,
        connect(monitor.url.replace("http", "ws", 1).replace("/?", "/feed?")) as page,
    ):
        assert json.loads(await page.recv())["total"] == 0
        async with served.dialed("/twilio", START):
            while not (told := json.loads(await page.recv()))["calls"]:
                pass
            assert [call["protocol"] for call in told["calls"]] == ["twilio"]
        while not (told := json.loads(await page.recv()))["ended"]:
            pass
        assert told["total"] == 0
