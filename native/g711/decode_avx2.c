/* Decoding, 32 codewords at a time. The algorithm is our own: (step + bias) * 2^segment with its sign is one multiply-add
 * of byte pairs. */
#include "g711.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

#define LOAD(at) _mm256_loadu_si256((const __m256i *)(const void *)(at))
#define STORE(at, v) _mm256_storeu_si256((__m256i *)(void *)(at), v)

/* Byte pairs (u0, u1) unsigned and (s0, s1) signed -> words u0*s0 + u1*s1, in the order of the bytes. */
typedef struct {
    __m256i low, high;
} pair_of_words;

PW_TARGET_AVX2 static inline pair_of_words multiply_add(__m256i u0, __m256i u1, __m256i s0, __m256i s1)
{
    const pair_of_words r = {
        _mm256_maddubs_epi16(_mm256_unpacklo_epi8(u0, u1), _mm256_unpacklo_epi8(s0, s1)),
        _mm256_maddubs_epi16(_mm256_unpackhi_epi8(u0, u1), _mm256_unpackhi_epi8(s0, s1)),
    };
    return r;
}

PW_TARGET_AVX2 static inline __m256i lookup(__m256i nibbles, __m128i table)
{
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), nibbles);
}

PW_TARGET_AVX2 static inline __m256i high_nibbles(__m256i bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
}

/* 8 * low nibble, 0-120. */
PW_TARGET_AVX2 static inline __m256i eight_steps(__m256i bytes)
{
    return _mm256_and_si256(_mm256_slli_epi16(bytes, 3), _mm256_set1_epi8(0x78));
}

/* magnitude = (8*step + 132) * 2^segment - 132 = (8*step + 132) * (2^segment - 1) + 8*step.
 * Written so, every factor fits a signed byte: 2^7 would not. */
PW_TARGET_AVX2 static inline pair_of_words ulaw_samples_of(__m256i codewords)
{
    /* By high nibble of the codeword as transmitted: 0-7 negative, segment 7-0; 8-15 positive, segment 7-0. */
    const __m128i factor = _mm_setr_epi8(-127, -63, -31, -15, -7, -3, -1, 0, 127, 63, 31, 15, 7, 3, 1, 0);
    const __m128i one = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1);
    const __m256i c = _mm256_xor_si256(codewords, _mm256_set1_epi8((char)0xFF));
    const __m256i steps = eight_steps(c);
    const __m256i biased = _mm256_or_si256(steps, _mm256_set1_epi8((char)PW_ULAW_BIAS)); /* 132 has no bit of 120 */
    const __m256i segments = high_nibbles(codewords);
    return multiply_add(biased, steps, lookup(segments, factor), lookup(segments, one));
}

/* magnitude / 2 = 8*step + 4 in segment 0, else (8*step + 4 + 128) * 2^(segment - 1). */
PW_TARGET_AVX2 static inline pair_of_words alaw_samples_of(__m256i codewords)
{
    /* By high nibble after undoing the complement: 0-7 negative, segment 0-7; 8-15 positive. */
    const __m128i factor = _mm_setr_epi8(-1, -1, -2, -4, -8, -16, -32, -64, 1, 1, 2, 4, 8, 16, 32, 64);
    const __m128i leading = _mm_setr_epi8(0, -1, -2, -4, -8, -16, -32, -64, 0, 1, 2, 4, 8, 16, 32, 64);
    const __m256i c = _mm256_xor_si256(codewords, _mm256_set1_epi8(0x55));
    const __m256i steps = _mm256_or_si256(eight_steps(c), _mm256_set1_epi8(4));
    const __m256i segments = high_nibbles(c);
    pair_of_words half =
        multiply_add(steps, _mm256_set1_epi8((char)128), lookup(segments, factor), lookup(segments, leading));
    half.low = _mm256_add_epi16(half.low, half.low);
    half.high = _mm256_add_epi16(half.high, half.high);
    return half;
}

#define DEFINE_DECODE(name, samples_of, tail)                                                \
    PW_TARGET_AVX2 PW_G711_DECODE(name)                                                      \
    {                                                                                        \
        size_t i = 0;                                                                        \
        for (; n - i >= 32; i += 32) {                                                       \
            /* unpack works within 128-bit lanes: bring quadwords 0 2 1 3 so that it yields 0-15 and 16-31. */ \
            const __m256i c = _mm256_permute4x64_epi64(LOAD(codewords + i), 0xD8);           \
            const pair_of_words x = samples_of(c);                                           \
            STORE(samples + 2 * i, x.low);                                                   \
            STORE(samples + 2 * i + 32, x.high);                                             \
        }                                                                                    \
        tail(codewords + i, n - i, samples + 2 * i);                                         \
    }

DEFINE_DECODE(pw_ulaw_decode_avx2, ulaw_samples_of, pw_ulaw_decode_scalar)
DEFINE_DECODE(pw_alaw_decode_avx2, alaw_samples_of, pw_alaw_decode_scalar)

#endif
