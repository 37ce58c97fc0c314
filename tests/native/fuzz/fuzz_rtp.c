/* Invariants: a header is read as a model reads it that adds offsets from the start; what was read packs to the same
 * twelve bytes. A tracker counts no more packets than it was given, and a valid one is the highest or late. */
#include "fuzz.h"
#include "rtp_model.h"

static void parse(const pw_kernels *t, const uint8_t *packet, size_t n)
{
    const rtp_expectation expected = rtp_model(packet, n);
    pw_rtp_header header;
    memset(&header, 0xA5, sizeof header);
    const unsigned reason = t->rtp_parse(packet, n, &header);

    fuzz_expect(reason == expected.reason && header.reason == reason, "another reason than the model's");
    fuzz_expect(header.payload_offset == expected.offset && header.payload_size == expected.size &&
                header.padding_size == expected.padding, "a size differs from the model's");
    if (reason != PW_RTP_GOOD)
        return;
    uint8_t fixed[PW_RTP_FIXED_SIZE];
    t->rtp_pack(&header, fixed);
    fixed[0] = (uint8_t)(fixed[0] | (packet[0] & 0x20)); /* padding is not packed */
    fuzz_expect(memcmp(fixed, packet, sizeof fixed) == 0, "what was read packs to something else");
}

/* Each three bytes are a step from one sequence number to the next and a change of transit time. */
static void track(const pw_kernels *t, const uint8_t *steps, size_t n)
{
    pw_rtp_tracker tracker = {0};
    pw_rtp_report report;
    uint16_t number = 65530;
    uint64_t given = 0;
    for (; n >= 3; n -= 3, steps += 3) {
        number = (uint16_t)(number + 1 + (steps[0] < 64 ? steps[0] * 256 + steps[1] : 0));
        if (!t->rtp_track(&tracker, number))
            continue;
        given++;
        t->rtp_track_jitter(&tracker, number * 160u, number * 160u + steps[2] * 65537u);
        fuzz_expect(tracker.received >= 1 && tracker.received <= given, "more packets than were given");
        fuzz_expect(tracker.max == number || (uint16_t)(tracker.max - number) < PW_RTP_MAX_MISORDER,
                    "a valid packet is neither the highest nor late");
        fuzz_expect(t->rtp_expected(&tracker) >= 1, "nothing was expected, though something came");
        if (steps[2] % 4 == 0)
            t->rtp_report_interval(&tracker, &report);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    fuzz_case c = fuzz_begin(data, size, 1);
    if (c.choice % 8 == 0) {
        track(c.table, c.in, c.size);
    } else {
        if (c.choice % 8 != 1 && c.size > 0) /* else few get beyond the version */
            c.in[0] = (uint8_t)(c.in[0] % 64 | 128);
        parse(c.table, c.in, c.size);
    }
    free(c.in);
    return 0;
}
