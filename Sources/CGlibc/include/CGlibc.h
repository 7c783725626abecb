#ifndef FERRY_CGLIBC_H
#define FERRY_CGLIBC_H

#include <stddef.h>
#include <sys/types.h>

// What glibc has and Swift's Glibc does not declare.

// fallocate(2) that does not change the size of the file.
int ferry_fallocate_keeping_size(int descriptor, long long offset, long long length);

// Has malloc take blocks of `byte_count` and more from the system, and give them back when they are
// freed.
void ferry_return_blocks_from(int byte_count);

// The arguments of the process, as bytes and without asking /proc; `ferry_argument` gives null
// behind the last.
int ferry_argument_count(void);
const char *_Nullable ferry_argument(int number);

// Opens those of the descriptors 0 to 2 that are closed so that no file gets their numbers. What
// reads or writes them still fails with EBADF.
void ferry_secure_standard_descriptors(void);

// The most descriptors that one message takes (SCM_MAX_FD, include/net/scm.h).
#define FERRY_DESCRIPTORS_MAX 253

// Sends `bytes` and `descriptors` in one message; how many bytes went, or errno negated. Without
// `waits` that is EAGAIN if the socket has no room.
ssize_t ferry_send(int socket, const void *_Nonnull bytes, size_t byte_count,
                   const int *_Nonnull descriptors, size_t count, int waits);

// Receives at most `byte_count` bytes with the descriptors that come with them; how many bytes
// came, or errno negated. `descriptors` has room for so many, at most FERRY_DESCRIPTORS_MAX;
// `*count` says how many came. They close on exec.
//
// A message that does not fit is EMSGSIZE, and so are more descriptors than there is room for, or
// than the process may open; those that came are still given, to be closed.
ssize_t ferry_receive(int socket, void *_Nonnull bytes, size_t byte_count,
                      int *_Nonnull descriptors, size_t room, size_t *_Nonnull count);

// Bytes that a socket holds and its peer has not taken (tcp(7), SIOCOUTQ), or errno negated.
int ferry_unsent(int socket);

// accept4(2) with SOCK_CLOEXEC; the connection, or errno negated.
int ferry_accept(int listener);

// The seals of a file in memory (fcntl F_GET_SEALS), or errno negated; and the seal against
// shrinking.
int ferry_seals(int descriptor);
#define FERRY_SEAL_SHRINK 0x0002

#endif
