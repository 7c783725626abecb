// libzstd, called as plainly as can be.

#include <stdlib.h>
#include <zstd.h>

#include "CPeer.h"

struct cpeer_zstd {
  ZSTD_CCtx *compressor;
  ZSTD_DCtx *decompressor;
};

struct cpeer_zstd *cpeer_zstd_create(int level) {
  struct cpeer_zstd *zstd = calloc(1, sizeof *zstd);
  if (!zstd) return NULL;
  zstd->compressor = ZSTD_createCCtx();
  zstd->decompressor = ZSTD_createDCtx();
  if (!zstd->compressor || !zstd->decompressor ||
      ZSTD_isError(ZSTD_CCtx_setParameter(zstd->compressor, ZSTD_c_compressionLevel, level)) ||
      ZSTD_isError(ZSTD_CCtx_setParameter(zstd->compressor, ZSTD_c_checksumFlag, 1))) {
    cpeer_zstd_free(zstd);
    return NULL;
  }
  return zstd;
}

void cpeer_zstd_free(struct cpeer_zstd *zstd) {
  ZSTD_freeCCtx(zstd->compressor);
  ZSTD_freeDCtx(zstd->decompressor);
  free(zstd);
}

size_t cpeer_zstd_bound(size_t count) { return ZSTD_compressBound(count); }

size_t cpeer_zstd_compress(struct cpeer_zstd *zstd, void *to, size_t room, const void *from, size_t count) {
  size_t written = ZSTD_compress2(zstd->compressor, to, room, from, count);
  return ZSTD_isError(written) ? 0 : written;
}

size_t cpeer_zstd_decompress(struct cpeer_zstd *zstd, void *to, size_t room, const void *from, size_t count) {
  size_t written = ZSTD_decompressDCtx(zstd->decompressor, to, room, from, count);
  return ZSTD_isError(written) ? 0 : written;
}
