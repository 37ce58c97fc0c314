#include "rtp.h"

#include <string.h>

enum { PADDING = 0x20, EXTENSION = 0x10, CSRC_COUNT = 0x0F, MARKER = 0x80, PAYLOAD_TYPE = 0x7F };

static inline uint16_t load_be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t load_be32(const uint8_t *at)
{
    return (uint32_t)load_be16(at) << 16 | load_be16(at + 2);
}

static inline void store_be16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void store_be32(uint8_t *at, uint32_t value)
{
    store_be16(at, (uint16_t)(value >> 16));
    store_be16(at + 2, (uint16_t)value);
}

static unsigned short_of(pw_rtp_header *header, uint8_t reason, size_t needed)
{
    header->payload_offset = needed;
    return header->reason = reason;
}

static unsigned bad_padding(pw_rtp_header *header, size_t offset, size_t remaining, uint8_t padding)
{
    header->payload_size = remaining;
    header->padding_size = padding;
    return short_of(header, PW_RTP_BAD_PADDING, offset);
}

static void read_fixed(const uint8_t *packet, pw_rtp_header *header)
{
    header->csrc_count = packet[0] & CSRC_COUNT;
    header->marker = packet[1] >> 7;
    header->payload_type = packet[1] & PAYLOAD_TYPE;
    header->sequence_number = load_be16(packet + 2);
    header->timestamp = load_be32(packet + 4);
    header->ssrc = load_be32(packet + 8);
}

/* One pass. `remaining` only ever loses what is known to be there: no length from the packet is added to an offset
 * before it was found to fit. */
PW_RTP_PARSE(pw_rtp_parse)
{
    uint16_t profile = 0;
    uint8_t padding = 0;

    memset(header, 0, sizeof *header); /* its gaps too: rows go out as they are */
    if (n < PW_RTP_FIXED_SIZE)
        return short_of(header, PW_RTP_SHORT_HEADER, PW_RTP_FIXED_SIZE);
    if (packet[0] >> 6 != PW_RTP_VERSION)
        return short_of(header, PW_RTP_BAD_VERSION, 0);
    size_t remaining = n - PW_RTP_FIXED_SIZE;

    const size_t csrcs = (size_t)(packet[0] & CSRC_COUNT) * 4;
    if (remaining < csrcs)
        return short_of(header, PW_RTP_SHORT_CSRCS, PW_RTP_FIXED_SIZE + csrcs);
    remaining -= csrcs;

    if (packet[0] & EXTENSION) {
        const uint8_t *extension = packet + (n - remaining);
        if (remaining < 4)
            return short_of(header, PW_RTP_SHORT_EXTENSION, n - remaining + 4);
        remaining -= 4;
        const size_t size = (size_t)load_be16(extension + 2) * 4;
        if (remaining < size)
            return short_of(header, PW_RTP_SHORT_EXTENSION, n - remaining + size);
        remaining -= size;
        profile = load_be16(extension);
    }

    const size_t offset = n - remaining;
    if (packet[0] & PADDING) {
        padding = packet[n - 1];
        if (padding == 0 || padding > remaining)
            return bad_padding(header, offset, remaining, padding);
        remaining -= padding;
    }

    read_fixed(packet, header);
    header->has_extension = (packet[0] & EXTENSION) != 0;
    header->extension_profile = profile;
    header->padding_size = padding;
    header->payload_offset = offset;
    header->payload_size = remaining;
    return PW_RTP_GOOD;
}

PW_RTP_PACK(pw_rtp_pack)
{
    packet[0] = (uint8_t)(PW_RTP_VERSION << 6 | (header->has_extension ? EXTENSION : 0) | header->csrc_count);
    packet[1] = (uint8_t)((header->marker ? MARKER : 0) | header->payload_type);
    store_be16(packet + 2, header->sequence_number);
    store_be32(packet + 4, header->timestamp);
    store_be32(packet + 8, header->ssrc);
}
