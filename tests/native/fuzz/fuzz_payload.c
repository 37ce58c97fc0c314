/* Invariant: a payload in one call is what scalar's two steps give, base64 and G.711. One input in 256 is repeated
 * until it is longer than a block. */
#include "fuzz.h"

static void encode(pw_payload_encode_fn *payload, pw_g711_encode_fn *g711, pw_base64_encode_fn *base64, const fuzz_case *c)
{
    const size_t n = c->size / 2, size = pw_base64_encoded_size(n);
    uint8_t *codewords = fuzz_block(n), *expected = fuzz_block(size), *text = fuzz_block(size);
    const uint8_t *samples = c->in + c->size % 2;
    g711(samples, n, codewords);
    base64(codewords, n, expected);
    payload(samples, n, text);
    fuzz_expect(memcmp(expected, text, size) == 0, "a payload differs from its two steps");
    free(text);
    free(expected);
    free(codewords);
}

static void decode(pw_payload_decode_fn *payload, pw_base64_decode_fn *base64, pw_g711_decode_fn *g711, const fuzz_case *c)
{
    const size_t size = pw_base64_decoded_size(c->in, c->size);
    uint8_t *codewords = fuzz_block(size), *expected = fuzz_block(2 * size), *samples = fuzz_block(2 * size);
    const size_t result = base64(c->in, c->size, codewords);
    fuzz_expect(payload(c->in, c->size, samples) == result, "a payload is refused elsewhere than its text");
    if (result == PW_BASE64_VALID) {
        g711(codewords, size, expected);
        fuzz_expect(memcmp(expected, samples, 2 * size) == 0, "decoded samples differ from the two steps'");
    }
    free(samples);
    free(expected);
    free(codewords);
}

/* By a sum over all of it, so that the fuzzer cannot collect the slow ones. */
static int is_one_in_256(const uint8_t *data, size_t size)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 16777619u;
    return hash >> 24 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const size_t times = is_one_in_256(data, size) ? 9000 / size + 1 : 1;
    fuzz_case c = fuzz_begin(data, size, times);
    const pw_kernels *s = c.scalar, *t = c.table;
    switch (c.choice % 4) {
    case 0:
        encode(t->ulaw_payload_encode, s->ulaw_encode, s->base64_encode, &c);
        break;
    case 1:
        encode(t->alaw_payload_encode, s->alaw_encode, s->base64_encode, &c);
        break;
    case 2:
        fuzz_make_text(&c);
        decode(t->ulaw_payload_decode, s->base64_decode, s->ulaw_decode, &c);
        break;
    default:
        fuzz_make_text(&c);
        decode(t->alaw_payload_decode, s->base64_decode, s->alaw_decode, &c);
        break;
    }
    free(c.in);
    return 0;
}
