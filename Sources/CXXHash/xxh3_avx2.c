#if defined(__x86_64__)

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Everything that follows may use AVX2; it is called only where the processor has it.
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

#define XXH_VECTOR 2 // XXH_AVX2
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "xxh3_avx2.h"

void cxxhash_xxh3_update_avx2(void *state, const void *bytes, size_t count) {
  XXH3_128bits_update((XXH3_state_t *)state, bytes, count);
}

#pragma clang attribute pop

#endif
