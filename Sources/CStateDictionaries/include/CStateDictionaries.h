#ifndef CSTATEDICTIONARIES_H
#define CSTATEDICTIONARIES_H

#include <stddef.h>
#include <stdint.h>

/// The bytes of a file that the program has in it.
typedef struct {
  const uint8_t *bytes;
  size_t count;
} ferry_file;

/// The dictionary of this name, its file's without `.zdict`; no bytes if there is none.
ferry_file ferry_dictionary(const char *name);

#endif
