// libxxhash's header has the whole algorithm. Compiled in, it can be had for AVX2 as well: Debian's
// shared library chooses at run time, its static one cannot.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string.h>

#include "CXXHash.h"
#include "xxh3_avx2.h"

static XXH3_state_t *xxh3(cxxhash_xxh3_state *state) { return (XXH3_state_t *)state; }

cxxhash_xxh3_state *cxxhash_xxh3_create(void) {
  XXH3_state_t *state = XXH3_createState();
  if (state) XXH3_128bits_reset(state);
  return (cxxhash_xxh3_state *)state;
}

void cxxhash_xxh3_free(cxxhash_xxh3_state *state) { XXH3_freeState(xxh3(state)); }

void cxxhash_xxh3_update(cxxhash_xxh3_state *state, const void *bytes, size_t count) {
  if (!bytes) return;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    cxxhash_xxh3_update_avx2(state, bytes, count);
    return;
  }
#endif
  XXH3_128bits_update(xxh3(state), bytes, count);
}

void cxxhash_xxh3_digest(const cxxhash_xxh3_state *state, uint8_t digest[16]) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest((const XXH3_state_t *)state));
  memcpy(digest, canonical.digest, 16);
}
