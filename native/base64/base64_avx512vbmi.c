/* Base64, 48 bytes or 64 characters at a time, where whole bytes can be permuted and looked up.
 *
 * Algorithms: Wojciech Mula and Daniel Lemire, "Base64 encoding and decoding at almost the speed of a memory copy",
 * Software: Practice and Experience 50(2), 2020. */
#include "base64.h"
#include "../target.h"

#if PW_X86_64
#include "../avx512.h"

/* 48 bytes -> 64 characters. */
PW_TARGET_AVX512VBMI static inline __m512i encode_48(__m512i bytes, __m512i alphabet)
{
    /* Bytes B A C B of each group A B C (aaaaaabb bbbbcccc ccdddddd), as 32 bits, highest first:
     *   bbbbcccc ccdddddd aaaaaabb bbbbcccc */
    const __m512i spread = _mm512_set_epi8(
        46, 47, 45, 46, 43, 44, 42, 43, 40, 41, 39, 40, 37, 38, 36, 37, 34, 35, 33, 34, 31, 32, 30, 31, 28, 29, 27, 28,
        25, 26, 24, 25, 22, 23, 21, 22, 19, 20, 18, 19, 16, 17, 15, 16, 13, 14, 12, 13, 10, 11, 9, 10, 7, 8, 6, 7, 4,
        5, 3, 4, 1, 2, 0, 1);
    /* Each byte takes 8 bits from a position on: a from 10, b from 4, c from 22, d from 16; 32 more in the upper half.
     * The two bits above the six are ignored by the lookup. */
    const __m512i positions = _mm512_set1_epi64(0x3036242A1016040A);
    const __m512i sixes = _mm512_multishift_epi64_epi8(positions, _mm512_permutexvar_epi8(spread, bytes));
    return _mm512_permutexvar_epi8(sixes, alphabet);
}

PW_TARGET_AVX512VBMI PW_BASE64_ENCODE(pw_base64_encode_avx512vbmi)
{
    const __m512i alphabet = _mm512_loadu_si512(pw_base64_alphabet);
    /* A store across a cache line costs two. In a long text the first vector goes where the text begins, and the second
     * to the next line, over what the first has written there already. */
    const size_t to_line = (size_t)(0 - (uintptr_t)text) % 64;
    if (n >= 1024 && to_line % 4 == 0) {
        _mm512_storeu_si512(text, encode_48(_mm512_loadu_si512(data), alphabet));
        n -= to_line / 4 * 3, data += to_line / 4 * 3, text += to_line;
    }
    /* 64 bytes are loaded, of which 48 count. */
    for (; n >= 64; n -= 48, data += 48, text += 64)
        _mm512_storeu_si512(text, encode_48(_mm512_loadu_si512(data), alphabet));
    for (; n > 0; n -= n < 48 ? n : 48, data += 48, text += 64) {
        const size_t bytes = n < 48 ? n : 48;
        const size_t characters = (bytes * 4 + 2) / 3; /* without padding */
        const __m512i text_64 = encode_48(_mm512_maskz_loadu_epi8(pw_first_64(bytes), data), alphabet);
        const __m512i padded = _mm512_mask_mov_epi8(_mm512_set1_epi8('='), pw_first_64(characters), text_64);
        _mm512_mask_storeu_epi8(text, pw_first_64(pw_base64_encoded_size(bytes)), padded);
    }
}

/* Values by character, 0-63 and 64-127; bit 7 where the character is not of the alphabet. */
typedef struct {
    __m512i low, high;
} value_table;

/* 64 characters -> values 0-63; *bad has a bit for each character outside the alphabet. */
PW_TARGET_AVX512VBMI static inline __m512i values_of(__m512i characters, const value_table *table, __mmask64 *bad)
{
    /* The lookup ignores bit 7 of the character, so it counts beside the value's. */
    const __m512i values = _mm512_permutex2var_epi8(table->low, characters, table->high);
    *bad = _mm512_movepi8_mask(_mm512_or_si512(values, characters));
    return values;
}

/* 64 values -> 48 bytes, then zeros. */
PW_TARGET_AVX512VBMI static inline __m512i join_sixes(__m512i values)
{
    /* bytes 00aaaaaa 00bbbbbb 00cccccc 00dddddd -> words 0000aaaa aabbbbbb, 0000cccc ccdddddd
     * -> dword 00000000 aaaaaabb bbbbcccc ccdddddd */
    const __m512i twelves = _mm512_maddubs_epi16(values, _mm512_set1_epi32(0x01400140));
    const __m512i groups = _mm512_madd_epi16(twelves, _mm512_set1_epi32(0x00011000));
    /* Lowest byte first, without the empty ones; byte 3 is one of those. */
    const __m512i order = _mm512_set_epi8(
        3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 60, 61, 62, 56, 57, 58, 52, 53, 54, 48, 49, 50, 44, 45, 46, 40,
        41, 42, 36, 37, 38, 32, 33, 34, 28, 29, 30, 24, 25, 26, 20, 21, 22, 16, 17, 18, 12, 13, 14, 8, 9, 10, 4, 5, 6,
        0, 1, 2);
    return _mm512_permutexvar_epi8(order, groups);
}

PW_TARGET_AVX512VBMI PW_BASE64_DECODE(pw_base64_decode_avx512vbmi)
{
    const size_t padding = n % 4 == 0 ? pw_base64_padding(text, n) : 0;
    const value_table table = {_mm512_loadu_si512(pw_base64_values), _mm512_loadu_si512(pw_base64_values + 64)};
    size_t i = 0;
    __mmask64 bad = 0;

    for (; n - i > 64; i += 64) {
        const __m512i bytes = join_sixes(values_of(_mm512_loadu_si512(text + i), &table, &bad));
        if (bad)
            return pw_base64_first_bad(text, n);
        _mm512_mask_storeu_epi8(data + i / 4 * 3, pw_first_64(48), bytes);
    }
    /* The last 0-64 characters. Padding counts as 'A', zero; discarded bits that are not zero show up as a byte beyond
     * the size. */
    const size_t size = (n - i) / 4 * 3 - padding;
    const __m512i last = _mm512_mask_loadu_epi8(_mm512_set1_epi8('A'), pw_first_64(n - i - padding), text + i);
    const __m512i bytes = join_sixes(values_of(last, &table, &bad));
    if (bad || n % 4 != 0 || (_mm512_test_epi8_mask(bytes, bytes) & ~pw_first_64(size)) != 0)
        return pw_base64_first_bad(text, n);
    _mm512_mask_storeu_epi8(data + i / 4 * 3, pw_first_64(size), bytes);
    return PW_BASE64_VALID;
}

#endif
