/* The Goertzel algorithm, 8 tones at a time. */
#include "goertzel.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

/* Each tone has 64 bits of a register, because its product needs them. A state is the low half of them; what the high
 * half holds is left from products, and neither added to a low half nor multiplied. */
typedef struct {
    __m256i cosine, last, before;
} resonators;

PW_TARGET_AVX2 static inline resonators begin(const pw_goertzel_tone *tones)
{
    /* cosine 0, sine 0, cosine 1, ... cosine 3, sine 3: the cosines are the low halves already. */
    const __m256i cosines = _mm256_loadu_si256((const __m256i *)(const void *)tones);
    return (resonators){cosines, _mm256_setzero_si256(), _mm256_setzero_si256()};
}

PW_TARGET_AVX2 static inline resonators step(resonators r, __m256i sample)
{
    /* A logical shift will do: of the 35 bits that it leaves, the 32 that count are the same. */
    const __m256i product = _mm256_srli_epi64(_mm256_mul_epi32(r.cosine, r.last), PW_GOERTZEL_BITS - 1);
    const __m256i next = _mm256_add_epi32(_mm256_sub_epi32(sample, r.before), product);
    return (resonators){r.cosine, next, r.last};
}

PW_TARGET_AVX2 static inline void end(resonators r, const pw_goertzel_tone *tones, pw_goertzel_bin *bins)
{
    int32_t last[8], before[8];
    _mm256_storeu_si256((__m256i *)(void *)last, r.last);
    _mm256_storeu_si256((__m256i *)(void *)before, r.before);
    for (size_t j = 0; j < 4; j++)
        bins[j] = pw_goertzel_end(&tones[j], last[2 * j], before[2 * j]);
}

PW_TARGET_AVX2 PW_GOERTZEL(pw_goertzel_avx2)
{
    for (; count >= 8; count -= 8, tones += 8, bins += 8) {
        resonators low = begin(tones), high = begin(tones + 4);
        for (size_t i = 0; i < n; i++) {
            const __m256i sample = _mm256_set1_epi32(PW_GOERTZEL_SCALE * pw_load_s16(samples + 2 * i));
            low = step(low, sample);
            high = step(high, sample);
        }
        end(low, tones, bins);
        end(high, tones + 4, bins + 4);
    }
    pw_goertzel_scalar(samples, n, tones, count, bins);
}

#endif
