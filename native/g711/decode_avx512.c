/* Decoding, 64 codewords at a time, the rest under a mask. The algorithm is that of decode_avx2.c. */
#include "g711.h"
#include "../target.h"

#if PW_X86_64
#include "../avx512.h"

typedef struct {
    __m512i low, high;
} pair_of_words;

/* Byte pairs (u0, u1) unsigned and (s0, s1) signed -> words u0*s0 + u1*s1, in the order of the bytes. */
PW_TARGET_AVX512 static inline pair_of_words multiply_add(__m512i u0, __m512i u1, __m512i s0, __m512i s1)
{
    const pair_of_words r = {
        _mm512_maddubs_epi16(_mm512_unpacklo_epi8(u0, u1), _mm512_unpacklo_epi8(s0, s1)),
        _mm512_maddubs_epi16(_mm512_unpackhi_epi8(u0, u1), _mm512_unpackhi_epi8(s0, s1)),
    };
    return r;
}

PW_TARGET_AVX512 static inline __m512i lookup(__m512i nibbles, __m128i table)
{
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), nibbles);
}

PW_TARGET_AVX512 static inline __m512i high_nibbles(__m512i bytes)
{
    return _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(15));
}

/* 8 * low nibble, 0-120, each bit complemented where `complement` has it. */
PW_TARGET_AVX512 static inline __m512i eight_steps(__m512i bytes, int complement)
{
    return _mm512_ternarylogic_epi32(_mm512_slli_epi16(bytes, 3), _mm512_set1_epi8(0x78),
                                     _mm512_set1_epi8((char)complement), PW_A_AND_B_XOR_C);
}

/* magnitude = (8*step + 132) * (2^segment - 1) + 8*step; the tables are by the high nibble as transmitted. */
PW_TARGET_AVX512 static inline pair_of_words ulaw_samples_of(__m512i c)
{
    const __m128i factor = _mm_setr_epi8(-127, -63, -31, -15, -7, -3, -1, 0, 127, 63, 31, 15, 7, 3, 1, 0);
    const __m128i one = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1);
    const __m512i steps = eight_steps(c, 0x78);
    const __m512i biased = _mm512_or_si512(steps, _mm512_set1_epi8((char)PW_ULAW_BIAS));
    const __m512i segments = high_nibbles(c);
    return multiply_add(biased, steps, lookup(segments, factor), lookup(segments, one));
}

/* magnitude / 2 = 8*step + 4 in segment 0, else (8*step + 4 + 128) * 2^(segment - 1); tables by the high nibble as
 * transmitted, whose bits 0 and 2 are complemented: segments 5 4 7 6 1 0 3 2. */
PW_TARGET_AVX512 static inline pair_of_words alaw_samples_of(__m512i c)
{
    const __m128i factor = _mm_setr_epi8(-16, -8, -64, -32, -1, -1, -4, -2, 16, 8, 64, 32, 1, 1, 4, 2);
    const __m128i leading = _mm_setr_epi8(-16, -8, -64, -32, -1, 0, -4, -2, 16, 8, 64, 32, 1, 0, 4, 2);
    const __m512i steps = eight_steps(c, (0x5 << 3) | 4);
    const __m512i segments = high_nibbles(c);
    pair_of_words half =
        multiply_add(steps, _mm512_set1_epi8((char)128), lookup(segments, factor), lookup(segments, leading));
    half.low = _mm512_add_epi16(half.low, half.low);
    half.high = _mm512_add_epi16(half.high, half.high);
    return half;
}

/* unpack works within 128-bit lanes: quadwords 0 4 1 5 2 6 3 7 make it yield 0-31 and 32-63. */
PW_TARGET_AVX512 static inline __m512i spread(__m512i codewords)
{
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7), codewords);
}

#define DEFINE_DECODE(name, samples_of)                                                                     \
    PW_TARGET_AVX512 PW_G711_DECODE(name)                                                                   \
    {                                                                                                       \
        for (; n >= 64; n -= 64, codewords += 64, samples += 128) {                                         \
            const pair_of_words x = samples_of(spread(_mm512_loadu_si512(codewords)));                      \
            _mm512_storeu_si512(samples, x.low);                                                            \
            _mm512_storeu_si512(samples + 64, x.high);                                                      \
        }                                                                                                   \
        if (n > 0) {                                                                                        \
            const pair_of_words x = samples_of(spread(_mm512_maskz_loadu_epi8(pw_first_64(n), codewords))); \
            _mm512_mask_storeu_epi16(samples, pw_first_32(n), x.low);                                       \
            _mm512_mask_storeu_epi16(samples + 64, pw_first_32(n > 32 ? n - 32 : 0), x.high);               \
        }                                                                                                   \
    }

DEFINE_DECODE(pw_ulaw_decode_avx512, ulaw_samples_of)
DEFINE_DECODE(pw_alaw_decode_avx512, alaw_samples_of)

#endif
