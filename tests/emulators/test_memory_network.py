"""The network inside the loop: whatever asyncio's own streams promise over sockets, they promise here."""

import asyncio
import contextlib
import random
import ssl

import pytest

DATA = random.Random(1).randbytes(1_000_000)


@contextlib.asynccontextmanager
async def listening(take, **options):
    """Serve *take(reader, writer)*; what it raises comes out when the block is left."""
    tasks = []

    async def keep(reader, writer):
        tasks.append(asyncio.current_task())
        await take(reader, writer)
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0, **options)
    async with server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*tasks)


async def echo(reader, writer):
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()


def test_bytes_arrive_whole_and_in_order_and_take_no_time(on_fake_clock):
    async def main():
        start_s = asyncio.get_running_loop().time()
        async with listening(echo) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(DATA)
            writer.write_eof()
            assert await reader.read() == DATA
            writer.close()
            await writer.wait_closed()
        assert asyncio.get_running_loop().time() == start_s

    on_fake_clock(main)


def test_who_does_not_read_makes_the_writer_wait(on_fake_clock):
    async def slow(reader, writer):
        await asyncio.sleep(5)
        assert len(await reader.read()) == len(DATA)

    async def main():
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        async with listening(slow) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(DATA)
            assert writer.transport.get_write_buffer_size() > 0
            await writer.drain()
            assert loop.time() == start_s + 5
            writer.close()

    on_fake_clock(main)


def test_a_closed_end_is_told_after_the_last_byte(on_fake_clock):
    async def speak(reader, writer):
        writer.write(b"goodbye")

    async def main():
        async with listening(speak) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"ignored")
            assert await reader.read() == b"goodbye"
            writer.close()

    on_fake_clock(main)


def test_writing_to_who_has_left_is_an_error(on_fake_clock):
    async def leave(reader, writer):
        pass

    async def main():
        async with listening(leave) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await reader.read() == b""
            writer.transport.pause_reading()
            writer.write(b"x")
            await asyncio.sleep(0)
            with pytest.raises(ConnectionError):
                await writer.drain()

    on_fake_clock(main)


def test_nobody_listens(on_fake_clock):
    async def main():
        with pytest.raises(ConnectionRefusedError, match="nothing listens on port 9"):
            await asyncio.open_connection("127.0.0.1", 9)
        async with listening(echo) as port:
            with pytest.raises(OSError, match=f"port {port} is taken"):
                await asyncio.start_server(echo, "127.0.0.1", port)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    on_fake_clock(main)


# TLS


@pytest.mark.parametrize("pieces", [1, 1000])
def test_tls_carries_bytes_whole_and_in_order(on_fake_clock, certificate, trusted, pieces):
    async def main():
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        async with listening(echo, ssl=certificate) as port:
            trusting = ssl.create_default_context(cafile=trusted)
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
            for at in range(0, len(DATA), len(DATA) // pieces):
                writer.write(DATA[at : at + len(DATA) // pieces])
            assert await reader.readexactly(len(DATA)) == DATA
            assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
            writer.close()
            await writer.wait_closed()
        assert loop.time() == start_s

    on_fake_clock(main)


@pytest.mark.parametrize(("host", "trusts"), [("example.com", True), ("127.0.0.1", False)])
def test_tls_believes_no_other_certificate(on_fake_clock, certificate, trusted, host, trusts):
    async def never(reader, writer):
        pytest.fail("a connection that nobody trusts")

    async def main():
        async with listening(never, ssl=certificate) as port:
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.open_connection(
                    host, port, ssl=ssl.create_default_context(cafile=trusted) if trusts else True
                )

    on_fake_clock(main)


def test_tls_is_not_waited_for_without_end(on_fake_clock, certificate):
    async def quiet(reader, writer):
        await reader.read()

    async def main():
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        async with listening(quiet) as port:
            with pytest.raises(ConnectionAbortedError, match="longer than 3 seconds"):
                await asyncio.open_connection("127.0.0.1", port, ssl=True, ssl_handshake_timeout=3)
        async with listening(quiet, ssl=certificate, ssl_handshake_timeout=4) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await reader.read() == b""
            writer.close()
        assert loop.time() == start_s + 7

    on_fake_clock(main)


def test_a_loop_that_waits_for_nothing_says_so(on_fake_clock):
    async def main():
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="never come"):
        on_fake_clock(main)


def test_a_loop_that_waits_for_ever_says_so(on_fake_clock):
    async def main():
        while True:  # noqa: ASYNC110 - it is to hang
            await asyncio.sleep(1)

    with pytest.raises(RuntimeError, match="no end after 600 s"):
        on_fake_clock(main)


def test_work_for_a_thread_takes_the_time_it_is_given(on_fake_clock):
    async def main():
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        assert await asyncio.to_thread(len, "four") == 4
        assert loop.time() == start_s
        loop.thread_s = 2.5
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(divmod, 1, 0)
        assert loop.time() == start_s + 2.5

    on_fake_clock(main)
