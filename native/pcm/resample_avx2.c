/* The polyphase filter, 8 outputs at a time. */
#include "resample.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

#define LOAD(at) _mm256_loadu_si256((const __m256i *)(const void *)(at))
#define MULTIPLY_ADD(coefficients, samples) _mm256_madd_epi16(LOAD(coefficients), LOAD(samples))

/* 8 partial sums: lane j has k % 16 = 2*j and 2*j + 1. */
PW_TARGET_AVX2 static inline __m256i dot(const uint8_t *coefficients, const uint8_t *samples, size_t taps)
{
    __m256i even = _mm256_setzero_si256(), odd = _mm256_setzero_si256();
    for (size_t k = 0; k < taps; k += 32) {
        even = _mm256_add_epi32(even, MULTIPLY_ADD(coefficients + 2 * k, samples + 2 * k));
        odd = _mm256_add_epi32(odd, MULTIPLY_ADD(coefficients + 2 * k + 32, samples + 2 * k + 32));
    }
    return _mm256_add_epi32(even, odd);
}

/* 4 times 8 partial sums -> sums of lanes 0-3 of each | sums of lanes 4-7 of each. */
PW_TARGET_AVX2 static inline __m256i half_sums(const __m256i *dots)
{
    return _mm256_hadd_epi32(_mm256_hadd_epi32(dots[0], dots[1]), _mm256_hadd_epi32(dots[2], dots[3]));
}

/* The two halves of each of 8 sums, which may need 33 bits together -> 8 samples. */
PW_TARGET_AVX2 static inline __m128i round_and_clip(__m256i low, __m256i high)
{
    /* (low + high) >> 1 without a carry: the bits that both have, and half of those that differ. The bit that gets
     * lost is below what rounding looks at. */
    const __m256i differing = _mm256_srai_epi32(_mm256_xor_si256(low, high), 1);
    const __m256i half = _mm256_add_epi32(_mm256_and_si256(low, high), differing);
    const __m256i rounded = _mm256_add_epi32(half, _mm256_set1_epi32(PW_RESAMPLE_UNITY / 4));
    const __m256i samples = _mm256_srai_epi32(rounded, PW_RESAMPLE_SHIFT - 1);
    return _mm_packs_epi32(_mm256_castsi256_si128(samples), _mm256_extracti128_si256(samples, 1));
}

PW_TARGET_AVX2 PW_RESAMPLE(pw_resample_avx2)
{
    const size_t up = filter->up, taps = filter->taps;
    pw_resample_position at = pw_resample_start(filter, samples, time);
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        __m256i dots[8];
        for (size_t j = 0; j < 8; j++) {
            dots[j] = dot(filter->coefficients + 2 * at.phase * taps, at.first, taps);
            pw_resample_advance(&at, up);
        }
        const __m256i a = half_sums(dots), b = half_sums(dots + 4);
        const __m256i low = _mm256_permute2x128_si256(a, b, 0x20), high = _mm256_permute2x128_si256(a, b, 0x31);
        _mm_storeu_si128((__m128i *)(void *)(out + 2 * i), round_and_clip(low, high));
    }
    pw_resample_scalar(filter, samples, time + i * filter->down, n - i, out + 2 * i);
}

#endif
