/* The harness of check_kernels: any kernel against its reference, in every place that could hurt. */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

/* Operations come in two shapes; the other pointer is NULL. */
typedef struct {
    void (*convert)(const uint8_t *in, size_t n, uint8_t *out);
    size_t (*decode)(const uint8_t *in, size_t n, uint8_t *out);
} kernel;

typedef struct {
    const char *name;
    size_t item_size;                                  /* bytes of an input item */
    size_t (*out_size)(const uint8_t *in, size_t n);   /* bytes of output for n items */
    void (*fill)(uint8_t *in, size_t n);               /* n random items; decoders get bad input too */
    kernel reference, variant;
} operation;

#define CONVERT(fn) {.convert = (fn), .decode = NULL}
#define DECODE(fn) {.convert = NULL, .decode = (fn)}

/* The harness knows one input and one output. An adapter `name(table, in, n, out)` places several of them one after the
 * other, and takes a kernel from a table; this makes it a kernel of `reference_table` and one of `variant_table`. */
#define ADAPT(name)                                                         \
    static void name##_reference(const uint8_t *in, size_t n, uint8_t *out) \
    {                                                                       \
        name(reference_table, in, n, out);                                  \
    }                                                                       \
    static void name##_variant(const uint8_t *in, size_t n, uint8_t *out)   \
    {                                                                       \
        name(variant_table, in, n, out);                                    \
    }

/* Counts and prints; main's exit status. */
extern int check_failures;
void check_fail(const char *operation, const char *what, size_t n, size_t offset);

/* xorshift: the same numbers in every run. */
uint32_t check_random(void);

/* Lengths 0-300 and some large at every misalignment 0-31, in blocks that end where the data ends. */
void check_heap(const operation *op);

/* Lengths 0-2048 between pages that cannot be touched, at either end, offsets 0-63; or beyond 64 one length in 31. */
extern int check_every_length;
void check_guard_pages(const operation *op);

/* "160: 12.3 ns, 480000: 41.2 us": the median time of a call. */
void check_time(const operation *op);

/* One file for each domain: fills `list` with the operations of a table, returns how many. */
enum { MAX_OPERATIONS = 32 };
size_t g711_operations(operation *list, const pw_kernels *scalar, const pw_kernels *table);
size_t base64_operations(operation *list, const pw_kernels *scalar, const pw_kernels *table);
size_t payload_operations(operation *list, const pw_kernels *scalar, const pw_kernels *table);
size_t pcm_operations(operation *list, const pw_kernels *scalar, const pw_kernels *table);
size_t goertzel_operations(operation *list, const pw_kernels *scalar, const pw_kernels *table);

/* What is small enough to be tried whole. */
void g711_exhaustive(const pw_kernels *scalar, const pw_kernels *table);
void base64_exhaustive(const pw_kernels *scalar, const pw_kernels *table);
void rtp_exhaustive(const pw_kernels *table); /* has no variants: once */

/* Every prefix of a message, and every byte at every place of it, against what the place allows. */
void match_exhaustive(const pw_kernels *table);

/* Kernels with a known bug, each run in a child process: the harness must catch every one. */
void check_planted_bugs(void);

#endif
