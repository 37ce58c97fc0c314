/* Invariants: a message made from the template matches, with its numbers and its payload; whatever matches is what its
 * numbers and its payload make, byte for byte. */
#include "fuzz.h"

#include <inttypes.h>

static const char literals[] = "{\"n\":" ",\"payload\":\"" "\",\"t\":\"" "\"}";
static const pw_template form = {(const uint8_t *)literals, {5, 12, 7, 2}, 3, 1};

enum { OUTSIDE = 5 + 12 + 7 + 2 + 2 * 20 + 1 }; /* of a message, what is not its payload; with two numbers and an end */

/* Returns the size. The message has OUTSIDE bytes more than its payload. */
static size_t make(char *message, uint64_t first, const uint8_t *payload, size_t size, uint64_t second)
{
    const int begin = sprintf(message, "{\"n\":%" PRIu64 ",\"payload\":\"", first);
    memcpy(message + begin, payload, size);
    const int end = sprintf(message + begin + size, "\",\"t\":\"%" PRIu64 "\"}", second);
    return (size_t)begin + size + (size_t)end;
}

/* In a block that ends where the text ends. */
static int match(const pw_kernels *t, const char *text, size_t n, pw_match *found)
{
    uint8_t *block = fuzz_block(n);
    memcpy(block, text, n);
    const int result = t->match_template(&form, block, n, found);
    if (result) {
        char *again = fuzz_block(found->payload_size + OUTSIDE);
        const size_t size = make(again, found->numbers[0], found->payload, found->payload_size, found->numbers[1]);
        fuzz_expect(size == n && memcmp(again, block, n) == 0, "what matches is not what its parts make");
        free(again);
    }
    free(block);
    return result;
}

static uint64_t number(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value % 1000000000000000000u >> at[0] % 60; /* up to 18 digits */
}

/* Two numbers of 8 bytes, then the payload; a made message, and the same with one byte changed. */
static void made(const fuzz_case *c)
{
    const uint64_t first = number(c->in), second = number(c->in + 8);
    const size_t size = c->size - 16;
    const uint8_t *payload = c->in + 16;
    char *message = fuzz_block(size + OUTSIDE);
    const size_t n = make(message, first, payload, size, second);
    const int allowed = size > 0 && memchr(payload, '"', size) == NULL;
    pw_match found;

    fuzz_expect(match(c->table, message, n, &found) == allowed, "a made message is judged wrongly");
    if (allowed)
        fuzz_expect(found.numbers[0] == first && found.numbers[1] == second && found.payload_size == size,
                    "a number or the payload differs");
    message[(size_t)second % n] = (char)c->in[8];
    match(c->table, message, n, &found);
    free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const fuzz_case c = fuzz_begin(data, size, 1);
    pw_match found;
    if (c.choice % 4 != 0 && c.size >= 16)
        made(&c);
    else
        match(c.table, (const char *)c.in, c.size, &found);
    free(c.in);
    return 0;
}
