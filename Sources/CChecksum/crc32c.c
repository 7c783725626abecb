#include "CChecksum.h"

#include <string.h>

// Reflected Castagnoli polynomial.
#define POLYNOMIAL 0x82f63b78u

static uint32_t slices[8][256];

// Two block lengths: the crc32 instruction has a latency of three cycles and a throughput of one,
// so three streams side by side keep it busy; each stream's result is then moved past the bytes
// that follow it.
#define LONG_BLOCK 4096
#define SHORT_BLOCK 256

static uint32_t shift_long[4][256];
static uint32_t shift_short[4][256];

uint32_t cchecksum_crc32c_table(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  crc = ~crc;
  while (count >= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    word ^= crc;
    crc = slices[7][word & 0xff] ^ slices[6][(word >> 8) & 0xff] ^ slices[5][(word >> 16) & 0xff] ^
          slices[4][(word >> 24) & 0xff] ^ slices[3][(word >> 32) & 0xff] ^
          slices[2][(word >> 40) & 0xff] ^ slices[1][(word >> 48) & 0xff] ^ slices[0][word >> 56];
    p += 8;
    count -= 8;
  }
  while (count--) crc = (crc >> 8) ^ slices[0][(crc ^ *p++) & 0xff];
  return ~crc;
}

// Fills `table` so that shift(table, crc) is `crc` after `zeros` further zero bytes; the step is
// linear, so 32 bits are enough to know all of it.
static void fill_shift(uint32_t table[4][256], size_t zeros) {
  uint32_t basis[32];
  for (int bit = 0; bit < 32; bit++) {
    uint32_t crc = 1u << bit;
    for (size_t i = 0; i < zeros; i++) crc = (crc >> 8) ^ slices[0][crc & 0xff];
    basis[bit] = crc;
  }
  for (int byte = 0; byte < 4; byte++)
    for (int value = 0; value < 256; value++) {
      uint32_t crc = 0;
      for (int bit = 0; bit < 8; bit++)
        if (value >> bit & 1) crc ^= basis[byte * 8 + bit];
      table[byte][value] = crc;
    }
}

__attribute__((constructor)) static void fill_tables(void) {
  for (int value = 0; value < 256; value++) {
    uint32_t crc = (uint32_t)value;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
    slices[0][value] = crc;
  }
  for (int value = 0; value < 256; value++)
    for (int slice = 1; slice < 8; slice++)
      slices[slice][value] = (slices[slice - 1][value] >> 8) ^ slices[0][slices[slice - 1][value] & 0xff];
  fill_shift(shift_long, LONG_BLOCK);
  fill_shift(shift_short, SHORT_BLOCK);
}

#if defined(__x86_64__)

#include <nmmintrin.h>

static inline uint32_t shift(uint32_t table[4][256], uint32_t crc) {
  return table[0][crc & 0xff] ^ table[1][(crc >> 8) & 0xff] ^ table[2][(crc >> 16) & 0xff] ^
         table[3][crc >> 24];
}

static inline uint64_t load(const uint8_t *p) {
  uint64_t word;
  memcpy(&word, p, 8);
  return word;
}

__attribute__((target("sse4.2"))) static inline uint32_t
three_streams(uint32_t crc, const uint8_t *p, size_t block, uint32_t table[4][256]) {
  uint64_t a = crc, b = 0, c = 0;
  for (size_t i = 0; i < block; i += 8) {
    a = _mm_crc32_u64(a, load(p + i));
    b = _mm_crc32_u64(b, load(p + block + i));
    c = _mm_crc32_u64(c, load(p + 2 * block + i));
  }
  return shift(table, shift(table, (uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
}

__attribute__((target("sse4.2"))) static uint32_t
crc32c_sse42(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  crc = ~crc;
  for (; count >= 3 * LONG_BLOCK; p += 3 * LONG_BLOCK, count -= 3 * LONG_BLOCK)
    crc = three_streams(crc, p, LONG_BLOCK, shift_long);
  for (; count >= 3 * SHORT_BLOCK; p += 3 * SHORT_BLOCK, count -= 3 * SHORT_BLOCK)
    crc = three_streams(crc, p, SHORT_BLOCK, shift_short);
  uint64_t state = crc;
  for (; count >= 8; p += 8, count -= 8) state = _mm_crc32_u64(state, load(p));
  crc = (uint32_t)state;
  while (count--) crc = _mm_crc32_u8(crc, *p++);
  return ~crc;
}

#endif

uint32_t cchecksum_crc32c(uint32_t crc, const void *bytes, size_t count) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(crc, bytes, count);
#endif
  return cchecksum_crc32c_table(crc, bytes, count);
}
