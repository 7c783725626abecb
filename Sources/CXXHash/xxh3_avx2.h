#include <stddef.h>

void cxxhash_xxh3_update_avx2(void *state, const void *bytes, size_t count);
