/* Checks that count, for test programs of libferry. */
#ifndef CHECKS_H
#define CHECKS_H

#include <ferry.h>
#include <stdio.h>
#include <string.h>

static int passed, failed;
static ferry_error error;

#define CHECK(condition)                                            \
  do {                                                              \
    if (condition) {                                                \
      passed++;                                                     \
    } else {                                                        \
      failed++;                                                     \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    }                                                               \
  } while (0)

/* The call, which is given `error`, has this status; a failure gives it there too, with a message. */
#define GIVES(expected, call)                                                              \
  do {                                                                                     \
    memset(&error, 0x5a, sizeof error);                                                    \
    ferry_status status = (call);                                                          \
    if (status != (expected))                                                              \
      printf("%s:%d: %s, expected %s: %s\n", __FILE__, __LINE__, ferry_status_name(status), \
             ferry_status_name(expected), status ? error.message : "");                    \
    CHECK(status == (expected));                                                           \
    if (status != FERRY_OK) CHECK(error.status == status && error.message[0] != 0);        \
  } while (0)

static inline int report(void) {
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}

/* Reads a file into memory that is not freed. */
static inline unsigned char *contents(const char *path, size_t *size) {
  static unsigned char bytes[1 << 22];
  static size_t used;
  FILE *file = fopen(path, "rb");
  unsigned char *start = bytes + used;
  *size = file ? fread(start, 1, sizeof bytes - used, file) : 0;
  if (file) fclose(file);
  used += *size;
  return start;
}

#endif
