#include "CCommit.h"

// `stamp` in tools/lib/setup.sh writes over this section in a finished program, so that a commit
// has nothing compiled anew.
__attribute__((section(".ferry_commit"))) static const char text[64] = "unknown";

const char *ferry_commit(void) { return text; }
