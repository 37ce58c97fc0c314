"""Names of recordings: whatever the peer's id, whatever somebody planted, nothing else is ever touched."""

import errno
import json
import random
import re
from pathlib import Path

import pytest

from phonewire.aio.recording import file as recording_file
from phonewire.aio.recording import folder as folder_module
from phonewire.aio.recording.file import Piece, RecordingFile
from phonewire.aio.recording.folder import Folder
from phonewire.aio.recording.name import new_stems, part_of
from phonewire.aio.recording.plan import RecordingPlan
from phonewire.protocols.connection import MediaFormat
from phonewire.wav import WavReader

NAME = re.compile(r"\d{8}T\d{6}Z-\d{6}-[0-9a-f]{8}\.(wav|json)")
PIECES = [
    "..", ".", "/", "\\", "/etc/passwd", "../../outside", "\0", "\n", "\r\n", "\x1b[31m", "\u202e", "\u2028", "\ud800",
    "%2e%2e%2f", "%00", "CON", "NUL.wav", "COM1", "a.wav", ".wav", " ", "trailing.", "~", "$(id)", "`id`", "-rf", "*",
    "é", "e\u0301", "\U0001f4de", "x" * 300, "A" * 65_536, "", "|", "<", ">", '"', "file:///", "\ufeff",
]  # fmt: skip


def plan(path, call_id="CA1", **options):
    return RecordingPlan(
        path=Path(path),
        call_id=call_id,
        protocol="twilio",
        wire=MediaFormat(),
        encoding="ulaw",
        tracks=(None,),
        **options,
    )


def listed(directory):
    return sorted(path.name for path in directory.iterdir())


def record(path, call_id="CA1", audio=b"abcd", **options):
    file = RecordingFile(plan(path, call_id, **options))
    file.open()
    file.write([Piece(None, audio, 0, 0)])
    file.finish("stopped")


@pytest.fixture
def calls(tmp_path):
    """A directory with something beside it that must not change."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").write_bytes(b"precious")
    (tmp_path / "calls").mkdir()
    yield tmp_path / "calls"
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if "calls/" not in str(path)) == [
        "calls", "outside", "outside/precious"
    ]  # fmt: skip
    assert (tmp_path / "outside" / "precious").read_bytes() == b"precious"


def test_a_thousand_hostile_ids_make_a_thousand_recordings_here_and_nothing_elsewhere(calls):
    choose = random.Random(1)
    ids = [*PIECES, *("".join(choose.choices(PIECES[:-8], k=choose.randint(1, 4))) for _ in range(1000 - len(PIECES)))]
    ids[-1] = ids[-2]  # the same id twice
    for number, call_id in enumerate(ids):
        record(calls, call_id, number.to_bytes(4, "big"))
    names = listed(calls)
    assert len(names) == 2000
    assert all(NAME.fullmatch(name) for name in names)
    told = {}
    for path in calls.glob("*.json"):
        with WavReader(path.with_suffix(".wav")) as reader:
            told[int.from_bytes(reader.read(), "big")] = json.loads(path.read_text())["call_id"]
    assert [told[number] for number in range(1000)] == ids


def test_the_same_id_has_the_same_hash_and_no_other():
    moment = recording_file.datetime(2026, 1, 2, 3, 4, 5, tzinfo=recording_file.UTC)
    first, second = next(new_stems(moment, "CA1")), next(new_stems(moment, "CA1"))
    assert first != second
    assert first[:15] == "20260102T030405"
    assert first[-8:] == second[-8:] != next(new_stems(moment, "CA2"))[-8:]
    assert part_of(first + ".wav") == part_of(first + "-001.wav") == part_of(first + ".json") == (first, False)
    assert part_of(first + ".part.wav") == part_of(first + "-001.part.wav") == (first, True)
    for name in ("x.wav", first, first + ".txt", "x" + first + ".wav", first + ".wav.wav", first + "-1.wav"):
        assert part_of(name) is None


@pytest.mark.parametrize("suffix", [".wav", ".json", ".part.wav", ".part.json", "-001.wav", "-001.part.wav"])
@pytest.mark.parametrize("target", ["../outside/precious", "../outside/nothing", "precious-here"])
@pytest.mark.parametrize("seen", [True, False], ids=["planted before", "planted in a race"])
def test_planted_links_are_never_followed(calls, monkeypatch, suffix, target, seen):
    """Every name that will be tried next is a link already; 'in a race': between the look and the use."""
    (calls / "precious-here").write_bytes(b"here")
    stems = iter([f"20260101T000000Z-{n:06d}-00000000" for n in range(4)])
    monkeypatch.setattr(recording_file, "new_stems", lambda *_: stems)
    for n in range(3):
        (calls / f"20260101T000000Z-{n:06d}-00000000{suffix}").symlink_to(target)
    if not seen:
        monkeypatch.setattr(Folder, "has", lambda self, name: False)
    part_length = 100 if suffix.startswith("-") else None
    if not seen and suffix in (".wav", "-001.wav"):
        with pytest.raises(FileExistsError):  # found out only when the name is given, at the end
            record(calls, part_length=part_length)
    else:
        record(calls, part_length=part_length)
    for n in range(3):
        assert (calls / f"20260101T000000Z-{n:06d}-00000000{suffix}").is_symlink()
    assert (calls / "precious-here").read_bytes() == b"here"
    expected = "000003" if seen or suffix not in (".wav", "-001.wav") else "000000"
    (recorded,) = (path for path in calls.glob("*.wav") if not path.is_symlink())
    assert recorded.name.split("-")[1] == expected
    with WavReader(recorded) as reader:
        assert reader.read() == b"abcd"


@pytest.mark.parametrize("name", ["call.wav", "call.part.wav", "call.json", "call.part.json"])
def test_a_file_that_is_there_is_refused_and_not_touched(calls, name):
    (calls / name).write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        record(calls / "call.wav")
    assert listed(calls) == [name]
    assert (calls / name).read_bytes() == b"mine"


def test_a_moved_directory_takes_its_recording_along(calls):
    file = RecordingFile(plan(calls))
    file.open()
    file.write([Piece(None, b"abcd", 0, 0)])
    calls.rename(calls.with_name("calls-moved"))
    calls.symlink_to("outside")
    file.finish("stopped")
    assert len(list(calls.with_name("calls-moved").glob("*.wav"))) == 1
    calls.unlink()
    calls.with_name("calls-moved").rename(calls)


def test_a_directory_that_is_not_there(calls):
    for path in (calls / "nothing", calls / "nothing" / "call.wav", calls.parent / "outside" / "precious"):
        with pytest.raises(OSError, match=r"No such file or directory|Not a directory"):
            record(path)


def test_a_file_system_without_links_gets_the_same_files(calls, monkeypatch):
    def refuse(*args, **options):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(folder_module.os, "link", refuse)
    record(calls / "call.wav")
    assert listed(calls) == ["call.json", "call.wav"]
    with WavReader(calls / "call.wav") as reader:
        assert reader.read() == b"abcd"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "/a", "a/"])
def test_a_folder_has_names_and_no_paths(calls, name):
    folder = Folder(calls)
    for method in (folder.create, folder.has, folder.remove):
        with pytest.raises(ValueError, match="names, not paths"):
            method(name)
    folder.close()
    folder.close()


def test_a_folder_that_was_let_go_is_not_the_working_directory(calls, monkeypatch):
    monkeypatch.chdir(calls)
    folder = Folder(calls)
    folder.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        folder.create("x")
    assert listed(calls) == []
