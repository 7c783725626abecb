#ifndef FERRY_CFALLOCATE_H
#define FERRY_CFALLOCATE_H

// fallocate(2), which glibc declares for GNU sources only, and Swift's Glibc therefore not.
int ferry_fallocate_keeping_size(int descriptor, long long offset, long long length);

#endif
