"""The fixtures, as the tests of a user's bot see them."""

import subprocess
import sys

import pytest

# How a user may have set up async tests: pytest-asyncio in both modes, or nothing of the kind.
SETUPS = [("-o", "asyncio_mode=auto"), ("-o", "asyncio_mode=strict"), ("-p", "no:asyncio")]

ECHO = """
async def test_bot(twilio_caller, tmp_path):
    with WavWriter(tmp_path / "hello.wav", WavInfo("ulaw", 8000, 1)) as writer:
        writer.write(SPEECH)
    await twilio_caller.say(tmp_path / "hello.wav")
    heard = await twilio_caller.listen(seconds=2)
    assert SPEECH in twilio_caller.heard
    assert len(heard) == pytest.approx(16_000, abs=320)
"""


@pytest.mark.parametrize("setup", SETUPS, ids=" ".join)
def test_a_bot_is_called(run_tests, setup):
    run_tests(ECHO, *setup).assert_outcomes(passed=1)


@pytest.mark.parametrize("setup", SETUPS, ids=" ".join)
def test_a_bot_that_is_wrong_fails_its_test(run_tests, setup):
    result = run_tests(ECHO.replace("SPEECH in", "SPEECH * 2 in"), *setup)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert SPEECH [*] 2 in twilio_caller.heard*"])


def test_in_a_class_parametrized_and_beside_other_tests(run_tests):
    tests = """
class TestBot:
    @pytest.mark.parametrize("digit", "12")
    async def test_keys(self, twilio_caller, digit):
        await twilio_caller.press(digit)
        await twilio_caller.listen(seconds=0.1)
        assert self is not None

async def test_another_loop():
    assert "Fake" not in type(asyncio.get_running_loop()).__name__

def test_no_loop():
    pass
"""
    run_tests(tests, "-o", "asyncio_mode=auto").assert_outcomes(passed=4)


def test_the_clock_can_be_read_and_stalled(run_tests):
    tests = """
async def test_bot(twilio_caller, phonewire_clock):
    start_s = phonewire_clock.time()
    await twilio_caller.listen(seconds=60)
    assert phonewire_clock.time() - start_s == pytest.approx(60)
    phonewire_clock.stall(1)
    assert phonewire_clock.time() - start_s == pytest.approx(61)
"""
    run_tests(tests).assert_outcomes(passed=1)


def test_das_peak(run_tests):
    tests = """
@pytest.fixture
def phonewire_handler():
    async def enough(call):
        taken = 0
        async for frame in call.frames():
            taken += len(frame.payload)
            if taken >= 3000:
                return
    return enough

async def test_bot(das_peak_sender):
    assert await das_peak_sender.send(SPEECH * 10)
    assert das_peak_sender.close_code == 1000
"""
    run_tests(tests).assert_outcomes(passed=1)


@pytest.mark.parametrize("caller", ["twilio_caller", "asterisk_caller"])
def test_a_bot_that_raises_fails_the_test(run_tests, caller):
    tests = f"""
@pytest.fixture
def phonewire_handler():
    async def broken(call):
        raise LookupError("no such prompt")
    return broken

async def test_bot({caller}):
    await {caller}.wait_closed()
"""
    result = run_tests(tests)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the bot raised*", "*LookupError: no such prompt*"])


def test_who_names_no_bot_is_told_how(run_tests):
    result = run_tests("del phonewire_handler\nasync def test_bot(twilio_caller): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*a fixture named phonewire_handler*"])


def test_a_test_that_hangs_is_ended(run_tests):
    tests = """
async def test_bot(phonewire_clock):
    await asyncio.Event().wait()

async def test_bot_with_pings(twilio_caller, phonewire_clock):
    phonewire_clock.limit_s = 30
    await asyncio.Event().wait()
"""
    result = run_tests(tests)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*waits for something that will never come*", "*no end after 30 s*"])


def test_who_does_not_use_it_pays_nothing():
    program = "import sys, pytest; before = set(sys.modules); import phonewire.pytest_plugin; "
    program += "print(*sorted(set(sys.modules) - before))"
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    loaded = {name.split(".")[0] for name in output.split()}
    assert not loaded & {"asyncio", "websockets", "numpy", "msgspec", "ssl"}


ASTERISK = """
async def test_bot(asterisk_caller, phonewire_audiosocket_server):
    speech = bytes(range(0x70)) * 20  # 140 ms
    await asterisk_caller.say(speech)
    await asterisk_caller.listen(seconds=1)
    assert speech in asterisk_caller.heard
    assert asterisk_caller.error is None
    assert len(phonewire_audiosocket_server.calls) == 1
    await asterisk_caller.hang_up()
"""


@pytest.mark.parametrize("setup", SETUPS, ids=" ".join)
def test_asterisk(run_tests, setup):
    run_tests(ASTERISK, *setup).assert_outcomes(passed=1)


