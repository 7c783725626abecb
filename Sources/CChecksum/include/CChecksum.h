#ifndef CCHECKSUM_H
#define CCHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `count` bytes, continuing from `crc` (0 to
/// start).
uint32_t cchecksum_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The same from a table, so that tests can hold the two against each other on any machine.
uint32_t cchecksum_crc32c_table(uint32_t crc, const void *bytes, size_t count);

/// Mixes `count` blocks of 64 bytes into the state of a SHA-256 (FIPS 180-4), with the processor's
/// instructions for it where it has them.
void cchecksum_sha256(uint32_t state[8], const void *blocks, size_t count);

/// The same without them, so that tests can hold the two against each other on any machine.
void cchecksum_sha256_portable(uint32_t state[8], const void *blocks, size_t count);

#endif
