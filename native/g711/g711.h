/* G.711: 16-bit samples to 8-bit codewords and back.
 *
 * Samples are s16 in the machine's byte order, at any address: 2*n bytes. Codewords: n bytes. Input and output must
 * not overlap. Nothing can fail.
 *
 * A codeword is  silence ^ sign ^ (segment << 4 | step):  the complement that the transmission line wants (all bits
 * for u-law, the even ones for A-law) is the codeword of positive zero, so "silence" names both. */
#ifndef PW_G711_H
#define PW_G711_H

#include <stddef.h>
#include <stdint.h>

#define PW_ULAW_SILENCE 0xFF
#define PW_ALAW_SILENCE 0xD5
#define PW_G711_SIGN 0x80

/* The bias that turns u-law's segments into powers of two: 33 on the 14-bit scale of G.711, 132 on 16 bits. */
#define PW_ULAW_BIAS 132

/* Every variant of an operation is declared through its one function type. */
#define PW_G711_ENCODE(name) void name(const uint8_t *samples, size_t n, uint8_t *codewords)
#define PW_G711_DECODE(name) void name(const uint8_t *codewords, size_t n, uint8_t *samples)
typedef PW_G711_ENCODE(pw_g711_encode_fn);
typedef PW_G711_DECODE(pw_g711_decode_fn);

/* ulaw_encode follows ITU-T G.191 (negative samples: one's complement). ulaw_encode_audioop follows CPython's former
 * audioop (round towards minus infinity to 14 bits, then negate): 508 of 65,536 samples differ, by one codeword. */
#define PW_G711_VARIANTS(isa)                        \
    PW_G711_ENCODE(pw_ulaw_encode_##isa);            \
    PW_G711_ENCODE(pw_ulaw_encode_audioop_##isa);    \
    PW_G711_ENCODE(pw_alaw_encode_##isa);            \
    PW_G711_DECODE(pw_ulaw_decode_##isa);            \
    PW_G711_DECODE(pw_alaw_decode_##isa)

PW_G711_VARIANTS(scalar);
PW_G711_VARIANTS(avx2);
PW_G711_VARIANTS(avx512);
PW_G711_VARIANTS(neon);

/* Transcoding goes from one law to the other, codeword by codeword, by the conversion tables of ITU-T G.711 (11/88).
 * These are not decode + encode: G.711 maps value numbers so that A-u-A and u-A-u both keep bits 1 to 7 of every
 * codeword. The sign bit means the same in both laws and stays. n codewords -> n codewords. */
#define PW_TRANSCODE(name) void name(const uint8_t *from, size_t n, uint8_t *to)
typedef PW_TRANSCODE(pw_transcode_fn);

#define PW_TRANSCODE_VARIANTS(isa)           \
    PW_TRANSCODE(pw_ulaw_to_alaw_##isa);     \
    PW_TRANSCODE(pw_alaw_to_ulaw_##isa)

PW_TRANSCODE_VARIANTS(scalar);
PW_TRANSCODE_VARIANTS(avx2);
PW_TRANSCODE_VARIANTS(avx512vbmi);
PW_TRANSCODE_VARIANTS(neon);

/* Stereo to its channels: the codewords of both in turn, 2*n bytes of either law, -> n of each. The outputs overlap
 * neither the input nor each other. */
typedef void pw_split_fn(const uint8_t *codewords, size_t n, uint8_t *first, uint8_t *second);
pw_split_fn pw_g711_split;

/* By decoder output value number, lowest magnitude first, as in tables 3 and 4 (which count A-law from 1). */
extern const uint8_t pw_ulaw_to_alaw_numbers[128];
extern const uint8_t pw_alaw_to_ulaw_numbers[128];

/* What each law does to the seven bits below the sign before transmission. */
#define PW_ULAW_COMPLEMENT 0x7F
#define PW_ALAW_COMPLEMENT 0x55

#endif
