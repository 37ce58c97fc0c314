/* Energy and peak, 16 samples at a time. */
#include "pcm.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

#define LOAD(at) _mm256_loadu_si256((const __m256i *)(const void *)(at))
#define STORE(at, v) _mm256_storeu_si256((__m256i *)(void *)(at), v)

PW_TARGET_AVX2 static inline uint64_t horizontal_sum(__m256i quadwords)
{
    uint64_t lanes[4];
    STORE(lanes, quadwords);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

PW_TARGET_AVX2 static inline uint32_t horizontal_max(__m256i words)
{
    /* minpos finds the least of 8 unsigned words: that of the complements is the complement of the greatest. */
    const __m128i both = _mm_max_epu16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    const __m128i least = _mm_minpos_epu16(_mm_xor_si128(both, _mm_set1_epi32(-1)));
    return 0xFFFFu ^ (uint32_t)_mm_extract_epi16(least, 0);
}

PW_TARGET_AVX2 PW_PCM_MEASURE(pw_pcm_measure_avx2)
{
    const __m256i low_dwords = _mm256_set1_epi64x(0xFFFFFFFF);
    __m256i energy = _mm256_setzero_si256(), peak = _mm256_setzero_si256();
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        const __m256i x = LOAD(samples + 2 * i);
        /* Sums of two squares, at most 2^31: unsigned. */
        const __m256i squares = _mm256_madd_epi16(x, x);
        energy = _mm256_add_epi64(energy, _mm256_and_si256(squares, low_dwords));
        energy = _mm256_add_epi64(energy, _mm256_srli_epi64(squares, 32));
        /* The magnitude of -32768 stays 0x8000: unsigned too. */
        peak = _mm256_max_epu16(peak, _mm256_abs_epi16(x));
    }
    pw_pcm_power power = pw_pcm_measure_scalar(samples + 2 * i, n - i);
    const uint32_t vector_peak = horizontal_max(peak);
    power.energy += horizontal_sum(energy);
    power.peak = vector_peak > power.peak ? vector_peak : power.peak;
    return power;
}

#endif
