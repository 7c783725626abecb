#ifndef FERRY_CCOMMIT_H
#define FERRY_CCOMMIT_H

// The commit that the program was built of, "unknown" in one that no script of tools/ has finished.
// Never freed.
const char *_Nonnull ferry_commit(void);

#endif
