// For ZSTD_estimateCCtxSize_usingCParams: what a level costs in memory before it is spent.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>
