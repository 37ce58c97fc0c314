/* RTP against models written another way: headers by offsets from the start, sequences by unwrapping to 64 bits. */
#include "check.h"
#include "rtp_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LENGTH = 100 };

static void check_packet(const pw_kernels *table, const uint8_t *packet, size_t n)
{
    pw_rtp_header header;
    memset(&header, 0xA5, sizeof header);
    const unsigned reason = table->rtp_parse(packet, n, &header);
    const rtp_expectation expected = rtp_model(packet, n);
    if (reason != expected.reason || header.reason != reason || header.payload_offset != expected.offset ||
        header.payload_size != expected.size || header.padding_size != expected.padding)
        check_fail("rtp_parse", "differs from the model", n, n > 0 ? packet[0] : 0);
    if (reason != PW_RTP_GOOD)
        return;
    if (header.payload_type != packet[1] % 128 || header.marker != packet[1] / 128 ||
        header.csrc_count != packet[0] % 16 || header.sequence_number != packet[2] * 256u + packet[3])
        check_fail("rtp_parse", "a field differs", n, packet[0]);

    uint8_t fixed[12];
    table->rtp_pack(&header, fixed);
    fixed[0] = (uint8_t)(fixed[0] | (packet[0] & 0x20)); /* padding is not packed */
    if (memcmp(fixed, packet, 12) != 0)
        check_fail("rtp_pack", "what was parsed packs to something else", n, packet[0]);
}

/* Every pair of first octets, in a block that ends where the packet ends. */
static void check_pairs(const pw_kernels *table, uint8_t *packet, size_t n, unsigned words, uint8_t last)
{
    for (unsigned first = 0; first < 256; first++) {
        const size_t extension = 12 + 4 * (first % 16);
        memset(packet, 0, n);
        if (n >= 12)
            memcpy(packet + 2, "\x12\x34\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98", 10);
        if (extension + 4 <= n) {
            packet[extension + 2] = (uint8_t)(words >> 8);
            packet[extension + 3] = (uint8_t)words;
        }
        if (n > 0)
            packet[n - 1] = last;
        for (unsigned second = 0; second < 256; second++) {
            if (n > 0)
                packet[0] = (uint8_t)first;
            if (n > 1)
                packet[1] = (uint8_t)second;
            check_packet(table, packet, n);
        }
    }
}

static void check_every_header(const pw_kernels *table)
{
    static const unsigned words[] = {0, 1, 2, 5, 0x3FFF, 0xFFFF};
    for (size_t n = 0; n <= MAX_LENGTH; n++) {
        const uint8_t lasts[] = {0, 1, (uint8_t)(n - 1), (uint8_t)n, 255};
        uint8_t *packet = malloc(n > 0 ? n : 1);
        if (packet == NULL)
            abort();
        for (size_t w = 0; w < sizeof words / sizeof *words; w++)
            for (size_t l = 0; l < sizeof lasts; l++)
                check_pairs(table, packet, n, words[w], lasts[l]);
        free(packet);
    }
}

/* A source as A.1 means it: the highest number without wrap-around, and what a packet's distance from it says. */
typedef struct {
    int64_t first, highest, received, in_row, confirms;
} source;

static int64_t distance(const source *s, uint16_t number)
{
    const int64_t up = (number - s->highest % 65536 + 65536) % 65536;
    return up >= 65536 - 99 ? up - 65536 : up;
}

static int accepts(source *s, uint16_t number)
{
    const int64_t step = distance(s, number);
    if (s->received == 0) { /* nothing counts before two in a row */
        s->in_row = s->in_row > 0 && step == 1 ? s->in_row + 1 : 1;
        s->first = s->highest = number;
        s->received = s->in_row == 2;
        s->confirms = -1;
        return s->received == 1;
    }
    if (step >= 3000 && number != s->confirms) {
        s->confirms = (number + 1) % 65536;
        return 0;
    }
    if (step >= 3000) {
        s->first = s->highest = number;
        s->received = 0;
        s->confirms = -1;
    } else if (step > 0) {
        s->highest += step;
    }
    s->received++;
    return 1;
}

/* Loss, repetition, reordering, jumps and restarts, from a starting point that is often near the wrap-around. */
static uint16_t next_number(uint16_t number)
{
    const uint32_t chance = check_random() >> 8;
    switch (chance % 16) {
    case 0: return (uint16_t)(number + 2 + (chance >> 8) % 4);       /* loss */
    case 1: return (uint16_t)(number - (chance >> 8) % 110);         /* late, a duplicate, or too late */
    case 2: return (uint16_t)(number + 2900 + (chance >> 8) % 200);  /* about as much as may be missing */
    case 3: return (uint16_t)(chance >> 8);                          /* another sender, perhaps */
    default: return (uint16_t)(number + 1);
    }
}

static void check_trace(const pw_kernels *table)
{
    pw_rtp_tracker tracker = {0};
    source s = {0};
    uint16_t number = (uint16_t)(65536 - check_random() % 64);
    for (size_t i = 0; i < 32; i++, number = next_number(number)) {
        if (table->rtp_track(&tracker, number) != accepts(&s, number))
            check_fail("rtp_track", "accepts another packet than the model", number, i);
        const int64_t expected = s.received > 0 ? s.highest - s.first + 1 : 0;
        if (table->rtp_expected(&tracker) != expected || (int64_t)tracker.received != s.received)
            check_fail("rtp_track", "counts otherwise than the model", number, i);
        if (s.received > 0 && tracker.cycles / 65536 != (uint64_t)(s.highest / 65536))
            check_fail("rtp_track", "counts wrap-arounds otherwise than the model", number, i);
    }
}

void rtp_exhaustive(const pw_kernels *table)
{
    check_every_header(table);
    for (size_t i = 0; i < 1000000; i++)
        check_trace(table);
    printf("%-22s %-10s done\n", "rtp", "scalar");
    fflush(stdout);
}
