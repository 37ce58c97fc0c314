/* Encoding, 32 samples at a time. The algorithm is our own: segment and step are the exponent and the top four mantissa
 * bits of the magnitude as a float. */
#include "g711.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

#define LOAD(at) _mm256_loadu_si256((const __m256i *)(const void *)(at))
#define STORE(at, v) _mm256_storeu_si256((__m256i *)(void *)(at), v)

/* 16 words 0-32767 -> 16 words (exponent << 4 | top 4 mantissa bits) - 2400, so that 128 gives 0 and 32767 gives 127.
 * Below 128 the result is negative or meaningless.
 *   dword = odd word : even word
 *   odd:  float(dword). The even word is below 2^15, so rounding to 24 bits cannot carry into the odd word's bits.
 *   even: float(dword << 16), exact. Both are scaled by 2^16: exponent field 127 + 16 + 7 = 150 for 128; 150 << 4 = 2400.
 *   float bits >> 19 = exponent field : 4 mantissa bits (12 bits). */
PW_TARGET_AVX2 static inline __m256i segment_and_step(__m256i magnitude)
{
    const __m256i odd = _mm256_castps_si256(_mm256_cvtepi32_ps(magnitude));
    const __m256i even = _mm256_castps_si256(_mm256_cvtepi32_ps(_mm256_slli_epi32(magnitude, 16)));
    const __m256i both = _mm256_blend_epi16(_mm256_srli_epi32(even, 19), _mm256_srli_epi32(odd, 3), 0xAA);
    return _mm256_sub_epi16(both, _mm256_set1_epi16(2400));
}

/* One's complement of the negative words: 0-32767. */
PW_TARGET_AVX2 static inline __m256i ones_complement(__m256i x)
{
    return _mm256_xor_si256(x, _mm256_srai_epi16(x, 15));
}

PW_TARGET_AVX2 static inline __m256i ulaw_segment_and_step(__m256i magnitude)
{
    /* The saturating add is also the clip: 32635 + 132 = 32767. */
    return segment_and_step(_mm256_adds_epi16(magnitude, _mm256_set1_epi16(PW_ULAW_BIAS)));
}

PW_TARGET_AVX2 static inline __m256i ulaw_itu(__m256i x)
{
    return ulaw_segment_and_step(ones_complement(x));
}

PW_TARGET_AVX2 static inline __m256i ulaw_audioop(__m256i x)
{
    const __m256i floored = _mm256_and_si256(x, _mm256_set1_epi16(~3));
    /* Saturating: -32768 becomes 32767, in the same top step. */
    return ulaw_segment_and_step(_mm256_max_epi16(floored, _mm256_subs_epi16(_mm256_setzero_si256(), floored)));
}

PW_TARGET_AVX2 static inline __m256i alaw(__m256i x)
{
    const __m256i magnitude = ones_complement(x);
    /* The straight line of 16 units a step rules below 256, where the logarithm lies under it; from 256 on the
     * logarithm is at least 16. */
    const __m256i line = _mm256_min_epi16(_mm256_srli_epi16(magnitude, 4), _mm256_set1_epi16(16));
    return _mm256_max_epi16(segment_and_step(magnitude), line);
}

/* Two times 16 samples and their segments and steps -> 32 codewords in order. */
PW_TARGET_AVX2 static inline __m256i codewords_of(__m256i x0, __m256i x1, __m256i s0, __m256i s1, int silence)
{
    const __m256i steps = _mm256_packus_epi16(s0, s1);
    /* Packing with signed saturation keeps each sample's sign in bit 7. */
    const __m256i signs = _mm256_and_si256(_mm256_packs_epi16(x0, x1), _mm256_set1_epi8((char)PW_G711_SIGN));
    const __m256i words = _mm256_xor_si256(_mm256_xor_si256(steps, signs), _mm256_set1_epi8((char)silence));
    /* pack works within 128-bit lanes: quadwords are 0 2 1 3 now. */
    return _mm256_permute4x64_epi64(words, 0xD8);
}

#define DEFINE_ENCODE(name, law, silence, tail)                                              \
    PW_TARGET_AVX2 PW_G711_ENCODE(name)                                                      \
    {                                                                                        \
        size_t i = 0;                                                                        \
        for (; n - i >= 32; i += 32) {                                                       \
            const __m256i x0 = LOAD(samples + 2 * i);                                        \
            const __m256i x1 = LOAD(samples + 2 * i + 32);                                   \
            STORE(codewords + i, codewords_of(x0, x1, law(x0), law(x1), silence));           \
        }                                                                                    \
        tail(samples + 2 * i, n - i, codewords + i);                                         \
    }

DEFINE_ENCODE(pw_ulaw_encode_avx2, ulaw_itu, PW_ULAW_SILENCE, pw_ulaw_encode_scalar)
DEFINE_ENCODE(pw_ulaw_encode_audioop_avx2, ulaw_audioop, PW_ULAW_SILENCE, pw_ulaw_encode_audioop_scalar)
DEFINE_ENCODE(pw_alaw_encode_avx2, alaw, PW_ALAW_SILENCE, pw_alaw_encode_scalar)

#endif
