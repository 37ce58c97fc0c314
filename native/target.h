/* What the compiler is building for, and the two loads that every kernel shares. */
#ifndef PW_TARGET_H
#define PW_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) || defined(_M_X64)
#define PW_X86_64 1
#else
#define PW_X86_64 0
#endif

/* Little-endian only: the kernels see samples in bytes and bytes in samples. MSVC, whose intrinsics nobody has tried
 * here, gets plain C. */
#if defined(__aarch64__) && !defined(__AARCH64EB__)
#define PW_AARCH64 1
#else
#define PW_AARCH64 0
#endif

/* Instruction sets are switched on per function, never per file: gcc and clang refuse an intrinsic in a function
 * that lacks the attribute, so forgetting it is loud. MSVC accepts every intrinsic everywhere. */
#if PW_X86_64 && defined(__GNUC__)
#define PW_TARGET_AVX2 __attribute__((target("avx2")))
#define PW_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define PW_TARGET_AVX512VBMI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")))
#else
#define PW_TARGET_AVX2
#define PW_TARGET_AVX512
#define PW_TARGET_AVX512VBMI
#endif

/* Samples may lie at any address: memcpy is the one portable unaligned access, and compiles to one instruction. */
static inline int16_t pw_load_s16(const uint8_t *at)
{
    int16_t sample;
    memcpy(&sample, at, sizeof sample);
    return sample;
}

static inline void pw_store_s16(uint8_t *at, int16_t sample)
{
    memcpy(at, &sample, sizeof sample);
}

#endif
