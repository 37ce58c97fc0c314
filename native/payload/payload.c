#include "payload.h"
#include "../target.h"

/* 3,072 codewords, 4,096 characters: with the samples 13 KiB, well within 32 KiB of first-level cache. */
enum { BLOCK_CODEWORDS = 3072, BLOCK_CHARACTERS = BLOCK_CODEWORDS / 3 * 4 };

static inline void encode(const uint8_t *samples, size_t n, uint8_t *text, pw_g711_encode_fn *g711,
                          pw_base64_encode_fn *base64)
{
    uint8_t codewords[BLOCK_CODEWORDS];
    while (n > 0) {
        const size_t block = n < BLOCK_CODEWORDS ? n : BLOCK_CODEWORDS;
        g711(samples, block, codewords);
        base64(codewords, block, text);
        samples += 2 * block;
        text += pw_base64_encoded_size(block);
        n -= block;
    }
}

static inline size_t decode(const uint8_t *text, size_t n, uint8_t *samples, pw_base64_decode_fn *base64,
                            pw_g711_decode_fn *g711)
{
    uint8_t codewords[BLOCK_CODEWORDS];
    for (size_t i = 0; i < n; i += BLOCK_CHARACTERS) {
        const size_t block = n - i < BLOCK_CHARACTERS ? n - i : BLOCK_CHARACTERS;
        const int last = block == n - i;
        /* Padding is good only at the end of the text; a block alone would accept it. */
        if ((!last && text[i + block - 1] == '=') || base64(text + i, block, codewords) != PW_BASE64_VALID)
            return pw_base64_first_bad(text, n);
        const size_t size = pw_base64_decoded_size(text + i, block);
        g711(codewords, size, samples);
        samples += 2 * size;
    }
    return PW_BASE64_VALID;
}

#define DEFINE_PAYLOAD(isa, g711, base64)                                                                   \
    PW_PAYLOAD_ENCODE(pw_ulaw_payload_encode_##isa)                                           \
    {                                                                                         \
        encode(samples, n, text, pw_ulaw_encode_##g711, pw_base64_encode_##base64);               \
    }                                                                                         \
    PW_PAYLOAD_ENCODE(pw_alaw_payload_encode_##isa)                                           \
    {                                                                                         \
        encode(samples, n, text, pw_alaw_encode_##g711, pw_base64_encode_##base64);               \
    }                                                                                         \
    PW_PAYLOAD_DECODE(pw_ulaw_payload_decode_##isa)                                           \
    {                                                                                         \
        return decode(text, n, samples, pw_base64_decode_##base64, pw_ulaw_decode_##g711);        \
    }                                                                                         \
    PW_PAYLOAD_DECODE(pw_alaw_payload_decode_##isa)                                           \
    {                                                                                         \
        return decode(text, n, samples, pw_base64_decode_##base64, pw_alaw_decode_##g711);        \
    }

DEFINE_PAYLOAD(scalar, scalar, scalar)
#if PW_X86_64
DEFINE_PAYLOAD(avx2, avx2, avx2)
DEFINE_PAYLOAD(avx512, avx512, avx512)
DEFINE_PAYLOAD(avx512vbmi, avx512, avx512vbmi)
#elif PW_AARCH64
DEFINE_PAYLOAD(neon, neon, neon)
#endif
