/* Splitting stereo, in plain C on purpose: compilers make of it what there is to be made. */
#include "g711.h"

void pw_g711_split(const uint8_t *codewords, size_t n, uint8_t *first, uint8_t *second)
{
    for (size_t i = 0; i < n; i++) {
        first[i] = codewords[2 * i];
        second[i] = codewords[2 * i + 1];
    }
}
