"""Programs that are not ours and open WAV files: what each finds in one."""

from __future__ import annotations

import json
import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import soundfile

__all__ = ["Shape", "missing", "readers"]

#: Channels, and samples of each.
Shape = tuple[int, int]


def readers(encoding: str) -> dict[str, Callable[[Path], Shape]]:
    """Return three readers of files of an encoding, by name; each returns the channels and samples that it finds.

    Python's ``wave`` reads PCM alone; G.711 is read by libsndfile instead.
    """
    python = {"wave": _wave} if encoding == "s16" else {"libsndfile": _libsndfile}
    return {**python, "sox": _sox, "ffprobe": _ffprobe}


def missing() -> list[str]:
    """Return the programs that are not installed here."""
    return [program for program in ("sox", "ffprobe") if shutil.which(program) is None]


def _wave(path: Path) -> Shape:
    with wave.open(str(path), "rb") as file:
        return file.getnchannels(), len(file.readframes(file.getnframes())) // (2 * file.getnchannels())


def _libsndfile(path: Path) -> Shape:
    with soundfile.SoundFile(path) as file:
        return file.channels, len(file.read(dtype="int16"))


def _sox(path: Path) -> Shape:
    """Count what sox decodes, not what the header says."""
    decoded = _output("sox", str(path), "-t", "au", "-e", "signed", "-b", "16", "-")
    data, channels = int.from_bytes(decoded[4:8], "big"), int.from_bytes(decoded[20:24], "big")
    return channels, len(decoded[data:]) // (2 * channels)


def _ffprobe(path: Path) -> Shape:
    shown = _output("ffprobe", "-v", "error", "-of", "json", "-show_entries", "stream=duration_ts,channels", str(path))
    (stream,) = json.loads(shown)["streams"]
    return stream["channels"], int(stream.get("duration_ts", 0))  # it leaves out what is zero


def _output(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True, timeout=30).stdout
