/* The other byte order, 16 samples at a time. */
#include "pcm.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

#define LOAD(at) _mm256_loadu_si256((const __m256i *)(const void *)(at))
#define STORE(at, v) _mm256_storeu_si256((__m256i *)(void *)(at), v)

PW_TARGET_AVX2 PW_PCM_BYTESWAP(pw_pcm_byteswap_avx2)
{
    const __m256i swapped =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
    size_t i = 0;
    for (; n - i >= 16; i += 16)
        STORE(out + 2 * i, _mm256_shuffle_epi8(LOAD(samples + 2 * i), swapped));
    pw_pcm_byteswap_scalar(samples + 2 * i, n - i, out + 2 * i);
}

#endif
