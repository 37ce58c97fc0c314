/* Mixing, 16 samples at a time. */
#include "pcm.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

#define LOAD_8(at) _mm_loadu_si128((const __m128i *)(const void *)(at))
#define STORE(at, v) _mm256_storeu_si256((__m256i *)(void *)(at), v)

/* 16 samples as 32-bit numbers: 0-7 and 8-15. */
typedef struct {
    __m256i low, high;
} numbers;

PW_TARGET_AVX2 static inline numbers widen(const uint8_t *samples)
{
    const numbers r = {_mm256_cvtepi16_epi32(LOAD_8(samples)), _mm256_cvtepi16_epi32(LOAD_8(samples + 16))};
    return r;
}

PW_TARGET_AVX2 static inline __m256i clip(numbers x)
{
    /* pack works within 128-bit lanes: quadwords are 0 2 1 3 after it. */
    return _mm256_permute4x64_epi64(_mm256_packs_epi32(x.low, x.high), 0xD8);
}

PW_TARGET_AVX2 static inline numbers total(const uint8_t *const *inputs, size_t count, size_t i)
{
    numbers sum = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (size_t j = 0; j < count; j++) {
        const numbers x = widen(inputs[j] + 2 * i);
        sum.low = _mm256_add_epi32(sum.low, x.low);
        sum.high = _mm256_add_epi32(sum.high, x.high);
    }
    return sum;
}

PW_TARGET_AVX2 static inline void mix(const uint8_t *const *inputs, size_t count, size_t i, uint8_t *out)
{
    STORE(out + 2 * i, clip(total(inputs, count, i)));
}

PW_TARGET_AVX2 static inline void mix_minus(const uint8_t *const *inputs, size_t count, size_t i,
                                            uint8_t *const *outputs)
{
    const numbers all = total(inputs, count, i);
    for (size_t j = 0; j < count; j++) {
        const numbers own = widen(inputs[j] + 2 * i);
        const numbers others = {_mm256_sub_epi32(all.low, own.low), _mm256_sub_epi32(all.high, own.high)};
        STORE(outputs[j] + 2 * i, clip(others));
    }
}

/* No output overlaps an input: the last vector may do some samples again, so that it ends where they end. */
PW_TARGET_AVX2 PW_PCM_GATHER(pw_pcm_mix_avx2)
{
    size_t i = 0;
    for (; n - i >= 16; i += 16)
        mix(inputs, count, i, out);
    if (n < 16)
        pw_pcm_mix_scalar(inputs, count, n, out);
    else if (i < n)
        mix(inputs, count, n - 16, out);
}

PW_TARGET_AVX2 PW_PCM_MIX_MINUS(pw_pcm_mix_minus_avx2)
{
    size_t i = 0;
    for (; n - i >= 16; i += 16)
        mix_minus(inputs, count, i, outputs);
    if (n < 16)
        pw_pcm_mix_minus_scalar(inputs, count, n, outputs);
    else if (i < n)
        mix_minus(inputs, count, n - 16, outputs);
}

#endif
