#ifndef CSTATELAYOUTS_H
#define CSTATELAYOUTS_H

#include <stddef.h>
#include <stdint.h>

/// The texts of the layouts that come with Ferry, one behind the other, each with a NUL behind it.
const uint8_t *ferry_layouts(void);

/// The number of bytes of all, the NULs included.
size_t ferry_layouts_size(void);

#endif
