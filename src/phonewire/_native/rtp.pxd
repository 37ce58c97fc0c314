# What the C library knows of RTP, as Cython sees it.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "rtp/rtp.h" nogil:
    const int PW_RTP_FIXED_SIZE
    const unsigned PW_RTP_GOOD

    ctypedef struct pw_rtp_header:
        uint32_t timestamp
        uint32_t ssrc
        uint16_t sequence_number
        uint16_t extension_profile
        uint8_t payload_type
        uint8_t marker
        uint8_t csrc_count
        uint8_t has_extension
        uint8_t padding_size
        uint8_t reason
        size_t payload_offset
        size_t payload_size

    ctypedef unsigned pw_rtp_parse_fn(const uint8_t* packet, size_t n, pw_rtp_header* header) noexcept
    ctypedef void pw_rtp_pack_fn(const pw_rtp_header* header, uint8_t* packet) noexcept


cdef extern from "rtp/tracker.h" nogil:
    ctypedef struct pw_rtp_tracker:
        uint16_t base
        uint16_t max
        uint64_t cycles
        uint64_t received
        uint64_t jitter

    ctypedef struct pw_rtp_report:
        uint8_t fraction_lost
        int32_t cumulative_lost
        uint32_t highest_sequence_number
        uint32_t jitter

    ctypedef int pw_rtp_track_fn(pw_rtp_tracker* tracker, uint16_t sequence_number) noexcept
    ctypedef void pw_rtp_track_jitter_fn(pw_rtp_tracker* tracker, uint32_t timestamp, uint32_t arrival) noexcept
    ctypedef int64_t pw_rtp_expected_fn(const pw_rtp_tracker* tracker) noexcept
    ctypedef void pw_rtp_report_fn(pw_rtp_tracker* tracker, pw_rtp_report* report) noexcept
