#ifndef FERRY_CGLIBC_H
#define FERRY_CGLIBC_H

// What glibc has and Swift's Glibc does not declare.

// fallocate(2) that does not change the size of the file.
int ferry_fallocate_keeping_size(int descriptor, long long offset, long long length);

// Has malloc take blocks of `byte_count` and more from the system, and give them back when they are
// freed.
void ferry_return_blocks_from(int byte_count);

// The arguments of the process, as bytes and without asking /proc; `ferry_argument` gives null
// behind the last.
int ferry_argument_count(void);
const char *ferry_argument(int number);

// Opens those of the descriptors 0 to 2 that are closed so that no file gets their numbers. What
// reads or writes them still fails with EBADF.
void ferry_secure_standard_descriptors(void);

#endif