# What dials VoIPBIN is the user's program: there is no handler.
VOIPBIN = """
from contextlib import suppress

async def program(url, wire):
    async with phonewire.connect(url, wire=wire) as call:
        async for frame in call.frames():
            with suppress(phonewire.CallEndedError):  # the far end hung up, and there was more to be heard
                await call.write(frame.pcm)

speech = bytes(range(0x70)) * 20  # 140 ms

async def test_call(voipbin_call, voipbin_wire):
    running = asyncio.create_task(program(voipbin_call.url("sln"), voipbin_wire))
    await voipbin_call.say(speech)
    await voipbin_call.listen(seconds=1)
    assert speech in voipbin_call.heard
    assert not voipbin_call.dropped
    await voipbin_call.hang_up()
    await running

async def test_conference(voipbin_conference, voipbin_wire):
    running = asyncio.create_task(program(voipbin_conference.url("rtp"), voipbin_wire))
    async with asyncio.TaskGroup() as talking:
        talking.create_task(voipbin_conference.say(b"\\x01\\x00" * 320, who="one"))
        talking.create_task(voipbin_conference.say(b"\\x02\\x00" * 320, who="two"))
    await voipbin_conference.listen(seconds=1)
    assert b"\\x03\\x00" * 320 in voipbin_conference.heard
    await voipbin_conference.hang_up()
    await running
"""


@pytest.mark.parametrize("setup", SETUPS, ids=" ".join)
def test_voipbin(run_tests, setup):
    run_tests(VOIPBIN, *setup).assert_outcomes(passed=2)


def test_voipbin_as_another_text_has_it(run_tests):
    tests = """
@pytest.fixture
def voipbin_wire():
    return "tutorial"

async def test_bot(voipbin_call):
    async with phonewire.connect(voipbin_call.url(), wire="tutorial") as call:
        await call.write_payload(SPEECH)
        await call.drain()
    assert len(voipbin_call.heard) >= 2 * len(SPEECH)
    assert voipbin_call.payload_type == 0
"""
    run_tests(tests).assert_outcomes(passed=1)


def test_two_bots_talk_in_a_conference(run_tests):
    tests = """
async def bot(url, says, heard):
    async with phonewire.connect(url, wire="documented") as call:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(call.write(says))
            async for frame in call.frames():
                heard.extend(frame.pcm)

async def test_bots(voipbin_conference):
    one, other = b"\\x01\\x10" * 800, b"\\x02\\x20" * 800
    heard_by_one, heard_by_other = bytearray(), bytearray()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bot(voipbin_conference.url("rtp"), one, heard_by_one))
        tasks.create_task(bot(voipbin_conference.url("audiosocket"), other, heard_by_other))
        await voipbin_conference.listen(seconds=2)
        await voipbin_conference.hang_up()
    assert other in heard_by_one and one in heard_by_other
    assert set(heard_by_one) == {0x02, 0x20, 0}
"""
    run_tests(tests).assert_outcomes(passed=1)


def test_a_bot_that_is_deaf_to_voipbin_fails_its_test(run_tests):
    result = run_tests(VOIPBIN.replace("await call.write(frame.pcm)", "pass"))
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*assert speech in voipbin_call.heard*"])


def test_a_das_peak_job(run_tests):
    tests = """
from phonewire.das_peak_request import SessionRequest

async def test_job(das_peak_service):
    words = {"ready": ["info-consumer-ready"], "success": ["result-success"], "failure": ["error-audio"]}
    signalling = phonewire.DasPeakSignalling(das_peak_service.url, apikey="key", **words)
    asked = SessionRequest(authenticity_threshold=0.8, audio_total_duration=1, call_id="c", model_hash="m")
    session = await signalling.create_session("register", await signalling.create_audio_settings(), asked)
    await signalling.wait_ready(session)
    async with phonewire.connect(das_peak_service.audio_url, call_id="c", headers={"apikey": "key"}) as call:
        await call.write_payload(SPEECH)
        await call.wait_ended()
    assert (await signalling.wait_verdict(session)).verdict
    assert SPEECH.startswith(das_peak_service.heard["c"])
"""
    run_tests(tests).assert_outcomes(passed=1)


def test_genesys_lets_a_bot_listen_and_speak(run_tests):
    tests = """
from phonewire.protocols import audiohook

async def test_monitor(genesys_caller, phonewire_server):
    assert genesys_caller.channels == 2
    await genesys_caller.say(SPEECH, SPEECH[::-1])
    assert SPEECH in genesys_caller.said[0::2]
    assert genesys_caller.heard_of(audiohook.Opened)

async def test_connector(genesys_bot_caller):
    await genesys_bot_caller.say(SPEECH)
    await genesys_bot_caller.until(lambda: SPEECH in genesys_bot_caller.heard)
    assert genesys_bot_caller.violations == []
"""
    bot = """
@pytest.fixture
def phonewire_handler():
    async def echo(call):
        async for frame in call.frames():
            if call.may_send:
                await call.write_payload(frame.payload)
    return echo
"""
    run_tests(bot + tests).assert_outcomes(passed=2)
