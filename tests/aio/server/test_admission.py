"""Who may wait at the door, and where they come from: no sockets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.aio.server.address import Proxies, customer
from phonewire.aio.server.admission import Admission

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), st.integers(0, 9), st.sampled_from([None, "a", "b", "c"])),
        st.tuples(st.just("attribute"), st.integers(0, 9), st.sampled_from(["a", "b", "c"])),
        st.tuples(st.just("leave"), st.integers(0, 9), st.none()),
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 4), st.integers(1, 3))
def test_counts_what_a_plain_list_counts(steps, most, most_per_address):
    admission = Admission(most, most_per_address)
    model = []  # [connection, address], oldest first
    for step, connection, address in steps:
        mine = next((entry for entry in model if entry[0] == connection), None)
        room = sum(entry[1] == address for entry in model) < most_per_address
        if step == "enter" and mine is None:
            assert admission.enter(connection, address) is (address is None or room)
            if address is None or room:
                model.append([connection, address])
        elif step == "attribute":
            free = mine is None or mine[1] is not None
            assert admission.attribute(connection, address) is (free or room)
            if not free and room:
                mine[1] = address
        elif step == "leave":
            admission.leave(connection)
            model = [entry for entry in model if entry is not mine]
        assert len(admission) == len(model)
        assert admission.overdue() == (model[0][0] if len(model) > most else None)


def test_forgets_addresses():
    admission = Admission(10, 2)
    for n in range(1000):
        assert admission.enter(n, f"10.0.{n // 256}.{n % 256}")
        admission.leave(n)
        admission.leave(n)
    assert not admission._from  # the table is no way to fill the memory


@pytest.mark.parametrize(
    ("address", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),  # a stranger may claim what it likes
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.7"], "198.51.100.7"),  # left of the client is what the client claims
        ("10.0.0.1", ["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7, 10.0.0.2"], "198.51.100.7"),  # two proxies
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["198.51.100.7, junk"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7, , 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),  # a socket that takes both families
        ("fd00::1%eth0", ["198.51.100.7"], "198.51.100.7"),
        ("/run/phonewire.sock", ["198.51.100.7"], "/run/phonewire.sock"),
    ],
)
def test_who_is_behind_a_proxy(address, forwarded, client):
    assert Proxies(["10.0.0.0/8", "fd00::/8"]).client(address, forwarded) == client


def test_a_proxy_is_an_address_or_a_network():
    assert Proxies("10.0.0.1").trusts("10.0.0.1")
    for wrong in ("10.0.0.1/8", "proxy.example.com", ""):
        with pytest.raises(ValueError, match=r"host bits|IPv4"):
            Proxies([wrong])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("/run/a.sock", "/run/b.sock", False),
    ],
)
def test_what_counts_as_one_address(one, other, same):
    assert (customer(one) == customer(other)) is same
