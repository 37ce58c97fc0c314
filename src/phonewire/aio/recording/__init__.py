"""Recordings of calls, from the frames of a call to complete WAV files on a disk that may be slow, full or gone.

``recorder`` is what a call has; it gathers in ``intake`` and writes, in a thread, through ``file``, which has a
``part`` for each WAV file and a ``sidecar``. ``plan`` says what it is to be, ``name`` makes names, ``retention``
removes.
"""
