"""The tutorial's Python client, on the `websocket-client` that it imports."""

import sys
from pathlib import Path

from .published import TOKEN, URL, printed, published

NEEDS = ("websocket-client",)


def source(url: str) -> str:
    """Return the client; the functions below ``run_forever()``, which never returns, come before the connection."""
    client = published("python", {'token = ""': f'token = "{TOKEN}"', URL: url})
    above, connection = client.split("# Connect to media stream\n")
    connection, functions = connection.split("ws.run_forever()\n")
    return above + functions + connection + "ws.run_forever()\n"


async def run(url: str, folder: Path, audio: bytes) -> tuple[list[str], bytes]:
    """Run the client, which has *audio* to say; return its lines, and the file of what it heard."""
    (folder / "audio_to_inject.raw").write_bytes(audio)
    (folder / "client.py").write_text(source(url))
    lines = await printed(sys.executable, "client.py", folder=folder, last="Connection closed: 1000")
    return lines, (folder / "received_audio.raw").read_bytes()
