/* Base64, 48 bytes or 64 characters at a time, the rest with its padding under a mask. The steps are those of
 * base64_avx2.c. */
#include "base64.h"
#include "../target.h"

#if PW_X86_64
#include "../avx512.h"

PW_TARGET_AVX512 static inline __m512i all_lanes(__m128i v)
{
    return _mm512_broadcast_i32x4(v);
}

/* 48 bytes -> 64 values 0-63. */
PW_TARGET_AVX512 static inline __m512i split_into_sixes(__m512i bytes)
{
    /* 12 bytes to each lane, then bytes B A C B of each group A B C. */
    const __m512i lanes = _mm512_permutexvar_epi32(
        _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11), bytes);
    const __m512i groups = _mm512_shuffle_epi8(
        lanes, all_lanes(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10)));
    /* words  aaaaaabb bbbbcccc  and  bbbbcccc ccdddddd:  a right by 10 and c by 6,  b left by 4 and d by 8 */
    const __m512i ac =
        _mm512_mulhi_epu16(_mm512_and_si512(groups, _mm512_set1_epi32(0x0FC0FC00)), _mm512_set1_epi32(0x04000040));
    const __m512i bd =
        _mm512_mullo_epi16(_mm512_and_si512(groups, _mm512_set1_epi32(0x003F03F0)), _mm512_set1_epi32(0x01000010));
    return _mm512_or_si512(ac, bd);
}

/* Values 0-63 -> characters: add an offset chosen by range. */
PW_TARGET_AVX512 static inline __m512i characters_of(__m512i values)
{
    /* Range: 0 for 0-25, 1 for 26-51, 2-11 for the digits, 12 for '+', 13 for '/'. */
    const __m128i offsets = _mm_setr_epi8('A', 'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                          '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 0, 0);
    const __mmask64 beyond_upper = _mm512_cmpgt_epi8_mask(values, _mm512_set1_epi8(25));
    const __m512i beyond_letters = _mm512_subs_epu8(values, _mm512_set1_epi8(51));
    const __m512i range =
        _mm512_mask_add_epi8(beyond_letters, beyond_upper, beyond_letters, _mm512_set1_epi8(1));
    return _mm512_add_epi8(values, _mm512_shuffle_epi8(all_lanes(offsets), range));
}

PW_TARGET_AVX512 static inline __m512i encode_48(__m512i bytes)
{
    return characters_of(split_into_sixes(bytes));
}

PW_TARGET_AVX512 PW_BASE64_ENCODE(pw_base64_encode_avx512)
{
    /* 64 bytes are loaded, of which 48 count. */
    for (; n >= 64; n -= 48, data += 48, text += 64)
        _mm512_storeu_si512(text, encode_48(_mm512_loadu_si512(data)));
    for (; n > 0; n -= n < 48 ? n : 48, data += 48, text += 64) {
        const size_t bytes = n < 48 ? n : 48;
        const size_t characters = (bytes * 4 + 2) / 3; /* without padding */
        const __m512i text_64 = encode_48(_mm512_maskz_loadu_epi8(pw_first_64(bytes), data));
        const __m512i padded = _mm512_mask_mov_epi8(_mm512_set1_epi8('='), pw_first_64(characters), text_64);
        _mm512_mask_storeu_epi8(text, pw_first_64(pw_base64_encoded_size(bytes)), padded);
    }
}

/* 64 characters -> values 0-63; *bad has a bit for each character outside the alphabet. */
PW_TARGET_AVX512 static inline __m512i values_of(__m512i characters, __mmask64 *bad)
{
    /* The sets of nibbles and the offsets are explained in base64_avx2.c. */
    const __m128i by_high = _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10,
                                          0x10, 0x10, 0x10);
    const __m128i by_low = _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B,
                                         0x1B, 0x1B, 0x1A);
    const __m128i offsets =
        _mm_setr_epi8(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
    const __m512i fifteen = _mm512_set1_epi8(15);
    const __m512i high = _mm512_and_si512(_mm512_srli_epi16(characters, 4), fifteen);
    const __m512i low = _mm512_and_si512(characters, fifteen);
    const __mmask64 slash = _mm512_cmpeq_epi8_mask(characters, _mm512_set1_epi8('/'));
    const __m512i choice = _mm512_mask_mov_epi8(high, slash, _mm512_set1_epi8(1));

    *bad = _mm512_test_epi8_mask(_mm512_shuffle_epi8(all_lanes(by_high), high),
                                 _mm512_shuffle_epi8(all_lanes(by_low), low));
    return _mm512_add_epi8(characters, _mm512_shuffle_epi8(all_lanes(offsets), choice));
}

/* 64 values -> 48 bytes, then zeros. */
PW_TARGET_AVX512 static inline __m512i join_sixes(__m512i values)
{
    /* bytes 00aaaaaa 00bbbbbb 00cccccc 00dddddd -> words 0000aaaa aabbbbbb, 0000cccc ccdddddd
     * -> dword 00000000 aaaaaabb bbbbcccc ccdddddd */
    const __m512i twelves = _mm512_maddubs_epi16(values, _mm512_set1_epi32(0x01400140));
    const __m512i groups = _mm512_madd_epi16(twelves, _mm512_set1_epi32(0x00011000));
    /* 12 bytes and 4 zeros a lane, then the lanes together, the zeros last. */
    const __m512i bytes = _mm512_shuffle_epi8(
        groups, all_lanes(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)));
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15), bytes);
}

PW_TARGET_AVX512 PW_BASE64_DECODE(pw_base64_decode_avx512)
{
    const size_t padding = n % 4 == 0 ? pw_base64_padding(text, n) : 0;
    size_t i = 0;
    __mmask64 bad = 0;

    for (; n - i > 64; i += 64) {
        const __m512i bytes = join_sixes(values_of(_mm512_loadu_si512(text + i), &bad));
        if (bad)
            return pw_base64_first_bad(text, n);
        _mm512_mask_storeu_epi8(data + i / 4 * 3, pw_first_64(48), bytes);
    }
    /* The last 0-64 characters. Padding counts as 'A', zero; discarded bits that are not zero show up as a byte beyond
     * the size. */
    const size_t size = (n - i) / 4 * 3 - padding;
    const __m512i last = _mm512_mask_loadu_epi8(_mm512_set1_epi8('A'), pw_first_64(n - i - padding), text + i);
    const __m512i bytes = join_sixes(values_of(last, &bad));
    if (bad || n % 4 != 0 || (_mm512_test_epi8_mask(bytes, bytes) & ~pw_first_64(size)) != 0)
        return pw_base64_first_bad(text, n);
    _mm512_mask_storeu_epi8(data + i / 4 * 3, pw_first_64(size), bytes);
    return PW_BASE64_VALID;
}

#endif
