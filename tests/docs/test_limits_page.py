"""docs/limits.md: every default that it names is the code's, and every limit of the code is on the page."""

import inspect
import re
from pathlib import Path

import pytest
from websockets import http11
from websockets.asyncio.server import ServerConnection

import phonewire
from phonewire.aio import timeline
from phonewire.aio.call import goodbye
from phonewire.aio.cluster.nonces import MemoryNonces
from phonewire.aio.inbound import inbound, spread
from phonewire.aio.monitor import monitor, overheard
from phonewire.aio.observe import log
from phonewire.aio.outbound import mark, outbound
from phonewire.aio.recording import intake, sidecar
from phonewire.aio.server import connection, server, webhook
from phonewire.aio.transports import tcp
from phonewire.auth import audiohook as signature
from phonewire.jitter import buffer, transit
from phonewire.protocols import audiohook, voipbin
from phonewire.stats import CallStats

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
ROWS = re.findall(r"^\| (?!limit |---)(.+?) \| (.+?) \| .* \| .*\|$", PAGE, re.MULTILINE)

#: What is no option, in the unit of the page.
FIXED = {
    "id of a call": 128,
    "audio for a slow reader of `frames`": inbound._SLOW_READER_MS / 1000,
    "events for a slow reader of `events`": inbound._EVENTS,
    "audio for a slow disk": intake._WAITING_MS / 1000,
    "silence for what is missing": timeline._CAP_S,
    "packets in the jitter buffer": buffer.MAX_PACKETS,
    "bytes in the jitter buffer": buffer.MAX_BYTES,
    "delay of the jitter buffer": transit._MAX_WAIT_NS / 1e6,
    "audio that came too early": spread._FULL_NS / 1e9,
    "bytes in a socket that is not read": outbound._MAX_BUFFERED_BYTES,
    "frames sent in a tick after a stall": outbound._FRAMES_PER_TICK,
    "behind its schedule": outbound._GRACE_NS / 1e6,
    "name of a mark": mark._NAME_BYTES,
    "output variables": goodbye._MOST_BYTES,
    "gaps in a sidecar": sidecar._LISTED_GAPS,
    "connections that the system queues": server._QUEUED,
    "unread answers of a peer": connection._MOST_UNREAD_BYTES,
    "fields of a form": webhook._MOST_FIELDS,
    "nonces of signed handshakes": inspect.signature(MemoryNonces).parameters["most"].default,
    "age of Genesys' signature": signature.MAX_AGE_S,
    "clocks apart, for signatures": signature.MAX_SKEW_S,
    "lines about one peer": log._MOST_LINES,
    "a peer's text in a log": log._MOST_CHARACTERS,
    "a TCP peer that is gone": tcp._GONE_AFTER_MS / 1000,
    "legs of a conference": ("Conference", "max_legs"),
    "audio of a leg": ("Conference", "buffer_ms"),
    "conferences": ("Conferences", "max_conferences"),
    "audio between two calls of a bridge": ("bridge", "max_delay_ms"),
    "pages of the monitor": ("Monitor", "max_watchers"),
    "calls that the monitor shows": monitor._MOST_SHOWN,
    "audio for a page of the monitor": overheard._MOST_MS / 1000,
}
MODULES = {"audiohook": audiohook, "voipbin": voipbin}


def default_of(name):
    """Return the default of what a row is about."""
    if found := re.fullmatch(r"`(\w+)\((\w+)=\)`", name):
        return argument(*found.groups())
    if found := re.fullmatch(r"`(\w+)\.(\w+)`", name):
        owner, field = found.groups()
        return getattr(MODULES[owner], field) if owner in MODULES else getattr(getattr(phonewire, owner)(), field)
    fixed = FIXED[name]
    return argument(*fixed) if isinstance(fixed, tuple) else fixed


def argument(function, name):
    return inspect.signature(getattr(phonewire, function)).parameters[name].default


@pytest.mark.parametrize(("name", "told"), ROWS, ids=[name for name, _ in ROWS])
def test_a_default_is_the_codes(name, told):
    default = default_of(name)
    number = re.match(r"none|[\d,.]+", told)[0]
    assert (None if number == "none" else float(number.replace(",", ""))) == default


def test_every_limit_of_a_server_and_every_fixed_one_is_there():
    named = {name for name, _ in ROWS}
    assert {f"`Limits.{field}`" for field in phonewire.Limits.__struct_fields__} <= named
    assert {f"`Redial.{field}`" for field in ("retries", "most_s", "patience_s")} <= named
    assert set(FIXED) <= named


def test_every_name_beyond_a_limit_is_one():
    refusals = set(re.findall(r"\(`([a-z_]+)`\)", PAGE)) - {"dropped_ms"}
    assert refusals >= {"too_many_calls", "not_reading", "media_idle"}
    assert refusals <= {each.value for each in phonewire.Refusal}
    counted = {"dropped_ms", "unsent_ms", "unread_frames", "unread_events", "skipped_ms", "lost_packets", "spread_ms"}
    assert all(f"`{name}`" in PAGE and hasattr(CallStats, name) for name in counted | {"schedule_shifts"})


def test_the_example_is_a_servers():
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    names = {"phonewire": phonewire, "endpoint": endpoint, "bot": lambda call: None}
    exec(block, names)
    assert names["limits"].media_idle_s is None
    with pytest.raises(ValueError, match="above 0"):
        phonewire.Limits(calls=0)


def test_the_library_has_the_limits_that_the_page_says():
    usual = inspect.signature(ServerConnection.__init__).parameters
    assert (http11.MAX_NUM_HEADERS, http11.MAX_LINE_LENGTH) == (128, 8192)
    assert (usual["ping_interval"].default, usual["ping_timeout"].default) == (20, 20)
