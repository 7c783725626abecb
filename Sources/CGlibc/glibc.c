#define _GNU_SOURCE
#include "CGlibc.h"

#include <fcntl.h>
#include <malloc.h>

int ferry_fallocate_keeping_size(int descriptor, long long offset, long long length) {
  return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, offset, length);
}

void ferry_return_blocks_from(int byte_count) { mallopt(M_MMAP_THRESHOLD, byte_count); }
