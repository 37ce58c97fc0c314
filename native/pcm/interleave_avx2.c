/* Interleaving two channels, as telephony has them, 16 samples of each at a time; more channels go to scalar. */
#include "pcm.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

#define LOAD(at) _mm256_loadu_si256((const __m256i *)(const void *)(at))
#define STORE(at, v) _mm256_storeu_si256((__m256i *)(void *)(at), v)

PW_TARGET_AVX2 static inline void join(const uint8_t *const *inputs, size_t i, uint8_t *out)
{
    const __m256i a = LOAD(inputs[0] + 2 * i), b = LOAD(inputs[1] + 2 * i);
    const __m256i low = _mm256_unpacklo_epi16(a, b);  /* a0 b0 - a3 b3 | a8 b8 - a11 b11 */
    const __m256i high = _mm256_unpackhi_epi16(a, b); /* a4 b4 - a7 b7 | a12 b12 - a15 b15 */
    STORE(out + 4 * i, _mm256_permute2x128_si256(low, high, 0x20));
    STORE(out + 4 * i + 32, _mm256_permute2x128_si256(low, high, 0x31));
}

/* a0 b0 - a7 b7 -> a0 - a7 | b0 - b7 */
PW_TARGET_AVX2 static inline __m256i separate(__m256i pairs)
{
    const __m256i even_odd =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15));
    /* a0-a3 b0-b3 | a4-a7 b4-b7, then quadwords 0 2 1 3 */
    return _mm256_permute4x64_epi64(_mm256_shuffle_epi8(pairs, even_odd), 0xD8);
}

PW_TARGET_AVX2 static inline void split(const uint8_t *samples, size_t i, uint8_t *const *outputs)
{
    const __m256i low = separate(LOAD(samples + 4 * i)), high = separate(LOAD(samples + 4 * i + 32));
    STORE(outputs[0] + 2 * i, _mm256_permute2x128_si256(low, high, 0x20));
    STORE(outputs[1] + 2 * i, _mm256_permute2x128_si256(low, high, 0x31));
}

/* No output overlaps an input: the last vector may do some samples again, so that it ends where they end. */
PW_TARGET_AVX2 PW_PCM_GATHER(pw_pcm_interleave_avx2)
{
    if (count != 2 || n < 16) {
        pw_pcm_interleave_scalar(inputs, count, n, out);
        return;
    }
    for (size_t i = 0; n - i >= 16; i += 16)
        join(inputs, i, out);
    join(inputs, n - 16, out);
}

PW_TARGET_AVX2 PW_PCM_DEINTERLEAVE(pw_pcm_deinterleave_avx2)
{
    if (count != 2 || n < 16) {
        pw_pcm_deinterleave_scalar(samples, count, n, outputs);
        return;
    }
    for (size_t i = 0; n - i >= 16; i += 16)
        split(samples, i, outputs);
    split(samples, n - 16, outputs);
}

#endif
