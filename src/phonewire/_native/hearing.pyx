# cython: language_level=3
"""Audio that goes to its reader as it comes, by compiled code; see `phonewire._pure.hearing`."""

from collections import deque

from cython cimport auto_pickle, final

from phonewire._native import document

__all__ = ["Backlog", "Hearing"]


@auto_pickle(False)
cdef class Backlog:
    """Backlog(limit, lossless)\n--\n
    What one reader has still to read, and when it is too much.

    Args:
        limit: more than this, in the sum of sizes, is too much.
        lossless: then `full` says so; otherwise the oldest items are dropped.

    Attributes:
        items: what is still to read, each with its size.
        limit, lossless: as the arguments.
        full: there is too much, and has been since there was twice as much as there may be again.
        dropped: items that were dropped.
        reader: a future that is done when there is something to read; None when nobody waits.
    """
    cdef readonly long long limit
    cdef long long _size
    cdef readonly object items
    cdef object _append, _popleft
    cdef public bint lossless, full
    cdef public long long dropped
    cdef public object reader

    def __init__(self, long long limit, bint lossless):
        self.limit = limit
        self.lossless = lossless
        self.items = deque()
        self._append, self._popleft = self.items.append, self.items.popleft

    cdef int add(self, item, long long size) except -1:
        self._append((item, size))
        self._size += size
        if self.reader is not None:
            self._wake()
        if self._size > self.limit:
            if self.lossless:
                self.full = True
            else:
                self._drop_oldest()
        return 0

    def publish(self, item, long long size, /):
        self.add(item, size)

    def take(self):
        item, size = self._popleft()
        self._size -= <long long>size
        if self.full and self._size <= self.limit // 2:
            self.make_room()
        return item

    def make_room(self):
        self.full = False

    def wake(self):
        self._wake()

    cdef int _wake(self) except -1:
        reader, self.reader = self.reader, None
        if reader is not None and not reader.done():
            reader.set_result(None)
        return 0

    cdef int _drop_oldest(self) except -1:
        while self._size > self.limit and len(self.items) > 1:
            _, size = self._popleft()
            self._size -= <long long>size
            self.dropped += 1
        return 0


@final
@auto_pickle(False)
cdef class Hearing:
    """Hearing()\n--\n
    Takes messages, and hands audio to the one who reads while it is open: nobody else is to be told.

    Attributes:
        is_open: whether audio is handed on.
        otherwise: takes the messages (data, text) that are not handed on here; what it returns is returned.
        frames: messages of audio; whoever takes others counts them here, too.
        bytes: of audio in them.
    """
    cdef tuple _readers
    cdef Backlog _backlog
    cdef public object otherwise
    cdef readonly bint is_open
    cdef public long long frames, bytes

    def __cinit__(self):  # for its signature: without one Cython takes any arguments
        pass

    def open(self, tuple readers not None, Backlog backlog not None):
        self._readers, self._backlog = readers, backlog
        self.is_open = True

    def close(self):
        self.is_open = False

    def take(self, data, text, /):
        cdef Py_ssize_t size
        if self.is_open and text:
            for read in self._readers:
                media = read(data)
                if media is not None:
                    size = len(media.payload)
                    self.frames += 1
                    self.bytes += size
                    self._backlog.add(media, size)
                    return True
        return self.otherwise(data, text)


document(globals())
