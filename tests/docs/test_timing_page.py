"""docs/timing.md and docs/latency.md: what they show runs, and their figures are the code's."""

import re
from pathlib import Path

import pytest

import phonewire
from phonewire.aio import pacing
from phonewire.aio.outbound import outbound
from phonewire.emulators.faulty_network import Faults, FaultyNetwork
from phonewire.emulators.twilio import TwilioCaller
from phonewire.g711 import ulaw_decode
from phonewire.jitter import transit
from phonewire.pcm import Resampler
from phonewire.protocols import audiohook, twilio, voipbin
from phonewire.protocols.audiosocket.connection import ASTERISK
from phonewire.stats import CallStats, LegStats

ROOT = Path(__file__).parents[2]
TIMING, LATENCY = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("timing", "latency"))
STALL, READING = re.findall(r"```python\n(.*?)```", TIMING, re.DOTALL)
(MEASURED,) = re.findall(r"```python\n(.*?)```", LATENCY, re.DOTALL)
DIALECTS = {**twilio.DIALECTS, **audiohook.DIALECTS, "audiosocket": ASTERISK, "voipbin": voipbin.DIALECTS["auto"]}

pytest_plugins = ["pytester"]


def test_the_stall_of_the_page(pytester):
    pytester.makepyfile(STALL)
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio").assert_outcomes(passed=2)


async def test_write_is_the_clock(phonewire_clock):
    took_s = []

    async def bot(call):
        names = {"phonewire": phonewire, "loop": phonewire_clock, "second": bytes(16_000)}
        exec(READING, names)
        took_s.append(await names["reading"](call))

    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    async with (
        phonewire.serve(bot, endpoints=[endpoint]) as server,
        TwilioCaller(server.url + "/twilio") as caller,
    ):
        await caller.wait_closed()
    assert took_s[0] == pytest.approx(8, abs=1.2)  # a write waits for up to half of the queue


async def test_the_network_is_in_what_marks_tell(phonewire_clock, capsys):
    names = {"phonewire": phonewire, "word": ulaw_decode(b"\x20" * 800)}
    exec(MEASURED, names)
    way = Faults(delay_ms=(60, 60))
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    async with (
        phonewire.serve(names["bot"], endpoints=[endpoint]) as server,
        FaultyNetwork(server.url, to_server=way, to_client=way, seed=1) as network,
        TwilioCaller(network.url + "/twilio") as caller,
    ):
        await caller.wait_closed()
    assert int(capsys.readouterr().out.split()[0]) == pytest.approx(100 + 60, abs=25)


def test_every_lead_is_its_dialects():
    rows = re.findall(r"^\| (`.*?)(, this side.*?)? \| (\d+) ms \| (yes|no)", TIMING, re.MULTILINE)
    told = {name: (int(lead), paced == "yes") for cell, _, lead, paced in rows for name in re.findall(r"`(.*?)`", cell)}
    assert told.keys() == {"twilio", "audiohook-connector", "audiosocket", "voipbin", "das-peak"}
    for name, (lead_ms, paced) in told.items():
        assert (DIALECTS[name].lead_ms, DIALECTS[name].paced) == (lead_ms, paced)
        assert DIALECTS[name].continuous == (name in ("audiosocket", "voipbin"))


def test_the_rules_of_a_stall():
    assert (pacing._SLOTS, pacing._SLOT_NS, pacing.PTIME_MS) == (20, 1_000_000, 20)
    assert f"**At most {outbound._FRAMES_PER_TICK} frames a call a tick.**" in TIMING
    assert f"**Up to {outbound._GRACE_NS // 1_000_000} ms behind, the schedule stays**" in TIMING


def test_the_figures_of_the_budget():
    assert f"{transit._LEAST_WAIT_NS // 10**6} to {transit._MAX_WAIT_NS // 10**6} ms, following" in LATENCY
    delays = [Resampler(*rates).delay_ms for rates in ((8000, 48_000), (16_000, 24_000), (24_000, 48_000))]
    assert delays == [4, 2, pytest.approx(1.33, abs=0.01)]
    named = set(re.findall(r"`(?:stats\(\)\.)?(\w+_ms|schedule_shifts|ticks)`", LATENCY)) - {"queue_ms"}
    assert len(named) > 8
    assert [name for name in named if not hasattr(CallStats, name)] == []
    assert hasattr(LegStats, "waiting_ms")
