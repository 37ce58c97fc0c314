/* Gain, 16 samples at a time; the arithmetic is that of scalar. */
#include "pcm.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

#define LOAD_8(at) _mm_loadu_si128((const __m128i *)(const void *)(at))
#define STORE(at, v) _mm256_storeu_si256((__m256i *)(void *)(at), v)

/* 8 samples times a factor of 16.16 bits, in its two halves. */
PW_TARGET_AVX2 static inline __m256i scale(const uint8_t *samples, __m256i high, __m256i low)
{
    const __m256i x = _mm256_cvtepi16_epi32(LOAD_8(samples));
    const __m256i half = _mm256_set1_epi32(0x8000);
    const __m256i fractions = _mm256_srai_epi32(_mm256_add_epi32(_mm256_mullo_epi32(x, low), half), 16);
    return _mm256_add_epi32(_mm256_mullo_epi32(x, high), fractions);
}

PW_TARGET_AVX2 PW_PCM_GAIN(pw_pcm_gain_avx2)
{
    const __m256i high = _mm256_set1_epi32(factor >> 16), low = _mm256_set1_epi32(factor & 0xFFFF);
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        const __m256i first = scale(samples + 2 * i, high, low), second = scale(samples + 2 * i + 16, high, low);
        /* pack works within 128-bit lanes: quadwords are 0 2 1 3 after it. */
        STORE(out + 2 * i, _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8));
    }
    pw_pcm_gain_scalar(samples + 2 * i, n - i, factor, out + 2 * i);
}

#endif
