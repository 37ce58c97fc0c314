#include "check.h"

#include <stdlib.h>
#include <string.h>

static const char literals[] = "{\"n\":" ",\"payload\":\"" "\",\"t\":\"" "\"}";
static const char message[] = "{\"n\":305,\"payload\":\"QUJD\",\"t\":\"7\"}";
/* What stands at each place: a literal, the first or another digit of 305, the payload, the only digit of "7". */
static const char places[] = "-----fdd------------pppp-------o--";

enum { N = sizeof message - 1 };

static const pw_template form = {(const uint8_t *)literals, {5, 12, 7, 2}, 3, 1};

/* A block that ends where the text ends: a sanitizer sees the first byte that is read beyond it. */
static int match(const pw_kernels *table, const uint8_t *text, size_t n, pw_match *found)
{
    uint8_t *block = malloc(n > 0 ? n : 1);
    if (block == NULL)
        abort();
    memcpy(block, text, n);
    const int result = table->match_template(&form, block, n, found);
    if (result && (found->payload_size != 4 || memcmp(found->payload, text + 20, 4) != 0))
        check_fail("match_template", "the payload is not in its place", n, 0);
    free(block);
    return result;
}

static int is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static int allowed(size_t place, uint8_t byte)
{
    switch (places[place]) {
    case 'f':
        return is_digit(byte) && byte != '0';
    case 'd':
    case 'o':
        return is_digit(byte);
    case 'p':
        return byte != '"';
    default:
        return byte == (uint8_t)message[place];
    }
}

static void every_byte(const pw_kernels *table, size_t place)
{
    uint8_t text[N];
    pw_match found;
    memcpy(text, message, N);
    for (unsigned byte = 0; byte < 256; byte++) {
        text[place] = (uint8_t)byte;
        const int result = match(table, text, N, &found);
        if (result != allowed(place, (uint8_t)byte))
            check_fail("match_template", "takes a byte that its place does not allow, or not one that it does", N, place);
        const unsigned first = 100u * (text[5] - '0') + 10u * (text[6] - '0') + (text[7] - '0');
        if (result && (found.numbers[0] != first || found.numbers[1] != (unsigned)(text[31] - '0')))
            check_fail("match_template", "a number differs", N, place);
    }
}

void match_exhaustive(const pw_kernels *table)
{
    pw_match found;
    for (size_t place = 0; place < N; place++) {
        if (match(table, (const uint8_t *)message, place, &found))
            check_fail("match_template", "takes the beginning of a message", place, 0);
        every_byte(table, place);
    }
}
