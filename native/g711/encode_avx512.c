/* Encoding, 64 samples at a time, the rest under a mask. The algorithm is that of encode_avx2.c.
 * Ports: 512-bit shifts and multiplications run on one port, shuffles on the other; the mix keeps both busy. */
#include "g711.h"
#include "../target.h"

#if PW_X86_64
#include "../avx512.h"

/* 32 words 0-32767 -> (exponent << 4 | top 4 mantissa bits), so that 128 gives 0 and 32767 gives 127.
 *   odd words:  float(dword), scaled by 2^16: exponent field 127 + 16 + 7 = 150 for 128. The even word is below 2^15,
 *               so rounding to 24 bits cannot carry into the odd word's bits.
 *   even words: float(dword & 65535), exact: exponent field 134 for 128.
 * The upper words of both, sign 0 : exponent 8 : mantissa 7, come together; >> 3 leaves exponent 8 : mantissa 4. */
PW_TARGET_AVX512 static inline __m512i segment_and_step(__m512i magnitude)
{
    const __m512i upper_word_down = _mm512_set4_epi32(0x0F0E0F0E, 0x0B0A0B0A, 0x07060706, 0x03020302);
    const __m512i of_128 = _mm512_set1_epi32((150 << 4) << 16 | 134 << 4);
    const __mmask32 even_words = 0x55555555;
    const __m512i odd = _mm512_castps_si512(_mm512_cvtepi32_ps(magnitude));
    const __m512i even =
        _mm512_castps_si512(_mm512_cvtepi32_ps(_mm512_and_si512(magnitude, _mm512_set1_epi32(0xFFFF))));
    const __m512i both = _mm512_mask_blend_epi16(even_words, odd, _mm512_shuffle_epi8(even, upper_word_down));
    return _mm512_sub_epi16(_mm512_srli_epi16(both, 3), of_128);
}

PW_TARGET_AVX512 static inline __m512i ones_complement(__m512i x)
{
    return _mm512_xor_si512(x, _mm512_srai_epi16(x, 15));
}

PW_TARGET_AVX512 static inline __m512i ulaw_segment_and_step(__m512i magnitude)
{
    /* The saturating add is also the clip: 32635 + 132 = 32767. */
    return segment_and_step(_mm512_adds_epi16(magnitude, _mm512_set1_epi16(PW_ULAW_BIAS)));
}

PW_TARGET_AVX512 static inline __m512i ulaw_itu(__m512i x)
{
    return ulaw_segment_and_step(ones_complement(x));
}

PW_TARGET_AVX512 static inline __m512i ulaw_audioop(__m512i x)
{
    const __m512i floored = _mm512_and_si512(x, _mm512_set1_epi16(~3));
    /* Saturating: -32768 becomes 32767, in the same top step. */
    return ulaw_segment_and_step(_mm512_max_epi16(floored, _mm512_subs_epi16(_mm512_setzero_si512(), floored)));
}

PW_TARGET_AVX512 static inline __m512i alaw(__m512i x)
{
    const __m512i magnitude = ones_complement(x);
    /* Below 256 not the logarithm rules but a straight line of 16 units a step. */
    const __mmask32 straight = _mm512_cmplt_epi16_mask(magnitude, _mm512_set1_epi16(256));
    return _mm512_mask_srli_epi16(segment_and_step(magnitude), straight, magnitude, 4);
}

PW_TARGET_AVX512 static inline __m512i codewords_of(__m512i x0, __m512i x1, __m512i s0, __m512i s1, int silence)
{
    const __m512i steps = _mm512_xor_si512(_mm512_packus_epi16(s0, s1), _mm512_set1_epi8((char)silence));
    /* Packing with signed saturation keeps each sample's sign in bit 7. */
    const __m512i words = _mm512_ternarylogic_epi32(_mm512_packs_epi16(x0, x1), _mm512_set1_epi8((char)PW_G711_SIGN),
                                                    steps, PW_A_AND_B_XOR_C);
    /* pack works within 128-bit lanes: quadwords are 0 4 1 5 2 6 3 7 of the result now. */
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), words);
}

#define DEFINE_ENCODE(name, law, silence)                                                                       \
    PW_TARGET_AVX512 PW_G711_ENCODE(name)                                                                       \
    {                                                                                                           \
        for (; n >= 64; n -= 64, samples += 128, codewords += 64) {                                             \
            const __m512i x0 = _mm512_loadu_si512(samples), x1 = _mm512_loadu_si512(samples + 64);              \
            _mm512_storeu_si512(codewords, codewords_of(x0, x1, law(x0), law(x1), silence));                    \
        }                                                                                                       \
        if (n > 32) {                                                                                           \
            const __m512i x0 = _mm512_loadu_si512(samples);                                                     \
            const __m512i x1 = _mm512_maskz_loadu_epi16(pw_first_32(n - 32), samples + 64);                     \
            const __m512i words = codewords_of(x0, x1, law(x0), law(x1), silence);                              \
            _mm512_mask_storeu_epi8(codewords, pw_first_64(n), words);                                          \
        } else if (n > 0) { /* the end of every frame of 20 ms: 160 = 2 * 64 + 32 */                            \
            const __m512i none = _mm512_setzero_si512();                                                        \
            const __m512i x0 = _mm512_maskz_loadu_epi16(pw_first_32(n), samples);                               \
            _mm512_mask_storeu_epi8(codewords, pw_first_64(n), codewords_of(x0, none, law(x0), none, silence)); \
        }                                                                                                       \
    }

DEFINE_ENCODE(pw_ulaw_encode_avx512, ulaw_itu, PW_ULAW_SILENCE)
DEFINE_ENCODE(pw_ulaw_encode_audioop_avx512, ulaw_audioop, PW_ULAW_SILENCE)
DEFINE_ENCODE(pw_alaw_encode_avx512, alaw, PW_ALAW_SILENCE)

#endif
