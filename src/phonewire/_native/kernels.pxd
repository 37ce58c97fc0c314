# What the C library offers, as Cython sees it, and the one table of kernels that every binding shares.
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from phonewire._native.match cimport pw_match_fn
from phonewire._native.rtp cimport (
    pw_rtp_expected_fn, pw_rtp_pack_fn, pw_rtp_parse_fn, pw_rtp_report_fn, pw_rtp_track_fn, pw_rtp_track_jitter_fn,
)

# (input, its number of items, output): what most operations look like.
ctypedef void convert_fn(const uint8_t*, size_t, uint8_t*) noexcept nogil
# The same, returning the offset of the first bad character.
ctypedef size_t check_fn(const uint8_t*, size_t, uint8_t*) noexcept nogil


cdef extern from "kernels.h" nogil:
    const size_t PW_BASE64_VALID
    const size_t PW_PCM_MAX_COUNT
    const unsigned PW_ISA_AVX2, PW_ISA_AVX512, PW_ISA_AVX512VBMI, PW_ISA_NEON

    ctypedef struct pw_pcm_power:
        uint64_t energy
        uint32_t peak

    ctypedef struct pw_polyphase:
        const uint8_t* coefficients
        size_t taps
        size_t up, down

    const Py_ssize_t PW_DTMF_HOP, PW_DTMF_WINDOW

    ctypedef struct pw_goertzel_tone:
        pass

    ctypedef struct pw_goertzel_bin:
        pass

    ctypedef void pw_goertzel_fn(
        const uint8_t*, size_t, const pw_goertzel_tone*, size_t, pw_goertzel_bin*
    ) noexcept nogil
    ctypedef pw_pcm_power pw_pcm_measure_fn(const uint8_t*, size_t) noexcept nogil

    ctypedef struct pw_dtmf_bank:
        pass

    ctypedef struct pw_dtmf_state:
        pass

    ctypedef struct pw_dtmf_kernels:
        pw_goertzel_fn* goertzel
        pw_pcm_measure_fn* measure

    ctypedef void gather_fn "pw_pcm_gather_fn"(const uint8_t* const*, size_t, size_t, uint8_t*) noexcept nogil

    ctypedef struct pw_kernels:
        unsigned isas

        convert_fn* ulaw_encode
        convert_fn* ulaw_encode_audioop
        convert_fn* alaw_encode
        convert_fn* ulaw_decode
        convert_fn* alaw_decode
        convert_fn* ulaw_to_alaw
        convert_fn* alaw_to_ulaw
        void (*g711_split)(const uint8_t*, size_t, uint8_t*, uint8_t*) noexcept nogil

        convert_fn* base64_encode
        check_fn* base64_decode

        convert_fn* ulaw_payload_encode
        convert_fn* alaw_payload_encode
        check_fn* ulaw_payload_decode
        check_fn* alaw_payload_decode
        pw_match_fn* match_template

        pw_rtp_parse_fn* rtp_parse
        pw_rtp_pack_fn* rtp_pack
        pw_rtp_track_fn* rtp_track
        pw_rtp_track_jitter_fn* rtp_track_jitter
        pw_rtp_expected_fn* rtp_expected
        pw_rtp_report_fn* rtp_report_interval

        gather_fn* pcm_mix
        void (*pcm_mix_minus)(const uint8_t* const*, size_t, size_t, uint8_t* const*) noexcept nogil
        gather_fn* pcm_interleave
        void (*pcm_deinterleave)(const uint8_t*, size_t, size_t, uint8_t* const*) noexcept nogil
        void (*pcm_gain)(const uint8_t*, size_t, int32_t, uint8_t*) noexcept nogil
        convert_fn* pcm_byteswap
        pw_pcm_measure_fn* pcm_measure

        void (*resample)(const pw_polyphase*, const uint8_t*, size_t, size_t, uint8_t*) noexcept nogil

        pw_goertzel_fn* goertzel
        void (*dtmf_scan)(
            const pw_dtmf_kernels*, const pw_dtmf_bank*, pw_dtmf_state*, const uint8_t*, size_t, uint8_t*
        ) noexcept nogil

    size_t pw_base64_encoded_size(size_t n)
    size_t pw_base64_decoded_size(const uint8_t* text, size_t n)

    unsigned pw_kernels_compiled()
    unsigned pw_cpu_isas()
    void pw_kernels_init(pw_kernels* table, unsigned allowed)


cdef pw_kernels K


cdef inline void run(convert_fn* kernel, const void* data, size_t n, void* out, bint release_gil) noexcept:
    if release_gil:
        with nogil:
            kernel(<const uint8_t*>data, n, <uint8_t*>out)
    else:
        kernel(<const uint8_t*>data, n, <uint8_t*>out)


cdef inline void split(const void* stereo, size_t n, void* first, void* second, bint release_gil) noexcept:
    if release_gil:
        with nogil:
            K.g711_split(<const uint8_t*>stereo, n, <uint8_t*>first, <uint8_t*>second)
    else:
        K.g711_split(<const uint8_t*>stereo, n, <uint8_t*>first, <uint8_t*>second)
