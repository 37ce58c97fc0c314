"""``phonewire load``, against servers of ours."""

import importlib
import json
import re
import xml.etree.ElementTree as ET

import pytest

from phonewire.cli.load_report import _step, report_html
from phonewire.load.result import LoadResult, Percentiles, Second

command = importlib.import_module("phonewire.cli.load")
SOME = Percentiles(count=1, p50=1.0, p90=2.0, p99=3.0, p999=3.0, longest=3.21)
NONE = Percentiles(count=0, p50=None, p90=None, p99=None, p999=None, longest=0.0)


def second(at_s, **changed):
    values = {"at_s": at_s, "talking": 2, "sent": 100, "messages": 99, "p50_ms": 1.0, "p99_ms": None}
    return Second(**values | {"generator_cpu": 0.1, "server_cpu": None, "server_bytes": None} | changed)


def result(**changed):
    values = dict.fromkeys(("sent", "held", "messages", "returned", "lost", "duplicated", "reordered"), 0)
    values |= dict.fromkeys(("strange", "unstamped", "late"), 0)
    values |= {"protocol": "twilio", "target": "127.0.0.1:1/twilio", "calls": 2, "ramp_s": 0.0, "seconds": 1.0}
    values |= {"stamped": True, "ends": {"completed": 2}, "latency_ms": SOME, "connecting_ms": SOME}
    return LoadResult(**values | {"generator_cpu": 0.1, "server_cpu": None, "timeline": [second(1.0)]} | changed)


def test_calls_a_server_and_tells_what_came_of_it(run, serving, tmp_path):
    page = tmp_path / "load.html"
    with serving("--auth", "none", "--twilio", "/twilio", "--echo") as served:
        asked = (served.url + "/twilio", "--calls", 3, "--ramp", 0.1, "--seconds", 0.4, "--stamp")
        told = run("load", *asked, "--pid", served.process.pid, "--report", page)
        assert told.exit_code == 0, told.output
        as_json = run("load", *asked, "--json")
        other = ("--protocol", "daspeak", "--calls", 2, "--ramp", 0, "--seconds", 0.1)
        refused = run("load", served.url + "/other", *other)
        served.stop()
    assert "3 calls of 0.4 s, twilio" in told.output
    assert "60: 0 lost, 0 duplicated, 0 out of order" in told.output
    assert re.search(r"server \d+%, generator \d+% of one", told.output)
    assert "3 completed" not in served.output
    found = json.loads(as_json.stdout)
    assert (found["sent"], found["returned"], found["ends"]) == (60, 60, {"completed": 3})
    assert (
        "das-peak, to" in refused.output,
        refused.exit_code,
        "2 refused with HTTP status 404" in refused.output,
    ) == (True, 5, True)
    assert "frames that came back" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["http://127.0.0.1/"], "a URL of twilio"),
        (["ws://127.0.0.1/daspeak-stream/v1/twilio", "--stamp"], "das-peak sends no audio"),
        (["ws://127.0.0.1/", "--header", "canary"], "--header is NAME:VALUE"),
        (["ws://127.0.0.1/", "--header", ": canary"], "--header is NAME:VALUE"),
        (["ws://127.0.0.1/", "--header", "a b: canary"], "the name of a header has letters, digits and"),
        (["ws://127.0.0.1/", "--report", "/nowhere/canary.html"], "there is no directory"),
        (["ws://127.0.0.1/", "--calls", "999999"], "descriptors"),
        (["ws://127.0.0.1/", "--calls", "9999999"], "at most"),
    ],
)
def test_a_command_line_that_cannot_be_is_refused_before_the_first_call(run, arguments, words, monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    told = run("load", *arguments)
    assert (told.exit_code, words in told.output) == (2, True), told.output
    assert "canary" not in told.output.replace("/nowhere/canary.html", "")


def test_a_process_that_is_not_there_is_told_in_one_line(run):
    told = run("load", "ws://127.0.0.1:9/", "--pid", 2**22 + 1)
    assert (told.exit_code, told.output.splitlines()[-1]) == (2, "Error: --pid: there is no process 4194305")


def test_what_came_of_it_up_to_ctrl_c_is_told(run, monkeypatch):
    async def interrupt(self):
        self._tally.ends["stopped"] = 100
        raise KeyboardInterrupt

    monkeypatch.setattr(command.Generator, "run", interrupt)
    told = run("load", "ws://127.0.0.1:9/")
    assert (told.exit_code, "100 stopped" in told.output) == (130, True)


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("ws://host/twilio", "twilio"),
        ("ws://host/daspeak-stream/v1/twilio", "das-peak"),
        ("ws://host/v1.0/calls/{id}/media_stream?encapsulation=rtp", "voipbin-rtp"),
        ("audiosocket://host:1", "audiosocket"),
    ],
)
def test_the_url_tells_the_protocol(url, protocol):
    assert command._protocol_of(url) == protocol


def test_faults_and_a_busy_generator_are_told():
    found = result(lost=1, strange=2, held=3, late=4, generator_cpu=0.9, ends={"dropped": 2}, connecting_ms=NONE)
    told = "\n".join(command._lines(found))
    for words in ("2 dropped", "1 lost", "2 of other calls", "3 held back", "4 over 40 ms late", "never", "too busy"):
        assert words in told


def test_the_bar_tells_of_the_last_second():
    tally = command.Tally()
    tally.ends["completed"] = 7
    told = command._now(second(1.0, p99_ms=2.0, server_cpu=0.5), tally)
    assert told == "2 calls, 100 frames/s out, 99 in, p50 1.0 ms, p99 2.0 ms, server 50%, generator 10%, 7 over"


# The page


def test_the_page_stands_alone_and_is_whole():
    timeline = [second(float(at), p99_ms=at * 10.0, server_cpu=0.2, server_bytes=2**26) for at in range(1, 4)]
    page = report_html(result(target="host/<script>alert(1)</script>", timeline=timeline, server_cpu=0.2))
    assert "<script" not in page
    assert not re.search(r"(src|href)=|url\(|https?:", page)
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 5
    for picture in pictures:
        lines = [line for line in ET.fromstring(picture) if line.tag == "polyline"]
        assert 1 <= len(lines) <= 2
        for line in lines:
            places = [tuple(map(float, place.split(","))) for place in line.get("points").split()]
            assert len(places) == 3
            assert all(56 <= x <= 720 and 12 <= y <= 176 for x, y in places)


def test_the_page_of_a_load_without_an_answer():
    page = report_html(
        result(stamped=False, connecting_ms=NONE, ends={"nobody there": 2}, timeline=[second(1.0, p50_ms=None)])
    )
    assert "not all well" in page
    assert "–" in page
    assert len(re.findall("<svg", page)) == 3


@pytest.mark.parametrize(("most", "step"), [(0, 0.001), (0.004, 0.001), (3, 1), (100, 25), (101, 50), (5000, 2000)])
def test_axes_are_round(most, step):
    assert _step(most) == pytest.approx(step)
