/* Invariants: every decoder says what the rule says, with the offset of the first bad character; what is accepted
 * encodes to the same text; what is encoded decodes to the same bytes. */
#include "fuzz.h"

static void decode(const pw_kernels *t, const uint8_t *text, size_t n)
{
    const size_t size = pw_base64_decoded_size(text, n);
    uint8_t *out = fuzz_block(size);
    const size_t result = t->base64_decode(text, n, out);

    fuzz_expect(result == pw_base64_first_bad(text, n), "a decoder differs from the rule");
    fuzz_expect(result == PW_BASE64_VALID || result <= n, "an offset beyond the text");
    if (result == PW_BASE64_VALID) {
        uint8_t *again = fuzz_block(n);
        fuzz_expect(pw_base64_encoded_size(size) == n, "the sizes disagree");
        t->base64_encode(out, size, again);
        fuzz_expect(memcmp(again, text, n) == 0, "accepted text is not what its bytes encode to");
        free(again);
    }
    free(out);
}

static void encode(const pw_kernels *scalar, const pw_kernels *t, const uint8_t *data, size_t size)
{
    const size_t n = pw_base64_encoded_size(size);
    uint8_t *text = fuzz_block(n), *back = fuzz_block(size);
    t->base64_encode(data, size, text);
    fuzz_expect(pw_base64_decoded_size(text, n) == size, "the decoded size is not the size encoded");
    fuzz_expect(scalar->base64_decode(text, n, back) == PW_BASE64_VALID, "encoded text is refused");
    fuzz_expect(memcmp(back, data, size) == 0, "there and back differs");
    free(back);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    fuzz_case c = fuzz_begin(data, size, 1);
    if (c.choice % 4 == 0) {
        encode(c.scalar, c.table, c.in, c.size);
    } else {
        if (c.choice % 4 != 1)
            fuzz_make_text(&c);
        decode(c.table, c.in, c.size);
    }
    free(c.in);
    return 0;
}
