/* What a packet says, found by adding offsets from the start: not as rtp.c does it. */
#ifndef RTP_MODEL_H
#define RTP_MODEL_H

#include "kernels.h"

typedef struct {
    unsigned reason;
    size_t offset, size, padding;
} rtp_expectation;

/* Offsets cannot overflow here: a header takes at most 72 + 4 * 65535 bytes. */
static inline rtp_expectation rtp_model(const uint8_t *p, size_t n)
{
    if (n < 12)
        return (rtp_expectation){PW_RTP_SHORT_HEADER, 12, 0, 0};
    if ((p[0] & 0xC0) != 0x80)
        return (rtp_expectation){PW_RTP_BAD_VERSION, 0, 0, 0};
    size_t end = 12 + 4 * (size_t)(p[0] % 16);
    if (end > n)
        return (rtp_expectation){PW_RTP_SHORT_CSRCS, end, 0, 0};
    if (p[0] / 16 % 2) {
        const size_t words = end + 4 <= n ? (size_t)p[end + 2] * 256 + p[end + 3] : 0;
        end += 4 + 4 * words;
        if (end > n)
            return (rtp_expectation){PW_RTP_SHORT_EXTENSION, end, 0, 0};
    }
    const size_t padding = p[0] / 32 % 2 ? p[n - 1] : 0;
    if (p[0] / 32 % 2 && (padding == 0 || end + padding > n))
        return (rtp_expectation){PW_RTP_BAD_PADDING, end, n - end, padding};
    return (rtp_expectation){PW_RTP_GOOD, end, n - end - padding, padding};
}

#endif
