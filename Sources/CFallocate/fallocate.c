#define _GNU_SOURCE
#include "CFallocate.h"

#include <fcntl.h>

int ferry_fallocate_keeping_size(int descriptor, long long offset, long long length) {
  return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, offset, length);
}
