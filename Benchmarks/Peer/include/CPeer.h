#ifndef CPEER_H
#define CPEER_H

#include <stddef.h>
#include <stdint.h>

// What the C peer and the Swift benchmarks share. Not for use by several threads at once.

enum { CPEER_PAGE = 4096 };

/// Writes `count` mixed pages, from page number `first` of the sequence that `seed` begins.
void cpeer_pages(uint8_t *pages, uint64_t first, uint64_t count, uint64_t seed);

/// The next number of the sequence that `state` is in (SplitMix64).
uint64_t cpeer_random(uint64_t *state);

/// A zstd context for whole frames with checksums.
struct cpeer_zstd;
struct cpeer_zstd *cpeer_zstd_create(int level);
void cpeer_zstd_free(struct cpeer_zstd *zstd);
size_t cpeer_zstd_bound(size_t count);
/// The number of bytes written, or 0 where libzstd fails.
size_t cpeer_zstd_compress(struct cpeer_zstd *zstd, void *to, size_t room, const void *from, size_t count);
size_t cpeer_zstd_decompress(struct cpeer_zstd *zstd, void *to, size_t room, const void *from, size_t count);

#endif
