"""docs/troubleshooting.md: every metric, event, reason, code, check and line that it names is there."""

import asyncio
import inspect
import logging
import math
import re
from pathlib import Path

import pytest

import phonewire
from phonewire.aio.observe.log import PeerLog
from phonewire.aio.observe.measures import Measures
from phonewire.aio.observe.tally import Tally
from phonewire.cli import main
from phonewire.cli.outcome import NOT_ENOUGH_AUDIO
from phonewire.emulators.twilio import TwilioCaller
from phonewire.emulators.twilio_errors import TwilioError
from phonewire.protocols import audiohook
from phonewire.protocols.connection import RejectReason
from phonewire.stats import HARM, CallStats

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
SOURCES = {path: path.read_text() for path in (ROOT / "src" / "phonewire").rglob("*.py")}
EVERY_METRIC = list(Measures(Tally([]), [], PeerLog(logging.getLogger())).read())
CODE = set(re.findall(r"`([^`\n]+)`", PAGE))


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[1]


def rows(text, width):
    """Return the rows of the tables with so many columns, each a list of its cells."""
    lines = [line.strip("|") for line in text.splitlines() if line.startswith("|")]
    found = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [row for row in found if len(row) == width and not row[0].startswith("---")]


TROUBLES = ("No audio from the far end", "The far end hears nothing", "It sounds bad", "Calls end too early")


def troubles(title):
    """Return the rows below ``symptom | metric or event | cause | remedy``."""
    table = re.search(r"^\|.*?(?=\n\n|\Z)", section(title), re.DOTALL | re.MULTILINE)[0]
    head, *found = rows(table, 4)
    assert head == ["symptom", "metric or event", "cause", "remedy"]
    return found


def names_of(cell):
    return re.findall(r"`([^`]+)`", cell)


async def test_the_watcher_tells_of_a_caller_who_says_nothing(phonewire_clock, caplog):
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    page = {"__name__": "page"}
    exec(block, page)
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    with caplog.at_level(logging.INFO):
        async with (
            phonewire.serve(page["bot"], endpoints=[endpoint]) as server,
            TwilioCaller(server.url + "/twilio", speed=math.inf),
        ):
            await asyncio.sleep(8)
        (line,) = [record.getMessage() for record in caplog.records if record.name == "bot"]
    assert re.search(r"CA\w+: no audio for 5\d\d\d ms: the call is not answered yet", line)
    events = {record.event for record in caplog.records if hasattr(record, "event")}
    assert events == {"call_started", "call_ended"}
    assert all(f"`{event}`" in PAGE for event in events)


def test_every_metric_is_one():
    there = {each.name + "_total" * (each.kind == "counter") for each in EVERY_METRIC}
    named = {name for name in CODE if re.fullmatch(r"phonewire_\w+", name)}
    assert len(named) > 8
    assert named <= there


def test_every_refusal_is_told_with_its_answers():
    told = {names_of(row[0])[0]: row for row in rows(section("Calls do not come"), 5) if names_of(row[0])}
    assert set(told) == {each.value for each in phonewire.Refusal}
    for name, (_, before, after, *_) in told.items():
        refusal = phonewire.Refusal(name)
        assert before in ("", str(int(refusal.status)))
        assert after in ("", "cut", "AudioHook's `disconnect`") or str(refusal.close_code) in after
        assert before or after


def test_every_reason_to_reject_is_told():
    told = [name for row in rows(section("No audio from the far end"), 3) for name in names_of(row[0])]
    assert {name for name in told if name in set(RejectReason)} == set(RejectReason)


def test_every_end_and_every_kind_of_harm_is_told():
    told = {title: {name for row in troubles(title) for name in names_of(row[1])} for title in TROUBLES}
    assert {name for name in told["Calls end too early"] if name in set(phonewire.EndReason)} == set(
        phonewire.EndReason
    )
    assert told["It sounds bad"] >= HARM


@pytest.mark.parametrize("title", TROUBLES)
def test_every_trouble_has_its_metric_or_event_cause_and_remedy(title):
    measured = {each.name + "_total" * (each.kind == "counter") for each in EVERY_METRIC}
    known = measured | set(CallStats.__struct_fields__) | set(phonewire.EndReason)
    known |= {"mouth_to_ear_ms", "end_reason", "doctor", "timer", "clock", "core", "clear", "violations"}
    found = troubles(title)
    assert len(found) > 6
    for symptom, counted, cause, remedy in found:
        assert all((symptom, counted, cause, remedy))
        assert counted.startswith("none") or "`" in counted
        for name in names_of(counted):
            event = getattr(audiohook, name.removeprefix("audiohook."), None) or getattr(phonewire, name, None)
            assert name in known or event or " " in name, name  # a line of the log has a test of its own


def test_every_check_of_the_doctor_is_one():
    doctor = "".join(text for path, text in SOURCES.items() if path.parent.name == "doctor")
    checks = {"certificate", "certificate's name", "certificate's issuer", "public URL", "signed request", "far end"}
    checks |= {"time of day", "timer", "clock", "core", "open files", "Twilio's signature, token 1"}
    assert checks - {"far end"} <= CODE
    assert [name for name in checks if f'"{name.removesuffix(" 1")}' not in doctor] == []


def test_every_line_of_the_log_is_one():
    # `…` and capitals stand for what differs.
    lines = re.findall(r"lines? `([a-z][^`]+ [^`]+)`", PAGE)
    assert len(lines) > 8
    written = "".join(re.sub(r"[{%](\w+}|d|s)", "…", text) for text in SOURCES.values())
    texts = [re.sub(r"\b[A-Z]{3,}\b", "…", line) for line in lines]
    texts = [line.replace("its handler", "its …") for line in texts]
    assert [line for line in texts if line not in written] == []


def test_every_code_twilio_error_and_counter_is_one():
    assert str(NOT_ENOUGH_AUDIO) in section("Calls end too early")
    assert {int(number) for number in re.findall(r"\b(319\d\d)\b", PAGE)} <= set(TwilioError)
    counters = {"frames_in", "ms_out", "played_ms", "queued_ms", "unconfirmed_ms", "refused_packets", "late_packets"}
    counters |= {"jitter_ms", "playout_delay_ms", "tick_latest_ms", "mouth_to_ear_ms", "faults", "rejected"}
    assert counters <= CODE | {"jitter_ms"}
    assert [name for name in counters if not hasattr(CallStats, name)] == []


def test_every_option_and_argument_is_one():
    commands = [main.get_command(None, name) for name in main.list_commands(None)]
    options = {option for command in commands for each in command.params for option in each.opts}
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= options
    callables = (phonewire.serve, phonewire.Endpoint, phonewire.connect)
    takes = {name for what in callables for name in inspect.signature(what).parameters}
    takes |= {"public_url", "extra", "LimitNOFILE"}  # of `TwilioSignature`, of logging, of systemd
    named = {name for code in CODE for name in re.findall(r"^(\w+)=", code)}
    assert len(named) > 8
    assert named <= takes
    assert all(hasattr(phonewire.Limits(), name) for name in re.findall(r"Limits\.(\w+)", PAGE))
    not_ours = {"Upgrade", "Connection", "CancelledError", "TypeError"}  # HTTP's and Python's
    classes = {name for name in CODE if re.fullmatch(r"[A-Z][a-z]+[A-Z]?\w*", name)} - not_ours
    assert classes >= {"NoMedia", "Quality", "Discontinuity", "Unpaced", "PositionDrift", "RecordingFailed"}
    assert [name for name in classes if not hasattr(phonewire, name)] == []
