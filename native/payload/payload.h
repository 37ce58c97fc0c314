/* A media payload as JSON protocols carry it: base64 of G.711 codewords, made and read in one call.
 *
 * Samples are s16 in the machine's byte order, at any address. The codewords exist only in a block that stays in the
 * first-level cache. */
#ifndef PW_PAYLOAD_H
#define PW_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "../base64/base64.h"
#include "../g711/g711.h"

/* n samples -> pw_base64_encoded_size(n) characters. */
#define PW_PAYLOAD_ENCODE(name) void name(const uint8_t *samples, size_t n, uint8_t *text)

/* n characters -> pw_base64_decoded_size(text, n) samples. Returns as pw_base64_decode does. */
#define PW_PAYLOAD_DECODE(name) size_t name(const uint8_t *text, size_t n, uint8_t *samples)

typedef PW_PAYLOAD_ENCODE(pw_payload_encode_fn);
typedef PW_PAYLOAD_DECODE(pw_payload_decode_fn);

#define PW_PAYLOAD_VARIANTS(isa)                 \
    PW_PAYLOAD_ENCODE(pw_ulaw_payload_encode_##isa); \
    PW_PAYLOAD_ENCODE(pw_alaw_payload_encode_##isa); \
    PW_PAYLOAD_DECODE(pw_ulaw_payload_decode_##isa); \
    PW_PAYLOAD_DECODE(pw_alaw_payload_decode_##isa)

PW_PAYLOAD_VARIANTS(scalar);
PW_PAYLOAD_VARIANTS(avx2);
PW_PAYLOAD_VARIANTS(avx512);
PW_PAYLOAD_VARIANTS(avx512vbmi);
PW_PAYLOAD_VARIANTS(neon);

#endif
