/* Transcoding, 32 codewords at a time: a table of 128 as eight lookups of 16. */
#include "g711.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

/* numbers[bytes & 127]. A lookup takes the low nibble and yields 0 where bit 7 of the index is set, so each row of 16
 * sees an index whose bit 7 is set unless the row is its own. */
PW_TARGET_AVX2 static inline __m256i lookup(__m256i bytes, const __m256i rows[8])
{
    const __m256i index = _mm256_and_si256(bytes, _mm256_set1_epi8(0x7F));
    __m256i found = _mm256_setzero_si256();
    for (int row = 0; row < 8; row++) {
        /* Of the row: 0-15. Of another: at least 16, and 16 + 112 = 128. */
        const __m256i in_row = _mm256_xor_si256(index, _mm256_set1_epi8((char)(row << 4)));
        const __m256i or_none = _mm256_adds_epu8(in_row, _mm256_set1_epi8(112));
        found = _mm256_or_si256(found, _mm256_shuffle_epi8(rows[row], or_none));
    }
    return found;
}

PW_TARGET_AVX2 static inline size_t transcode(const uint8_t *from, size_t n, uint8_t *to, int complement,
                                              const uint8_t *numbers, int new_complement)
{
    const __m256i sign = _mm256_set1_epi8((char)0x80);
    __m256i rows[8];
    size_t i = 0;

    for (int row = 0; row < 8; row++)
        rows[row] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(numbers + 16 * row)));
    for (; n - i >= 32; i += 32) {
        const __m256i c = _mm256_loadu_si256((const __m256i *)(const void *)(from + i));
        const __m256i found = lookup(_mm256_xor_si256(c, _mm256_set1_epi8((char)complement)), rows);
        const __m256i bits = _mm256_xor_si256(found, _mm256_set1_epi8((char)new_complement));
        _mm256_storeu_si256((__m256i *)(void *)(to + i), _mm256_or_si256(bits, _mm256_and_si256(c, sign)));
    }
    return i;
}

PW_TARGET_AVX2 PW_TRANSCODE(pw_ulaw_to_alaw_avx2)
{
    const size_t done = transcode(from, n, to, PW_ULAW_COMPLEMENT, pw_ulaw_to_alaw_numbers, PW_ALAW_COMPLEMENT);
    pw_ulaw_to_alaw_scalar(from + done, n - done, to + done);
}

PW_TARGET_AVX2 PW_TRANSCODE(pw_alaw_to_ulaw_avx2)
{
    const size_t done = transcode(from, n, to, PW_ALAW_COMPLEMENT, pw_alaw_to_ulaw_numbers, PW_ULAW_COMPLEMENT);
    pw_alaw_to_ulaw_scalar(from + done, n - done, to + done);
}

#endif
