#define _GNU_SOURCE
#include "CGlibc.h"

#include <fcntl.h>
#include <malloc.h>
#include <stddef.h>
#include <unistd.h>

int ferry_fallocate_keeping_size(int descriptor, long long offset, long long length) {
  return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, offset, length);
}

void ferry_return_blocks_from(int byte_count) { mallopt(M_MMAP_THRESHOLD, byte_count); }

static int argument_count;
static char **arguments;

// glibc gives what main gets to constructors too; whoever links main into Swift has no other way to
// it.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}

int ferry_argument_count(void) { return argument_count; }

const char *ferry_argument(int number) {
  return number >= 0 && number < argument_count ? arguments[number] : NULL;
}

void ferry_secure_standard_descriptors(void) {
  for (int descriptor = 0; descriptor <= 2; descriptor++) {
    if (fcntl(descriptor, F_GETFD) != -1) continue;
    // The lowest that is free, which is this one; open for what nobody does with it.
    if (open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) != descriptor) _exit(5);
  }
}
