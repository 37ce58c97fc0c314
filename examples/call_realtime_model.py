"""Call the bridge of realtime_model.py as Twilio would, interrupt its answer, and say what the fake model was told."""

import asyncio
from functools import partial

from fake_realtime_model import FakeModel
from realtime_model import bridge
from spoken import phrase

import phonewire
from phonewire.emulators.twilio import TwilioCaller


async def main() -> tuple[FakeModel, TwilioCaller]:
    model = FakeModel()
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None, queue_ms=600_000)
    async with (
        model.listen() as url,
        phonewire.serve(partial(bridge, url=url), endpoints=[endpoint]) as server,
        TwilioCaller(server.url + "/twilio") as caller,
    ):
        await caller.say(phrase(1))
        await caller.say(phrase(4))  # while the first one is answered
        await caller.until(lambda: model.answer in caller.heard)
    print(f"said {len(caller.said) / 8000:.1f} s, interrupted the answer after {model.truncated[0]} ms of it")
    print(f"heard {caller.heard_ms / 1000:.1f} s in all")
    return model, caller


if __name__ == "__main__":
    asyncio.run(main())
