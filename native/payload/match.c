#include "match.h"

#include <string.h>

/* Each returns the end of what stands at `text`, or NULL. */

static const uint8_t *match_literal(const uint8_t *text, const uint8_t *end, const uint8_t *literal, size_t size)
{
    return (size_t)(end - text) >= size && memcmp(text, literal, size) == 0 ? text + size : NULL;
}

static const uint8_t *match_number(const uint8_t *text, const uint8_t *end, uint64_t *number)
{
    const uint8_t *const last = end - text < PW_MATCH_DIGITS ? end : text + PW_MATCH_DIGITS;
    const uint8_t *const first = text;
    uint64_t value = 0;
    for (; text < last && *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    *number = value;
    return text == first || (*first == '0' && text - first > 1) ? NULL : text;
}

static const uint8_t *match_payload(const uint8_t *text, const uint8_t *end, uint8_t next, pw_match *match)
{
    const uint8_t *const stop = memchr(text, next, (size_t)(end - text));
    if (stop == NULL || stop == text)
        return NULL;
    match->payload = text;
    match->payload_size = (size_t)(stop - text);
    return stop;
}

PW_MATCH(pw_match_template)
{
    const uint8_t *const end = message + n;
    const uint8_t *text = message, *literal = form->literals;
    uint64_t *number = match->numbers;
    if (n > PW_MATCH_SIZE)
        return 0;
    for (size_t i = 0;; i++) {
        text = match_literal(text, end, literal, form->sizes[i]);
        if (text == NULL || i == form->slots)
            return text == end;
        literal += form->sizes[i];
        text = i == form->payload ? match_payload(text, end, *literal, match) : match_number(text, end, number++);
        if (text == NULL)
            return 0;
    }
}
