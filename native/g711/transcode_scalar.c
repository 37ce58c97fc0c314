/* Transcoding in plain C: the reference for every other variant. Source: ITU-T G.711 (11/88) tables 3 and 4. */
#include "g711.h"

/* Table 3, u-law number 0-127 -> A-law number 1-128, less one. Mind 80: the recommendation converts u-80 to A-81, not to
 * the nearest to u-79; its note 2 gives the reason, transparency. (Some well-known code "corrects" both.) */
const uint8_t pw_ulaw_to_alaw_numbers[128] = {
    0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7,
    8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
    24, 26, 28, 30, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    45, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
    63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78,
    80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,
    96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
};

/* Table 4, A-law number 1-128, less one -> u-law number 0-127. */
const uint8_t pw_alaw_to_ulaw_numbers[128] = {
    1, 3, 5, 7, 9, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23,
    24, 25, 26, 27, 28, 29, 30, 31, 32, 32, 33, 33, 34, 34, 35, 35,
    36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 48, 49, 49,
    50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 64,
    65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 79,
    80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,
    96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
};

static inline void transcode(const uint8_t *from, size_t n, uint8_t *to, int complement, const uint8_t *numbers,
                             int new_complement)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)((from[i] & 0x80) | (numbers[(from[i] ^ complement) & 0x7F] ^ new_complement));
}

PW_TRANSCODE(pw_ulaw_to_alaw_scalar)
{
    transcode(from, n, to, PW_ULAW_COMPLEMENT, pw_ulaw_to_alaw_numbers, PW_ALAW_COMPLEMENT);
}

PW_TRANSCODE(pw_alaw_to_ulaw_scalar)
{
    transcode(from, n, to, PW_ALAW_COMPLEMENT, pw_alaw_to_ulaw_numbers, PW_ULAW_COMPLEMENT);
}
