#ifndef FERRY_CGLIBC_H
#define FERRY_CGLIBC_H

// What glibc has and Swift's Glibc does not declare.

// fallocate(2) that does not change the size of the file.
int ferry_fallocate_keeping_size(int descriptor, long long offset, long long length);

// Has malloc take blocks of `byte_count` and more from the system, and give them back when they are freed.
void ferry_return_blocks_from(int byte_count);

#endif
