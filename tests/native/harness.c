#define _DEFAULT_SOURCE
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

int check_failures = 0;
int check_every_length = 1;

void check_fail(const char *operation, const char *what, size_t n, size_t offset)
{
    if (check_failures++ < 20)
        printf("FAIL %s: %s (n = %zu, offset %zu)\n", operation, what, n, offset);
}

uint32_t check_random(void)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static size_t call(kernel k, const uint8_t *in, size_t n, uint8_t *out)
{
    if (k.decode != NULL)
        return k.decode(in, n, out);
    k.convert(in, n, out);
    return PW_BASE64_VALID;
}

static uint8_t *block(size_t size)
{
    uint8_t *at = malloc(size > 0 ? size : 1);
    if (at == NULL)
        abort();
    return at;
}

enum { CANARY = 0xA5 };

/* Runs the variant from `in` to `out`, where `before` and `after` bytes around the output are ours to watch. */
static void compare(const operation *op, const uint8_t *in, size_t n, uint8_t *out, size_t before, size_t after,
                    size_t offset)
{
    const size_t size = op->out_size(in, n);
    uint8_t *expected = block(size);
    uint8_t *copy = block(n * op->item_size);

    memcpy(copy, in, n * op->item_size);
    const size_t expected_result = call(op->reference, in, n, expected);
    memset(out - before, CANARY, before + size + after);
    if (call(op->variant, in, n, out) != expected_result)
        check_fail(op->name, "result differs", n, offset);
    if (expected_result == PW_BASE64_VALID && memcmp(out, expected, size) != 0)
        check_fail(op->name, "output differs", n, offset);
    for (size_t i = 0; i < before; i++)
        if (out[-1 - (ptrdiff_t)i] != CANARY)
            check_fail(op->name, "wrote before its output", n, offset);
    for (size_t i = 0; i < after; i++)
        if (out[size + i] != CANARY)
            check_fail(op->name, "wrote beyond its output", n, offset);
    if (memcmp(copy, in, n * op->item_size) != 0)
        check_fail(op->name, "changed its input", n, offset);
    free(copy);
    free(expected);
}

static void check_length(const operation *op, size_t n)
{
    for (size_t offset = 0; offset < 32; offset++) {
        const size_t out_offset = (offset * 7 + n) % 32;
        uint8_t *in = block(offset + n * op->item_size);
        op->fill(in + offset, n);
        uint8_t *out = block(out_offset + op->out_size(in + offset, n));
        compare(op, in + offset, n, out + out_offset, out_offset, 0, offset);
        free(out);
        free(in);
    }
}

void check_heap(const operation *op)
{
    static const size_t large[] = {511, 512, 513, 1000, 1024, 3071, 3072, 3073, 4095, 4096, 4097, 8192, 100003};
    for (size_t n = 0; n <= 300; n++)
        check_length(op, n);
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        check_length(op, large[i]);
}

/* Some pages between two that cannot be touched. */
typedef struct {
    uint8_t *begin, *end;
} island;

static island make_island(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t inner = (size + page - 1) / page * page;
    uint8_t *all = mmap(NULL, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || mprotect(all + page, inner, PROT_READ | PROT_WRITE) != 0)
        abort();
    return (island){all + page, all + page + inner};
}

/* What one length needs, computed once: the input, and what comes out of it. */
typedef struct {
    uint8_t *in, *expected;
    size_t in_size, out_size, result;
} sample;

static sample make_sample(const operation *op, size_t n)
{
    sample s = {.in = block(n * op->item_size), .in_size = n * op->item_size};
    op->fill(s.in, n);
    s.out_size = op->out_size(s.in, n);
    s.expected = block(s.out_size);
    s.result = call(op->reference, s.in, n, s.expected);
    return s;
}

/* The variant between `in` and `out`, both of which touch a page that faults or lie `slack` bytes from it. */
static void run_sample(const operation *op, const sample *s, size_t n, uint8_t *in, uint8_t *out, size_t slack)
{
    memcpy(in, s->in, s->in_size);
    memset(out - slack, CANARY, slack);
    if (call(op->variant, in, n, out) != s->result)
        check_fail(op->name, "result differs at a guard page", n, slack);
    if (s->result == PW_BASE64_VALID && memcmp(out, s->expected, s->out_size) != 0)
        check_fail(op->name, "output differs at a guard page", n, slack);
    for (size_t i = 1; i <= slack; i++)
        if (out[-(ptrdiff_t)i] != CANARY)
            check_fail(op->name, "wrote before its output", n, slack);
}

void check_guard_pages(const operation *op)
{
    enum { LONGEST = 2048, OFFSETS = 64, SPACE = 6 * LONGEST + OFFSETS };
    static island in_island, out_island;
    if (in_island.begin == NULL)
        in_island = make_island(SPACE), out_island = make_island(SPACE);

    for (size_t n = 0; n <= LONGEST; n += n <= 64 || check_every_length ? 1 : 31) {
        sample s = make_sample(op, n);
        uint8_t *in_end = in_island.end - s.in_size, *out_end = out_island.end - s.out_size;
        for (size_t offset = 0; offset < OFFSETS; offset++) {
            run_sample(op, &s, n, in_end, out_end, 0);
            run_sample(op, &s, n, in_end, out_island.begin + offset, offset);
            run_sample(op, &s, n, in_island.begin + offset, out_end, 0);
            run_sample(op, &s, n, in_island.begin + offset, out_island.begin + (offset * 7 + n) % OFFSETS, 0);
        }
        free(s.in);
        free(s.expected);
    }
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_ns(kernel k, const uint8_t *in, size_t n, uint8_t *out)
{
    enum { ROUNDS = 21 };
    const int calls = n < 1000 ? 2000 : 3;
    double rounds[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        const double start = now_ns();
        for (int i = 0; i < calls; i++)
            call(k, in, n, out);
        rounds[round] = (now_ns() - start) / calls;
    }
    qsort(rounds, ROUNDS, sizeof *rounds, by_value);
    return rounds[ROUNDS / 2];
}

void check_time(const operation *op)
{
    /* 216 characters carry 160 codewords. */
    const size_t n = op->variant.decode != NULL ? 216 : 160, many = 480000;
    uint8_t *in = block(many * op->item_size);
    if (op->variant.decode != NULL)
        memset(in, 'A', many);
    else
        op->fill(in, many);
    uint8_t *out = block(op->out_size(in, many));
    const double small = median_ns(op->variant, in, n, out), big = median_ns(op->variant, in, many, out);
    const double reference = median_ns(op->reference, in, many, out);
    printf("%zu: %6.1f ns   %zu: %8.1f us   scalar %8.1f us   x%.1f\n", n, small, many, big / 1e3, reference / 1e3,
           reference / big);
    free(out);
    free(in);
}
