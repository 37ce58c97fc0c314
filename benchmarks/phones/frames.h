/* Frames that tell of whom they are and which, in base64: what `phones.c` says, and knows again when it comes back.
 *
 * Six codewords of u-law are two numbers of three digits to the base of 100, the call's and the frame's, as
 * `phonewire.load.stamp` has them; the rest is all the same. They survive a server that decodes and encodes them. */

#ifndef FRAMES_H
#define FRAMES_H

#include <stdint.h>
#include <string.h>

#define ZERO 0x80 /* the codeword of the digit 0 */

static char filling[209]; /* what follows the numbers: 154 codewords, all the same, in base64 */
static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static signed char values64[256];

static inline void prepare(void)
{
    for (int i = 0; i < 64; i++)
        values64[(unsigned char)digits64[i]] = (signed char)i;
    for (int i = 0; i < 204; i += 4)
        memcpy(filling + i, "gICA", 4);
    memcpy(filling + 204, "gA==", 4);
}

static inline void put_number(unsigned char *out, uint32_t number)
{
    out[0] = (unsigned char)(ZERO + number / 10000);
    out[1] = (unsigned char)(ZERO + number / 100 % 100);
    out[2] = (unsigned char)(ZERO + number % 100);
}

static inline void encode(char *out, const unsigned char *in, int triples)
{
    for (int i = 0; i < triples; i++, in += 3, out += 4) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        for (int k = 0; k < 4; k++)
            out[k] = digits64[bits >> (18 - 6 * k) & 63];
    }
}

static inline uint32_t number_of(const unsigned char *codewords)
{
    return (uint32_t)((codewords[0] - ZERO) * 10000 + (codewords[1] - ZERO) * 100 + codewords[2] - ZERO);
}

/* Read eight characters of base64; return the number of the frame, and that of the call in `*call`. */
static inline uint32_t read_numbers(const unsigned char *text, uint32_t *call)
{
    unsigned char numbers[6];
    for (int i = 0; i < 2; i++, text += 4) {
        uint32_t bits = (uint32_t)(values64[text[0]] << 18 | values64[text[1]] << 12 | values64[text[2]] << 6 |
                                   values64[text[3]]);
        numbers[3 * i] = (unsigned char)(bits >> 16);
        numbers[3 * i + 1] = (unsigned char)(bits >> 8);
        numbers[3 * i + 2] = (unsigned char)bits;
    }
    *call = number_of(numbers);
    return number_of(numbers + 3);
}

/* Write eight characters of base64 and a zero. */
static inline void write_numbers(char *out, uint32_t call, uint32_t frame)
{
    unsigned char numbers[6];
    put_number(numbers, call);
    put_number(numbers + 3, frame);
    encode(out, numbers, 2);
    out[8] = 0;
}

#endif
