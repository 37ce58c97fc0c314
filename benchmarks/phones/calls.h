/* The calls of `phones.c`: what was said and what has come of each, and what all of them together have come to. */

#ifndef CALLS_H
#define CALLS_H

#include <stdint.h>
#include <time.h>

#define MS_NS INT64_C(1000000)
#define FRAME_MS 20
#define LATE_NS (40 * MS_NS)        /* whoever listens has waited for longer */
#define ON_THE_WAY_NS (100 * MS_NS) /* what was sent longer ago and is not back is overdue */
#define MOST_CALLS 4000
#define SEEN 64 /* frames up to the latest of which it is known whether they came */

struct call {
    int fd, open;
    int64_t began_ns, played_ns; /* of the first frame, and until when what came lasts */
    uint32_t sent, latest;       /* frames: how many, and the number after that of the latest to come back */
    uint64_t came;               /* of the `SEEN` up to the latest, which have; bit 0 is the latest */
    size_t size;                 /* of what has come and is no whole message yet */
    unsigned char bytes[2048];
};

static struct call calls[MOST_CALLS];
static struct {
    long long sent, returned, missing, late, duplicated, reordered, strange, held, ended;
} counted;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 * MS_NS + now.tv_nsec;
}

/* A frame is played behind those that came before, as a phone does. */
static void play(struct call *call, int64_t at_ns)
{
    int64_t waited_ns = at_ns - call->played_ns;
    if (waited_ns > 0) {
        counted.late += call->played_ns && waited_ns > LATE_NS;
        call->played_ns = at_ns;
    }
    call->played_ns += FRAME_MS * MS_NS;
}

static void take_number(struct call *call, uint32_t number)
{
    uint32_t back = call->latest - 1 - number; /* of one that is not later than the latest */
    if (number >= call->latest) {
        uint32_t further = number + 1 - call->latest;
        counted.missing += further - 1;
        call->came = (further < SEEN ? call->came << further : 0) | 1;
        call->latest = number + 1;
    } else if (back >= SEEN) {
        counted.strange++;
        return;
    } else if (call->came >> back & 1) {
        counted.duplicated++;
        return;
    } else {
        call->came |= UINT64_C(1) << back;
        counted.missing--;
        counted.reordered++;
    }
    counted.returned++;
    play(call, now_ns());
}

static long long overdue(int64_t at_ns, int placed)
{
    long long frames = 0;
    for (struct call *call = calls; call < calls + placed; call++) {
        if (!call->open || !call->sent)
            continue;
        int64_t due = (at_ns - ON_THE_WAY_NS - call->began_ns) / (FRAME_MS * MS_NS) + 1;
        if (due > (int64_t)call->latest && at_ns - ON_THE_WAY_NS > call->began_ns)
            frames += (due < (int64_t)call->sent ? due : (int64_t)call->sent) - (int64_t)call->latest;
    }
    return frames;
}

#endif
