# Buffers in and out. Always PyObject_GetBuffer with the format, never typed memoryviews (80-170 ns each) and never
# PyBUF_SIMPLE (a float32 array would pass as bytes). A view is on the C stack and is held for the whole call.
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE


cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

    # Declared here because Cython's own declaration hides that `obj` may be NULL.
    ctypedef struct Py_buffer:
        void* buf
        void* obj
        Py_ssize_t len
        bint readonly
        const char* format

    const int PyBUF_FULL_RO
    int PyObject_GetBuffer(object, Py_buffer*, int) except -1
    bint PyBuffer_IsContiguous(const Py_buffer*, char)
    void PyBuffer_Release(Py_buffer*)

    const int PY_LITTLE_ENDIAN
    bint PyUnicode_Check(object)
    bint PyUnicode_IS_COMPACT_ASCII(object)
    void* PyUnicode_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)


cdef enum:
    # Input bytes from which a call releases the GIL: handing it over and back costs about what 16 KiB take.
    NOGIL_SIZE = 16384


cdef inline bint is_bytes(const char* format) noexcept:
    return format == NULL or (format[0] in b"Bbc" and format[1] == 0)


cdef inline bint is_samples(const char* format) noexcept:
    return format[0] == b"h" and format[1] == 0


cdef inline int check_format(Py_buffer* view, bint samples) except -1:
    cdef const char* format = view.format
    if is_bytes(format):
        return 0
    # A prefix that says "as this machine does" changes nothing; ctypes always writes one.
    if format[0] in (b"@=<" if PY_LITTLE_ENDIAN else b"@=>!"):
        format += 1
    if is_bytes(format) or (samples and is_samples(format)):
        return 0
    name = (<bytes>view.format).decode("ascii", "replace")
    if samples:
        raise TypeError(f"samples need buffer format 'h' (or bytes: 'B', 'b', 'c'), got '{name}'")
    raise TypeError(f"bytes need buffer format 'B', 'b' or 'c', got '{name}'")


cdef inline int acquire(object source, Py_buffer* view, bint samples) except -1:
    PyObject_GetBuffer(source, view, PyBUF_FULL_RO)
    try:
        if not PyBuffer_IsContiguous(view, b"C"):
            raise BufferError("buffer is not C-contiguous")
        check_format(view, samples)
    except:
        PyBuffer_Release(view)
        raise
    return 0


cdef inline int acquire_read(object source, Py_buffer* view, bint samples) except -1:
    """Fill *view* from *source*: bytes, or 16-bit samples where *samples* is set. Release it afterwards."""
    if PyBytes_CheckExact(source):
        # The caller holds the object, bytes never move: nothing to lock, and PyBuffer_Release ignores the view.
        view.buf, view.len, view.obj = PyBytes_AS_STRING(source), PyBytes_GET_SIZE(source), NULL
        return 0
    return acquire(source, view, samples)


cdef inline int acquire_text(object text, Py_buffer* view) except -1:
    """Fill *view* from an ASCII str or from bytes. Release it afterwards."""
    if PyUnicode_Check(text):
        view.buf, view.len, view.obj = PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text), NULL
        return 0
    return acquire_read(text, view, False)


cdef inline object ascii_text(object text):
    """Let each character that is not ASCII become a '?', which no base64 contains, at the same offset."""
    if PyUnicode_Check(text) and not PyUnicode_IS_COMPACT_ASCII(text):
        return (<str>text).encode("ascii", "replace")
    return text


cdef inline int acquire_write(object out, Py_buffer* view, bint samples) except -1:
    """Fill *view* from a writable buffer. Release it afterwards."""
    acquire(out, view, samples)
    if view.readonly:
        PyBuffer_Release(view)
        raise BufferError("output buffer is read-only")
    return 0


cdef inline Py_ssize_t sample_count(Py_ssize_t size) except -1:
    if size & 1:
        from phonewire.errors import CodecError
        raise CodecError(f"samples are 2 bytes each, got {size} bytes")
    return size >> 1


cdef inline int check_room(Py_buffer* out, Py_ssize_t needed) except -1:
    if needed > out.len:
        from phonewire.errors import BufferTooSmallError
        raise BufferTooSmallError(needed, out.len)
    return 0


cdef inline bint overlap(Py_buffer* a, Py_buffer* b) noexcept:
    return <char*>a.buf < <char*>b.buf + b.len and <char*>b.buf < <char*>a.buf + a.len
