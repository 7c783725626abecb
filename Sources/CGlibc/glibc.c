#define _GNU_SOURCE
#include "CGlibc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int ferry_fallocate_keeping_size(int descriptor, long long offset, long long length) {
  return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, offset, length);
}

void ferry_return_blocks_from(int byte_count) { mallopt(M_MMAP_THRESHOLD, byte_count); }

static int argument_count;
static char **arguments;

// glibc gives what main gets to constructors too; whoever links main into Swift has no other way to
// it.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}

int ferry_argument_count(void) { return argument_count; }

const char *ferry_argument(int number) {
  return number >= 0 && number < argument_count ? arguments[number] : NULL;
}

void ferry_secure_standard_descriptors(void) {
  for (int descriptor = 0; descriptor <= 2; descriptor++) {
    if (fcntl(descriptor, F_GETFD) != -1) continue;
    // The lowest that is free, which is this one; open for what nobody does with it.
    if (open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) != descriptor) _exit(5);
  }
}

union control {
  char bytes[CMSG_SPACE(FERRY_DESCRIPTORS_MAX * sizeof(int))];
  struct cmsghdr align;
};

ssize_t ferry_send(int socket, const void *bytes, size_t byte_count, const int *descriptors,
                   size_t count, int waits) {
  if (count > FERRY_DESCRIPTORS_MAX) return -E2BIG;
  struct iovec vector = {(void *)bytes, byte_count};
  union control control;
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (count > 0) {
    memset(&control, 0, CMSG_SPACE(count * sizeof(int)));
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
  }
  ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
  return sent < 0 ? -errno : sent;
}

ssize_t ferry_receive(int socket, void *bytes, size_t byte_count, int *descriptors,
                      size_t room, size_t *count) {
  if (room > FERRY_DESCRIPTORS_MAX) room = FERRY_DESCRIPTORS_MAX;
  struct iovec vector = {bytes, byte_count};
  union control control;
  struct msghdr message = {
      .msg_iov = &vector,
      .msg_iovlen = 1,
      .msg_control = control.bytes,
      // Not CMSG_SPACE, whose padding the kernel takes for room.
      .msg_controllen = CMSG_LEN(room * sizeof(int)),
  };
  *count = 0;
  ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (received < 0) return -errno;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t found = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (found > room - *count) found = room - *count;
    memcpy(descriptors + *count, CMSG_DATA(header), found * sizeof(int));
    *count += found;
  }
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) return -EMSGSIZE;
  return received;
}

int ferry_accept(int listener) {
  int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  return descriptor < 0 ? -errno : descriptor;
}

int ferry_unsent(int socket) {
  int count;
  return ioctl(socket, SIOCOUTQ, &count) < 0 ? -errno : count;
}

int ferry_seals(int descriptor) {
  int seals = fcntl(descriptor, F_GET_SEALS);
  return seals < 0 ? -errno : seals;
}
