"""``phonewire das-peak`` against the emulated service."""

import asyncio
import contextlib
import json
import sys
import threading

import pytest

from phonewire.emulators.das_peak_service import DasPeakService
from phonewire.emulators.das_peak_sessions import ENDED_EARLY, READY, SPOOF, SUCCESS, WRONG_SCORE, Sessions
from phonewire.wav import WavInfo, WavWriter

KEY = "canary-9b1e"
SPEECH = bytes(range(0x70)) * 100  # 1.4 s
USUAL = ("--model-hash", "m", "--threshold", "0.8", "--enough", "1", "--call-id", "4fd9")
WORDS = ("--ready", READY, "--success", SUCCESS, "--failure", WRONG_SCORE, "--failure", SPOOF, "--failure", ENDED_EARLY)


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "speech.wav"
    with WavWriter(path, WavInfo("ulaw", 8000, 1)) as writer:
        writer.write(SPEECH)
    return path


@pytest.fixture
def service():
    """Run the service in a thread: ``service(looks=None)``."""
    with contextlib.ExitStack() as stack:

        def start(**options):
            running = threading.Event()
            told = {}

            async def serve():
                async with DasPeakService(apikey=KEY, **options) as service:
                    told.update(service=service, stop=asyncio.Event(), loop=asyncio.get_running_loop())
                    running.set()
                    await told["stop"].wait()

            thread = threading.Thread(target=asyncio.run, args=(serve(),))
            thread.start()
            running.wait()
            stack.callback(thread.join)
            stack.callback(lambda: told["loop"].call_soon_threadsafe(told["stop"].set))
            return told["service"]

        yield start


@pytest.fixture
def das_peak(run, wav):
    """Run ``phonewire das-peak KIND FILE`` against a service."""

    def invoke(service, *options, kind="register", words=WORDS):
        urls = ("--url", service.url, "--audio-url", service.audio_url)
        result = run("das-peak", kind, wav, *urls, *USUAL, *words, *options, PHONEWIRE_APIKEY=KEY)
        assert KEY not in result.output
        return result

    return invoke


def test_success(das_peak, service):
    there = service()
    result = das_peak(there)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"success: {SUCCESS}\n", "")
    assert SPEECH.startswith(there.heard["4fd9"])
    assert len(there.heard["4fd9"]) >= 8000
    (session,) = there.sessions.sessions.values()
    assert {"audio_total_duration": 1.0, "authenticity_threshold": 0.8, "model_hash": "m"}.items() <= session.items()


def test_for_programs(das_peak, service, tmp_path):
    there, fields = service(looks=0), tmp_path / "fields.json"
    registered = json.loads(das_peak(there, "--json").stdout)["session"]
    fields.write_text(json.dumps({"credential": registered["credential"]}))
    result = das_peak(there, "--json", "--fields", fields, "--call-id", "5", kind="verify")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["outcome"], told["call_id"]) == (0, "completed", "5")
    assert told["session"] == list(there.sessions.sessions.values())[-1]
    assert ("POST", "/dpsrest/v1/verify_session") in there.requests
    fields.write_text(json.dumps({"credential": "somebody else's"}))
    result = das_peak(there, "--json", "--fields", fields, "--call-id", "6", kind="verify")
    assert (result.exit_code, json.loads(result.stdout)["outcome"]) == (6, "failure")


def test_failure(das_peak, service):
    result = das_peak(service(looks=0, judge=lambda session, audio: SPOOF))
    assert (result.exit_code, result.stderr) == (6, f"failure: {SPOOF}\n")


def test_not_ready_in_time(das_peak, service):
    result = das_peak(service(looks=None), "--ready-seconds", "0.1", "--json")
    assert result.exit_code == 7
    assert result.stderr == "undecided: the session was not ready within 0.1 s: its status was 'preparing'\n"
    assert json.loads(result.stdout)["outcome"] == "undecided"


def test_no_verdict_in_time(das_peak, service):
    result = das_peak(service(looks=0, judge=lambda session, audio: None), "--verdict-seconds", "0.1")
    assert (result.exit_code, result.stderr[:10]) == (7, "undecided:")


@pytest.mark.parametrize(("answer", "code"), [(401, 4), (422, 4), (b"SSH\r\n\r\n", 5), (b"", 5)])
def test_refused_or_nobody_there(das_peak, service, answer, code):
    there = service()
    there.answers.append(answer)
    result = das_peak(there, "--json")
    assert result.exit_code == code
    assert json.loads(result.stdout)["session"] is None


def test_a_file_that_is_too_short_is_told_before_anything_is_made(das_peak, service):
    there = service()
    result = das_peak(there, "--enough", "2")
    assert (result.exit_code, there.requests) == (3, [])
    assert result.stderr == "not enough audio: das-Peak takes 2.00 s, FILE has 1.40 s\n"


def test_audio_that_is_not_wanted_or_never_enough(das_peak, service, monkeypatch):
    there = service(looks=0)
    result = das_peak(there, "--audio-url", there.audio_url + "/elsewhere")
    assert (result.exit_code, result.stderr) == (4, "refused: the server answered with HTTP status 404\n")
    monkeypatch.setattr(sys.modules["phonewire.cli.das_peak"], "_CLOSE_S", 0.05)
    there = service(looks=0)
    there.sessions.answer = lambda *request: asks_for_more(there, Sessions.answer(there.sessions, *request))
    result = das_peak(there)
    assert (result.exit_code, result.stderr[:17]) == (3, "not enough audio:")


def asks_for_more(service, answer):
    for session in service.sessions.sessions.values():
        session["audio_total_duration"] = 60  # of speech without pauses, perhaps
    return answer


def test_a_status_that_ends_it_all(das_peak, service):
    words = ("--ready", "never", "--success", SUCCESS, "--failure", READY)
    result = das_peak(service(looks=0), words=words)
    assert result.exit_code == 5
    assert result.stderr == f"dropped: the session was over before it was ready, with status '{READY}'\n"


def test_a_service_that_does_not_answer(das_peak, wav):
    class Nowhere:
        url, audio_url = "http://127.0.0.1:1", "ws://127.0.0.1:1"

    result = das_peak(Nowhere)
    assert (result.exit_code, result.stderr[:13]) == (5, "nobody there:")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--threshold", "2"), "0 to 1"),
        (("--enough", "0"), "more than 0 s"),
        (("--url", "http://example.org"), "in the clear"),
        (("--audio-url", "ws://example.org"), "in the clear"),
        (("--session-path", "x"), "session_path"),
        (("--success", READY), "given twice"),
        (("--fields", __file__), "no JSON"),
    ],
)
def test_a_command_line_that_makes_no_sense(run, wav, options, told):
    result = run("das-peak", "register", wav, *USUAL, *WORDS, *options, PHONEWIRE_APIKEY=KEY)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())
    assert KEY not in result.output


def test_a_file_that_is_no_audio(run, tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"no audio")
    assert run("das-peak", "register", path, *USUAL, *WORDS, PHONEWIRE_APIKEY=KEY).exit_code == 1
