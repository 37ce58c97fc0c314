"""The Twilio engine inside a plain asyncio server, without any WebSocket library: one JSON message a line.

This is the proof that the engines do no I/O: whatever carries whole messages can carry a call.
"""

import asyncio

from phonewire.protocols import twilio
from phonewire.protocols.connection import Side


async def serve_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    stream = twilio.Connection(Side.SERVER)
    while line := await reader.readline():
        for event in stream.receive(line.rstrip(b"\n"), text=True):
            print(type(event).__name__)
            if isinstance(event, twilio.Media):
                stream.send_audio(event.pcm)
        for message, _ in stream.data_to_send():
            writer.write(message + b"\n")
        await writer.drain()
    for event in stream.receive_eof():
        print(event)
    writer.close()


async def talk(port: int) -> list[bytes]:
    """Be Twilio: send a call, line by line, and return what came back."""
    stream = twilio.Connection(Side.CLIENT)
    stream.send(twilio.Connected())
    stream.send(twilio.Start(call_sid="CA1", stream_sid="MZ1", account_sid="AC1"))
    stream.send_payload(bytes(range(160)))
    stream.send(twilio.Stop())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.writelines(message + b"\n" for message, _ in stream.data_to_send())
    writer.write_eof()
    answer = [line async for line in reader]
    writer.close()
    return answer


async def main() -> None:
    async with await asyncio.start_server(serve_lines, "127.0.0.1", 0) as server:
        for line in await talk(server.sockets[0].getsockname()[1]):
            print(line.decode().rstrip())


if __name__ == "__main__":
    asyncio.run(main())
