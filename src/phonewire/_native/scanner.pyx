# cython: language_level=3
"""Messages of a known form on the compiled core; see `phonewire._pure.scanner`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.long cimport PyLong_FromUnsignedLongLong
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from cython cimport auto_pickle, final
from libc.stdint cimport uint8_t

from phonewire._native.buffers cimport Py_buffer, PyBuffer_Release, acquire_read
from phonewire._native.kernels cimport K, PW_BASE64_VALID, pw_base64_decoded_size
from phonewire._native.match cimport pw_match, pw_template

from phonewire._native import document
from phonewire._pure.scanner import check_places, split

__all__ = ["EventScanner", "MessageScanner"]


cdef extern from "Python.h":
    object PyObject_Call(object function, tuple arguments, PyObject* keywords)


cdef bytes decoded(const uint8_t* text, size_t n):
    """Return None for what is not base64."""
    data = PyBytes_FromStringAndSize(NULL, pw_base64_decoded_size(text, n))
    valid = K.base64_decode(text, n, <uint8_t*>PyBytes_AS_STRING(data)) == PW_BASE64_VALID
    return data if valid else None


cdef inline void put(tuple values, Py_ssize_t i, object value):
    Py_INCREF(value)  # which PyTuple_SET_ITEM takes over
    PyTuple_SET_ITEM(values, i, value)


@final
@auto_pickle(False)
cdef class MessageScanner:
    """MessageScanner(*parts)\n--\n
    Takes the payload and the numbers out of JSON messages whose text differs in nothing else.

    Args:
        parts: the message in pieces: bytes for text that stays, and between each two the type `int` where a number
            stands or `bytes`, once, where the payload does; at most 8 of them. Quotes belong to the text.

    Attributes:
        slots: how many values there are.

    Raises:
        TypeError: text is not bytes.
        ValueError: the parts do not alternate, or there is more than one way to match a message.
    """
    cdef bytes _literals
    cdef pw_template _template

    # Not __init__: that could be called again while another thread is in scan.
    def __cinit__(self, *parts):
        literals, slots = split(parts)
        self._literals = b"".join(literals)
        self._template.literals = <const uint8_t*>PyBytes_AS_STRING(self._literals)
        for i, literal in enumerate(literals):
            self._template.sizes[i] = len(literal)
        self._template.slots = len(slots)
        self._template.payload = slots.index(bytes)

    @property
    def slots(self):
        return self._template.slots

    def scan(self, data, /):
        return self._scan(data)

    cdef tuple _scan(self, data):
        cdef Py_buffer source
        cdef pw_match match
        cdef bytes payload = None
        acquire_read(data, &source, False)
        try:
            if K.match_template(&self._template, <const uint8_t*>source.buf, source.len, &match):
                payload = decoded(match.payload, match.payload_size)
        finally:
            PyBuffer_Release(&source)
        return None if payload is None else self._values(payload, &match)

    cdef tuple _values(self, bytes payload, const pw_match* match):
        cdef size_t i
        cdef tuple values = PyTuple_New(self._template.slots)
        put(values, 0, payload)
        for i in range(1, self._template.slots):
            put(values, i, PyLong_FromUnsignedLongLong(match.numbers[i - 1]))
        return values


@final
@auto_pickle(False)
cdef class EventScanner:
    """EventScanner(scanner, make, places, others)\n--\n
    Makes an event of each message that a scanner knows.

    Args:
        scanner: knows the form.
        make: makes the event of its arguments, which are at most 16.
        places: for each argument which value of the scan it is, from 0; or -1.
        others: for each argument what it is where its place is -1.

    Raises:
        ValueError: there are not as many places as others, or there is no such place.
    """
    cdef MessageScanner _scanner
    cdef object _make
    cdef tuple _others
    cdef Py_ssize_t _places[16]  # as many as `check_places` lets pass

    def __cinit__(self, MessageScanner scanner not None, make, tuple places not None, tuple others not None):
        check_places(places, others, scanner.slots)
        self._scanner, self._make, self._others = scanner, make, others
        for i, place in enumerate(places):
            self._places[i] = place

    def read(self, data, /):
        cdef Py_ssize_t i, place
        cdef tuple arguments, found = self._scanner._scan(data)
        if found is None:
            return None
        arguments = PyTuple_New(len(self._others))
        for i in range(len(self._others)):
            place = self._places[i]
            put(arguments, i, self._others[i] if place < 0 else found[place])
        return PyObject_Call(self._make, arguments, NULL)


document(globals())
