"""The tutorial's Node client, on npm's `ws`, and what its use cases have in the place of its beginning."""

import re
import struct
from pathlib import Path

from .published import FOLDER, TOKEN, URL, printed, published

NEEDS = ("node", "npm's ws")

(_OPEN,) = re.findall(r"^ws\.on\('open', .*?^}\);\n", published("node"), re.DOTALL | re.MULTILINE)


async def run(url: str, folder: Path, name: str, audio: bytes, use_case: str | None = None) -> tuple[list[str], bytes]:
    """Run the client, which has *audio* in the file *name*; return its lines, and the audio that it heard."""
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    changes = {"token = ''": f"token = '{TOKEN}'", URL: url}
    if use_case is not None:
        changes[_OPEN] = published(use_case)
    (folder / "client.js").write_text(published("node", changes))
    (folder / name).write_bytes(audio)
    lines = await printed("node", "client.js", folder=folder, last="AudioSocket closed")
    return lines, _payloads((folder / "received_audio.pcm").read_bytes())


def _payloads(stream: bytes) -> bytes:
    """Return the audio of AudioSocket's frames."""
    audio = b""
    while stream:
        kind, size = struct.unpack(">BH", stream[:3])
        assert (kind, len(stream) >= 3 + size) == (0x10, True)
        audio, stream = audio + stream[3 : 3 + size], stream[3 + size :]
    return audio
