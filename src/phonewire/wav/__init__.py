"""WAV files of telephone audio: 16-bit linear, µ-law and A-law, any rate, any number of channels.

`WavReader` takes what recorders leave behind: extra chunks, odd padding, sizes that are zero, all ones or longer than
the file. It reads in blocks, never a whole file at once. `WavWriter` leaves a file that can be read after every
`flush`, whatever happens to the process afterwards. `repair` makes the header of an interrupted recording right.
"""

from __future__ import annotations

from phonewire.wav.header import AudioFormat, WavInfo
from phonewire.wav.reader import WavReader
from phonewire.wav.repair import WavRepair, repair
from phonewire.wav.writer import SILENCE, WavWriter

__all__ = ["SILENCE", "AudioFormat", "WavInfo", "WavReader", "WavRepair", "WavWriter", "repair"]
