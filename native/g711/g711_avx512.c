/* G.711, 64 samples at a time, the rest under a mask. The algorithms are those of g711_avx2.c.
 * Ports: 512-bit shifts and multiplications run on one port, shuffles on the other; the mix keeps both busy. */
#include "g711.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

/* The low `n` of a mask's bits, n at most its width. */
static inline __mmask64 first_64(size_t n)
{
    return n >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << n) - 1;
}

static inline __mmask32 first_32(size_t n)
{
    return (__mmask32)first_64(n < 32 ? n : 32);
}

/* Ternary logic (a & b) ^ c: its truth table by a b c from 111 down to 000. */
enum { A_AND_B_XOR_C = 0x6A };

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
    /* Below 256 the straight line of 16 units a step rules; from 256 on the logarithm is at least 16. */
    const __m512i line = _mm512_min_epi16(_mm512_srli_epi16(magnitude, 4), _mm512_set1_epi16(16));
    return _mm512_max_epi16(segment_and_step(magnitude), line);
}

PW_TARGET_AVX512 static inline __m512i codewords_of(__m512i x0, __m512i x1, __m512i s0, __m512i s1, int silence)
{
    const __m512i steps = _mm512_xor_si512(_mm512_packus_epi16(s0, s1), _mm512_set1_epi8((char)silence));
    /* Packing with signed saturation keeps each sample's sign in bit 7. */
    const __m512i words = _mm512_ternarylogic_epi32(_mm512_packs_epi16(x0, x1), _mm512_set1_epi8((char)PW_G711_SIGN),
                                                    steps, A_AND_B_XOR_C);
    /* pack works within 128-bit lanes: quadwords are 0 4 1 5 2 6 3 7 of the result now. */
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), words);
}

#define DEFINE_ENCODE(name, law, silence)                                                                 \
    PW_TARGET_AVX512 PW_G711_ENCODE(name)                                                                 \
    {                                                                                                     \
        for (; n >= 64; n -= 64, samples += 128, codewords += 64) {                                       \
            const __m512i x0 = _mm512_loadu_si512(samples), x1 = _mm512_loadu_si512(samples + 64);        \
            _mm512_storeu_si512(codewords, codewords_of(x0, x1, law(x0), law(x1), silence));              \
        }                                                                                                 \
        if (n > 0) {                                                                                      \
            const __m512i x0 = _mm512_maskz_loadu_epi16(first_32(n), samples);                            \
            const __m512i x1 = _mm512_maskz_loadu_epi16(first_32(n > 32 ? n - 32 : 0), samples + 64);     \
            const __m512i words = codewords_of(x0, x1, law(x0), law(x1), silence);                        \
            _mm512_mask_storeu_epi8(codewords, first_64(n), words);                                       \
        }                                                                                                 \
    }

DEFINE_ENCODE(pw_ulaw_encode_avx512, ulaw_itu, PW_ULAW_SILENCE)
DEFINE_ENCODE(pw_ulaw_encode_audioop_avx512, ulaw_audioop, PW_ULAW_SILENCE)
DEFINE_ENCODE(pw_alaw_encode_avx512, alaw, PW_ALAW_SILENCE)

typedef struct {
    __m512i low, high;
} pair_of_words;

/* Byte pairs (u0, u1) unsigned and (s0, s1) signed -> words u0*s0 + u1*s1, in the order of the bytes. */
PW_TARGET_AVX512 static inline pair_of_words multiply_add(__m512i u0, __m512i u1, __m512i s0, __m512i s1)
{
    const pair_of_words r = {
        _mm512_maddubs_epi16(_mm512_unpacklo_epi8(u0, u1), _mm512_unpacklo_epi8(s0, s1)),
        _mm512_maddubs_epi16(_mm512_unpackhi_epi8(u0, u1), _mm512_unpackhi_epi8(s0, s1)),
    };
    return r;
}

