/* RTP headers, RFC 3550 section 5.1. Plain C on purpose: there are twelve bytes to read.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *   |                           timestamp                           |
 *   |                             SSRC                              |
 *   |                        CSRC x CC                              |
 *   |     extension profile (if X)  |  length in 32-bit words       |
 *   |     extension, payload, padding (if P): its last byte counts it
 */
#ifndef PW_RTP_H
#define PW_RTP_H

#include <stddef.h>
#include <stdint.h>

enum {
    PW_RTP_VERSION = 2,
    PW_RTP_FIXED_SIZE = 12,
};

/* What is wrong with a packet; `PacketReason` in Python has the same numbers. */
enum {
    PW_RTP_GOOD,
    PW_RTP_SHORT_HEADER,
    PW_RTP_BAD_VERSION,
    PW_RTP_SHORT_CSRCS,
    PW_RTP_SHORT_EXTENSION,
    PW_RTP_BAD_PADDING,
};

/* What a header says. Its layout is that of a row of `parse_batch`. */
typedef struct pw_rtp_header {
    uint32_t timestamp;
    uint32_t ssrc;
    uint16_t sequence_number;
    uint16_t extension_profile; /* 0 without extension */
    uint8_t payload_type;       /* 0 to 127 */
    uint8_t marker;             /* 0 or 1 */
    uint8_t csrc_count;         /* 0 to 15 */
    uint8_t has_extension;      /* 0 or 1 */
    uint8_t padding_size;
    uint8_t reason;
    size_t payload_offset; /* size of the header, with CSRCs and extension */
    size_t payload_size;   /* without padding */
} pw_rtp_header;

/* Reads the header of a packet of n bytes and returns the reason, PW_RTP_GOOD where nothing is wrong. In a header with
 * another reason all is 0 but what is wrong: the size that the header needs in payload_offset; for bad padding the
 * header's size, the bytes after it in payload_size and the count in padding_size. */
#define PW_RTP_PARSE(name) unsigned name(const uint8_t *packet, size_t n, pw_rtp_header *header)

/* Writes the twelve fixed bytes; payload_offset, payload_size, padding_size and reason are not looked at. */
#define PW_RTP_PACK(name) void name(const pw_rtp_header *header, uint8_t *packet)

typedef PW_RTP_PARSE(pw_rtp_parse_fn);
typedef PW_RTP_PACK(pw_rtp_pack_fn);

PW_RTP_PARSE(pw_rtp_parse);
PW_RTP_PACK(pw_rtp_pack);

#endif
