"""docs/encryption.md: its program seals what is complete, with gpg and age, and keeps what could not be sealed."""

import re
import shutil
import stat
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import phonewire
from phonewire.emulators.twilio import TwilioCaller
from phonewire.wav import WavReader

PAGE = (Path(__file__).parents[2] / "docs" / "encryption.md").read_text()
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)]
WHO = "recordings@example.com"

#: Stands in for a program that encrypts, where neither is installed: it turns every bit.
TURN = [sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes(b ^ 255 for b in sys.stdin.buffer.read()))"]


@pytest.fixture
def page(tmp_path):
    """The program of the page, with directories of the test's."""
    block, _ = BLOCKS
    names = {"__name__": "page"}
    exec(block, names)
    for name in ("CLEAR", "SEALED"):
        names[name] = tmp_path / name
        names[name].mkdir(mode=0o700)
    return names


@pytest.fixture
def gpg(monkeypatch):
    """A home of gpg's, with a key that needs no passphrase."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg: apt-get install gnupg")
    with tempfile.TemporaryDirectory() as home:  # short: sockets have no long paths
        monkeypatch.setenv("GNUPGHOME", home)
        make = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", WHO, "future-default"]
        subprocess.run(make, check=True, capture_output=True)
        yield
        subprocess.run(["gpgconf", "--kill", "all"], check=True)


async def call(page, audio=bytes(range(0x60)) * 10):
    """Have a caller speak with the bot of the page, and hang up."""
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    async with (
        phonewire.serve(page["bot"], endpoints=[endpoint]) as server,
        TwilioCaller(server.url + "/twilio") as caller,
    ):
        await caller.say(audio)
        await caller.listen(0.5)
    return server.handler_errors


def names_in(directory):
    return sorted(re.sub(r"^[\w-]*?-\d{6}-[0-9a-f]{8}", "", path.name) for path in directory.iterdir())


async def test_a_call_is_sealed_when_it_is_over(page, phonewire_clock):
    page["ENCRYPT"] = TURN
    assert await call(page) == 0
    assert names_in(page["CLEAR"]) == []
    assert names_in(page["SEALED"]) == [".json.sealed", ".wav.sealed"]
    (sealed,) = page["SEALED"].glob("*.wav.sealed")
    clear = page["CLEAR"] / "again.wav"
    clear.write_bytes(bytes(b ^ 255 for b in sealed.read_bytes()))
    with WavReader(clear) as reader:
        assert reader.info.channels == 2
        assert len(reader.read()) > 8000


async def test_what_could_not_be_sealed_stays_and_is_sealed_later(page, phonewire_clock):
    page["ENCRYPT"] = [sys.executable, "-c", "import sys; sys.exit(1)"]
    assert await call(page) == 1
    assert names_in(page["CLEAR"]) == [".json", ".wav"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in page["CLEAR"].iterdir())
    page["ENCRYPT"] = TURN
    with ThreadPoolExecutor(4) as pool:  # as many calls that end at the same time
        list(pool.map(lambda _: page["seal_finished"](), range(4)))
    assert names_in(page["CLEAR"]) == []
    assert names_in(page["SEALED"]) == [".json.sealed", ".wav.sealed"]


def test_what_a_killed_process_has_left_is_sealed_at_the_start(page):
    page["ENCRYPT"] = TURN
    (page["CLEAR"] / "a.part.wav").write_bytes(b"RIFF")
    (page["CLEAR"] / "a.json").write_text("{}")
    page["seal_finished"]()
    assert len(list(page["CLEAR"].iterdir())) == 2, "it may still be recorded to"
    exec(BLOCKS[1], page)
    assert sorted(path.name for path in page["SEALED"].iterdir()) == ["a.json.sealed", "a.part.wav.sealed"]


def test_gpg_seals_what_only_the_private_key_opens(page, gpg):
    audio = page["CLEAR"] / "call.wav"
    audio.write_bytes(b"RIFF and so on")
    page["seal"](audio)
    sealed = page["SEALED"] / "call.wav.sealed"
    assert b"RIFF" not in sealed.read_bytes()
    (command,) = re.findall(r"`(gpg --decrypt) NAME.wav.sealed > NAME.wav`", PAGE)
    opened = subprocess.run([*command.split(), sealed], check=True, capture_output=True)
    assert opened.stdout == b"RIFF and so on"
    assert not audio.exists()


def test_age_seals(page, tmp_path):
    if shutil.which("age") is None:
        pytest.skip("age: apt-get install age")
    identity = tmp_path / "identity"
    made = subprocess.run(["age-keygen", "-o", identity], check=True, capture_output=True, text=True)
    (recipient,) = re.findall(r"age1\w+", made.stderr)
    (command,) = re.findall(r"`ENCRYPT = (\[.*?\])`", PAGE)
    page["ENCRYPT"] = eval(command.replace("age1…", recipient))
    audio = page["CLEAR"] / "call.wav"
    audio.write_bytes(b"RIFF and so on")
    page["seal"](audio)
    opened = ["age", "--decrypt", "--identity", identity, page["SEALED"] / "call.wav.sealed"]
    assert subprocess.run(opened, check=True, capture_output=True).stdout == b"RIFF and so on"


async def test_retention_leaves_sealed_files_alone(page, phonewire_clock):
    page["ENCRYPT"] = TURN
    await call(page)
    assert phonewire.Retention(page["SEALED"], max_bytes=1).sweep(now_s=2**40) == []
    assert len(names_in(page["SEALED"])) == 2