PW_TARGET_AVX512 static inline __m512i lookup(__m512i nibbles, __m128i table)
{
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), nibbles);
}

PW_TARGET_AVX512 static inline __m512i high_nibbles(__m512i bytes)
{
    return _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(15));
}

/* 8 * low nibble, 0-120, each bit complemented where `complement` has it. */
PW_TARGET_AVX512 static inline __m512i eight_steps(__m512i bytes, int complement)
{
    return _mm512_ternarylogic_epi32(_mm512_slli_epi16(bytes, 3), _mm512_set1_epi8(0x78),
                                     _mm512_set1_epi8((char)complement), A_AND_B_XOR_C);
}

/* magnitude = (8*step + 132) * (2^segment - 1) + 8*step; the tables are by the high nibble as transmitted. */
PW_TARGET_AVX512 static inline pair_of_words ulaw_samples_of(__m512i c)
{
    const __m128i factor = _mm_setr_epi8(-127, -63, -31, -15, -7, -3, -1, 0, 127, 63, 31, 15, 7, 3, 1, 0);
    const __m128i one = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1);
    const __m512i steps = eight_steps(c, 0x78);
    const __m512i biased = _mm512_or_si512(steps, _mm512_set1_epi8((char)PW_ULAW_BIAS));
    const __m512i segments = high_nibbles(c);
    return multiply_add(biased, steps, lookup(segments, factor), lookup(segments, one));
}

/* magnitude / 2 = 8*step + 4 in segment 0, else (8*step + 4 + 128) * 2^(segment - 1); tables by the high nibble as
 * transmitted, whose bits 0 and 2 are complemented: segments 5 4 7 6 1 0 3 2. */
PW_TARGET_AVX512 static inline pair_of_words alaw_samples_of(__m512i c)
{
    const __m128i factor = _mm_setr_epi8(-16, -8, -64, -32, -1, -1, -4, -2, 16, 8, 64, 32, 1, 1, 4, 2);
    const __m128i leading = _mm_setr_epi8(-16, -8, -64, -32, -1, 0, -4, -2, 16, 8, 64, 32, 1, 0, 4, 2);
    const __m512i steps = eight_steps(c, (0x5 << 3) | 4);
    const __m512i segments = high_nibbles(c);
    pair_of_words half =
        multiply_add(steps, _mm512_set1_epi8((char)128), lookup(segments, factor), lookup(segments, leading));
    half.low = _mm512_add_epi16(half.low, half.low);
    half.high = _mm512_add_epi16(half.high, half.high);
    return half;
}

/* unpack works within 128-bit lanes: quadwords 0 4 1 5 2 6 3 7 make it yield 0-31 and 32-63. */
PW_TARGET_AVX512 static inline __m512i spread(__m512i codewords)
{
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7), codewords);
}

#define DEFINE_DECODE(name, samples_of)                                                                   \
    PW_TARGET_AVX512 PW_G711_DECODE(name)                                                                 \
    {                                                                                                     \
        for (; n >= 64; n -= 64, codewords += 64, samples += 128) {                                       \
            const pair_of_words x = samples_of(spread(_mm512_loadu_si512(codewords)));                    \
            _mm512_storeu_si512(samples, x.low);                                                          \
            _mm512_storeu_si512(samples + 64, x.high);                                                    \
        }                                                                                                 \
        if (n > 0) {                                                                                      \
            const pair_of_words x = samples_of(spread(_mm512_maskz_loadu_epi8(first_64(n), codewords)));  \
            _mm512_mask_storeu_epi16(samples, first_32(n), x.low);                                        \
            _mm512_mask_storeu_epi16(samples + 64, first_32(n > 32 ? n - 32 : 0), x.high);                \
        }                                                                                                 \
    }

DEFINE_DECODE(pw_ulaw_decode_avx512, ulaw_samples_of)
DEFINE_DECODE(pw_alaw_decode_avx512, alaw_samples_of)

#endif
