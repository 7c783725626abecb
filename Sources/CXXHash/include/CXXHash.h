#ifndef CXXHASH_H
#define CXXHASH_H

#include <stddef.h>
#include <stdint.h>

/// The state of an XXH3-128 computation without seed.
typedef struct cxxhash_xxh3_state cxxhash_xxh3_state;

/// A new state, or NULL where memory is short.
cxxhash_xxh3_state *_Nullable cxxhash_xxh3_create(void);

void cxxhash_xxh3_free(cxxhash_xxh3_state *_Nonnull state);

/// Adds `count` bytes, with AVX2 where the processor has it.
void cxxhash_xxh3_update(cxxhash_xxh3_state *_Nonnull state, const void *_Nullable bytes, size_t count);

/// Writes the digest of the bytes so far in its canonical, big-endian form.
void cxxhash_xxh3_digest(const cxxhash_xxh3_state *_Nonnull state, uint8_t digest[_Nonnull 16]);

#endif
