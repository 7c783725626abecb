#include "CChecksum.h"

#include <stdbool.h>
#include <string.h>

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t rotate(uint32_t value, int count) {
  return value >> count | value << (32 - count);
}

void cchecksum_sha256_portable(uint32_t state[8], const void *blocks, size_t count) {
  const uint8_t *p = blocks;
  for (; count > 0; count--, p += 64) {
    uint32_t words[64];
    for (int i = 0; i < 16; i++) {
      uint32_t word;
      memcpy(&word, p + 4 * i, 4);
      words[i] = __builtin_bswap32(word);
    }
    for (int i = 16; i < 64; i++) {
      uint32_t a = words[i - 15], b = words[i - 2];
      words[i] = words[i - 16] + words[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
                 (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
      uint32_t first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
                       constants[i] + words[i];
      uint32_t second =
          (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + first;
      d = c, c = b, b = a, a = first + second;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

// The instructions take the state as two halves: a, b, e, f and c, d, g, h, the first uppermost.
// Words are mixed four rounds ahead, in a ring of four vectors.
__attribute__((target("sha,sse4.1"))) static void
sha256_instructions(uint32_t state[8], const void *blocks, size_t count) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  const uint8_t *p = blocks;
  __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
  __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
  __m128i abef = _mm_alignr_epi8(badc, hgfe, 8);
  __m128i cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
  for (; count > 0; count--, p += 64) {
    __m128i words[4];
    const __m128i abef_before = abef, cdgh_before = cdgh;
    for (int i = 0; i < 4; i++)
      words[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(p + 16 * i)), swap);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      const __m128i now = words[i & 3];
      const __m128i sum =
          _mm_add_epi32(now, _mm_loadu_si128((const __m128i *)(constants + 4 * i)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (i >= 12) continue;
      const __m128i mixed = _mm_sha256msg1_epu32(now, words[(i + 1) & 3]);
      const __m128i seventh = _mm_alignr_epi8(words[(i + 3) & 3], words[(i + 2) & 3], 4);
      words[i & 3] = _mm_sha256msg2_epu32(_mm_add_epi32(mixed, seventh), words[(i + 3) & 3]);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
  __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// The compiler's own test knows no SHA: leaf 7 has it in bit 29 of EBX, leaf 1 SSE4.1 in bit 19 of
// ECX.
static bool has_instructions(void) {
  static int known;
  if (__atomic_load_n(&known, __ATOMIC_RELAXED) == 0) {
    unsigned a, b = 0, c = 0, d;
    bool has = __get_cpuid(1, &a, &b, &c, &d) && c >> 19 & 1;
    has = has && __get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 29 & 1;
    __atomic_store_n(&known, has ? 2 : 1, __ATOMIC_RELAXED);
    return has;
  }
  return __atomic_load_n(&known, __ATOMIC_RELAXED) == 2;
}

#endif

void cchecksum_sha256(uint32_t state[8], const void *blocks, size_t count) {
#if defined(__x86_64__)
  if (has_instructions()) return sha256_instructions(state, blocks, count);
#endif
  cchecksum_sha256_portable(state, blocks, count);
}
