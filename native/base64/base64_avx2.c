/* Base64, 24 bytes or 32 characters at a time.
 *
 * Algorithms: Wojciech Mula and Daniel Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions", ACM
 * TWEB 12(3), 2018. */
#include "base64.h"
#include "../target.h"

#if PW_X86_64
#include <immintrin.h>

PW_TARGET_AVX2 static inline __m256i both_lanes(__m128i v)
{
    return _mm256_broadcastsi128_si256(v);
}

/* Every lane: 12 bytes in its low part -> 16 values 0-63, one a byte. */
PW_TARGET_AVX2 static inline __m256i split_into_sixes(__m256i bytes)
{
    /* Bytes A B C (aaaaaabb bbbbcccc ccdddddd) of each group -> dword of bytes B A C B, lowest first. As words:
     *   low  aaaaaabb bbbbcccc     high  bbbbcccc ccdddddd */
    const __m256i groups = _mm256_shuffle_epi8(
        bytes, both_lanes(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10)));
    /* a and c go right, by 10 and 6 (multiply by 2^6 and 2^10, keep the high word):
     *   low  00000000 00aaaaaa     high  00000000 00cccccc */
    const __m256i ac =
        _mm256_mulhi_epu16(_mm256_and_si256(groups, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
    /* b and d go left, by 4 and 8:
     *   low  00bbbbbb 00000000     high  00dddddd 00000000 */
    const __m256i bd =
        _mm256_mullo_epi16(_mm256_and_si256(groups, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
    return _mm256_or_si256(ac, bd);
}

/* Values 0-63 -> characters: add an offset chosen by range. */
PW_TARGET_AVX2 static inline __m256i characters_of(__m256i values)
{
    /* Range: 0 for 0-25, 1 for 26-51, 2-11 for the digits, 12 for '+', 13 for '/'. */
    const __m128i offsets = _mm_setr_epi8('A', 'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                          '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 0, 0);
    const __m256i beyond_letters = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
    const __m256i beyond_upper = _mm256_cmpgt_epi8(values, _mm256_set1_epi8(25)); /* -1 where true */
    const __m256i range = _mm256_sub_epi8(beyond_letters, beyond_upper);
    return _mm256_add_epi8(values, _mm256_shuffle_epi8(both_lanes(offsets), range));
}

PW_TARGET_AVX2 PW_BASE64_ENCODE(pw_base64_encode_avx2)
{
    /* Two loads of 16 bytes, of which 12 count: 28 bytes must be there. */
    for (; n >= 28; n -= 24, data += 24, text += 32) {
        const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)data);
        const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(data + 12));
        const __m256i values = split_into_sixes(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1));
        _mm256_storeu_si256((__m256i *)(void *)text, characters_of(values));
    }
    /* One lane of the same. */
    for (; n >= 16; n -= 12, data += 12, text += 16) {
        const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)data);
        const __m256i values = split_into_sixes(_mm256_castsi128_si256(low));
        _mm_storeu_si128((__m128i *)(void *)text, _mm256_castsi256_si128(characters_of(values)));
    }
    pw_base64_encode_scalar(data, n, text);
}

/* 32 characters -> values 0-63; *bad becomes non-zero where a character is outside the alphabet. */
PW_TARGET_AVX2 static inline __m256i values_of(__m256i characters, int *bad)
{
    /* Each bit stands for a set of high nibbles; a character is bad when the sets of its two nibbles share a bit.
     *   bit 0: 2x    bit 1: 3x    bit 2: 4x, 6x    bit 3: 5x, 7x    bit 4: 0x, 1x and 8x-Fx, always bad
     * bad low nibbles: 2x all but B, F; 3x A-F; 4x, 6x 0; 5x, 7x B-F. */
    const __m128i by_high = _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10,
                                          0x10, 0x10, 0x10);
    const __m128i by_low = _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B,
                                         0x1B, 0x1B, 0x1A);
    /* Offset by high nibble; '/' shares its nibble with '+' and takes the entry of 1, which no character uses. */
    const __m128i offsets =
        _mm_setr_epi8(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i fifteen = _mm256_set1_epi8(15);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(characters, 4), fifteen);
    const __m256i low = _mm256_and_si256(characters, fifteen);
    const __m256i shared = _mm256_and_si256(_mm256_shuffle_epi8(both_lanes(by_high), high),
                                            _mm256_shuffle_epi8(both_lanes(by_low), low));
    const __m256i slash = _mm256_cmpeq_epi8(characters, _mm256_set1_epi8('/')); /* -1 where true */

    *bad = !_mm256_testz_si256(shared, shared);
    return _mm256_add_epi8(characters, _mm256_shuffle_epi8(both_lanes(offsets), _mm256_add_epi8(high, slash)));
}

/* 32 values -> 24 bytes in the low part of the register. */
PW_TARGET_AVX2 static inline __m256i join_sixes(__m256i values)
{
    /* bytes 00aaaaaa 00bbbbbb 00cccccc 00dddddd -> words 0000aaaa aabbbbbb, 0000cccc ccdddddd */
    const __m256i twelves = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
    /* -> dword 00000000 aaaaaabb bbbbcccc ccdddddd */
    const __m256i groups = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
    /* Lowest byte first, without the empty one: 12 bytes a lane, then the two lanes together. */
    const __m256i bytes = _mm256_shuffle_epi8(
        groups, both_lanes(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)));
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
}

PW_TARGET_AVX2 PW_BASE64_DECODE(pw_base64_decode_avx2)
{
    size_t i = 0;
    /* The last group may be padded: it is left to scalar, as is any block with a bad character. */
    for (; n - i >= 36; i += 32) {
        int bad;
        const __m256i values = values_of(_mm256_loadu_si256((const __m256i *)(const void *)(text + i)), &bad);
        if (bad)
            return pw_base64_first_bad(text, n);
        const __m256i bytes = join_sixes(values);
        uint8_t *out = data + i / 4 * 3;
        _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(bytes));
        _mm_storel_epi64((__m128i *)(void *)(out + 16), _mm256_extracti128_si256(bytes, 1));
    }
    const size_t bad = pw_base64_decode_scalar(text + i, n - i, data + i / 4 * 3);
    return bad == PW_BASE64_VALID ? PW_BASE64_VALID : i + bad;
}

#endif
