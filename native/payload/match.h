/* A message that is always the same but for some numbers and one payload, matched without parsing it. */
#ifndef PW_MATCH_H
#define PW_MATCH_H

#include <stddef.h>
#include <stdint.h>

enum {
    PW_MATCH_SLOTS = 8,
    PW_MATCH_DIGITS = 18,  /* any 18 digits fit in 63 bits */
    PW_MATCH_SIZE = 65536, /* of a message; bounds the time that a caller holds a lock */
};

/* Literals with a slot between each two. Each slot is a decimal number, but for one, which is the payload. No literal is
 * empty, and one that follows a slot begins with none of A-Z a-z 0-9 + / =, so that there is one way to match. */
typedef struct pw_template {
    const uint8_t *literals; /* slots + 1 of them, without anything between */
    size_t sizes[PW_MATCH_SLOTS + 1];
    size_t slots;
    size_t payload; /* index of its slot */
} pw_template;

typedef struct pw_match {
    const uint8_t *payload; /* within the message */
    size_t payload_size;    /* at least 1 */
    uint64_t numbers[PW_MATCH_SLOTS]; /* of the other slots, in their order */
} pw_match;

/* Whether the n bytes of the message, at most PW_MATCH_SIZE, are exactly of the template's form. A number has 1 to
 * PW_MATCH_DIGITS digits and no leading zero, as in JSON. The payload is not looked into. Without a match what was
 * written is meaningless. */
#define PW_MATCH(name) int name(const pw_template *form, const uint8_t *message, size_t n, pw_match *match)

typedef PW_MATCH(pw_match_fn);

PW_MATCH(pw_match_template);

#endif
