"""Chromium without a window: its flags, and pages of it over the DevTools protocol."""

import asyncio
import base64
import contextlib
import itertools
import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from .published import running

__all__ = ["FLAGS", "Page", "chromium", "opened"]

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--enable-logging=stderr",
]  # fmt: skip


def chromium() -> str | None:
    """Return where it is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """A page: https://chromedevtools.github.io/devtools-protocol/.

    Attributes:
        complaints: what the browser has said is wrong: exceptions, refused resources, violations of a policy.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._session: dict[str, str] = {}
        self.complaints: list[str] = []

    async def open(self, url: str, *, width: int = 1280, height: int = 800, dark: bool = False) -> None:
        """Open *url* in a tab of its own, in a window of that size."""
        target = await self.ask("Target.createTarget", url="about:blank")
        attached = await self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log"):
            await self.ask(f"{domain}.enable")
        await self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.ask("Emulation.setEmulatedMedia", features=[scheme])
        await self.ask("Page.navigate", url=url)
        await self.until("location.href !== 'about:blank' && document.readyState === 'complete'")

    async def resize(self, width: int, height: int) -> None:
        """Make the window another size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.ask("Emulation.setDeviceMetricsOverride", **size)

    async def ask(self, method: str, **params: object) -> dict:
        """Ask for something and return the answer; note complaints that come before it."""
        number = next(self._ids)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params} | self._session))
        while (message := json.loads(await self._socket.recv())).get("id") != number:
            if message["method"] == "Runtime.exceptionThrown":
                self.complaints.append(message["params"]["exceptionDetails"]["exception"]["description"])
            elif message["method"] == "Log.entryAdded":
                self.complaints.append(message["params"]["entry"]["text"])
        assert "error" not in message, message
        return message["result"]

    async def evaluate(self, expression: str) -> object:
        """Return what an expression is worth on the page, as if the user had just clicked."""
        options = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        answer = await self.ask("Runtime.evaluate", expression=expression, **options)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, expression: str) -> object:
        """Ask until an expression is worth something, and return that."""
        while not (value := await self.evaluate(expression)):  # noqa: ASYNC110 - a page tells nobody
            await asyncio.sleep(0.05)
        return value

    async def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key and let it go."""
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
        await self.ask("Input.dispatchKeyEvent", type="keyDown", **about)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", **about | {"text": ""})

    async def screenshot(self) -> bytes:
        """Return what is to be seen, as PNG."""
        return base64.b64decode((await self.ask("Page.captureScreenshot", format="png"))["data"])


@contextlib.asynccontextmanager
async def opened(url: str, folder: Path, **options: object) -> AsyncIterator[Page]:
    """Open a page in a Chromium of its own, whose files are in *folder*."""
    flags = [*FLAGS, "--disable-lcd-text", "--remote-debugging-port=0", f"--user-data-dir={folder / 'profile'}"]
    async with contextlib.AsyncExitStack() as stack:
        output = await stack.enter_async_context(running(chromium(), *flags, "about:blank", folder=folder))
        socket = await stack.enter_async_context(connect(await _devtools(output), max_size=None, compression=None))
        reading = asyncio.create_task(_read_on(output))
        stack.callback(reading.cancel)
        page = Page(socket)
        await page.open(url, **options)
        yield page


async def _devtools(output: asyncio.StreamReader) -> str:
    async for line in output:
        if found := re.search(rb"DevTools listening on (ws://\S+)", line):
            return found[1].decode()
    raise AssertionError("Chromium ended before it listened")


async def _read_on(output: asyncio.StreamReader) -> None:
    """Take what it prints, or it would wait for us."""
    async for _ in output:
        pass
