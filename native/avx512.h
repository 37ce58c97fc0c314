/* What the AVX-512 kernels share. Only for files inside `#if PW_X86_64`. */
#ifndef PW_AVX512_H
#define PW_AVX512_H

#include <immintrin.h>
#include <stddef.h>

/* The low `n` of a mask's bits; all of them where n is more. */
static inline __mmask64 pw_first_64(size_t n)
{
    return n >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << n) - 1;
}

static inline __mmask32 pw_first_32(size_t n)
{
    return (__mmask32)pw_first_64(n < 32 ? n : 32);
}

/* Ternary logic (a & b) ^ c: its truth table by a b c from 111 down to 000. */
enum { PW_A_AND_B_XOR_C = 0x6A };

#endif
