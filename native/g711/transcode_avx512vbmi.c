/* Transcoding, 64 codewords at a time: one lookup in a table of 128 bytes, the rest of the input under a mask. */
#include "g711.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

PW_TARGET_AVX512VBMI static inline void transcode(const uint8_t *from, size_t n, uint8_t *to, int complement,
                                                  const uint8_t *numbers, int new_complement)
{
    const __m512i low = _mm512_loadu_si512(numbers), high = _mm512_loadu_si512(numbers + 64);
    const __m512i sign = _mm512_set1_epi8((char)0x80);

    while (n > 0) {
        const size_t size = n < 64 ? n : 64;
        const __mmask64 mask = ~(__mmask64)0 >> (64 - size);
        const __m512i c = _mm512_maskz_loadu_epi8(mask, from);
        /* The lookup ignores bit 7, the sign. */
        const __m512i index = _mm512_xor_si512(c, _mm512_set1_epi8((char)complement));
        const __m512i found = _mm512_permutex2var_epi8(low, index, high);
        const __m512i bits = _mm512_xor_si512(found, _mm512_set1_epi8((char)new_complement));
        _mm512_mask_storeu_epi8(to, mask, _mm512_or_si512(bits, _mm512_and_si512(c, sign)));
        from += size, to += size, n -= size;
    }
}

PW_TARGET_AVX512VBMI PW_TRANSCODE(pw_ulaw_to_alaw_avx512vbmi)
{
    transcode(from, n, to, PW_ULAW_COMPLEMENT, pw_ulaw_to_alaw_numbers, PW_ALAW_COMPLEMENT);
}

PW_TARGET_AVX512VBMI PW_TRANSCODE(pw_alaw_to_ulaw_avx512vbmi)
{
    transcode(from, n, to, PW_ALAW_COMPLEMENT, pw_alaw_to_ulaw_numbers, PW_ULAW_COMPLEMENT);
}

#endif
