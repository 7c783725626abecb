/*
 * A cable between two network namespaces: link NAMESPACE NAMESPACE DELAY-IN-MICROSECONDS
 *
 * It makes a TUN device `cable` in each, and passes every packet on when it has been under way for
 * the delay. A line on its input has it print what passed since the last: for each direction bytes
 * of packets and bytes of TCP payload, and how often a payload of the second answered one of the
 * first. It ends with its input.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_LIMIT = 16384, QUEUE_LIMIT = 8192 };

struct packet {
  uint64_t due;
  size_t size;
  uint8_t bytes[PACKET_LIMIT];
};

struct direction {
  int from, to;
  struct packet *queue;
  size_t first, count;
  uint64_t bytes, payload;
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int open_in(const char *namespace) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", namespace);
  int space = open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) fail(path);
  close(space);
  int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strcpy(request.ifr_name, "cable");
  if (ioctl(descriptor, TUNSETIFF, &request) != 0) fail("TUNSETIFF");
  return descriptor;
}

/* The payload of an IPv4 packet of TCP; 0 for any other. */
static size_t payload(const uint8_t *bytes, size_t size) {
  if (size < 40 || bytes[0] >> 4 != 4 || bytes[9] != 6) return 0;
  size_t head = (bytes[0] & 15) * 4u;
  if (size < head + 20) return 0;
  head += (bytes[head + 12] >> 4) * 4u;
  size_t whole = (size_t)bytes[2] << 8 | bytes[3];
  return whole > head && whole <= size ? whole - head : 0;
}

int main(int count, char **words) {
  if (count != 4) {
    fprintf(stderr, "usage: link NAMESPACE NAMESPACE DELAY-IN-MICROSECONDS\n");
    return 2;
  }
  uint64_t delay = strtoull(words[3], NULL, 10) * 1000u;
  struct direction ways[2] = {{0}};
  int ends[2] = {open_in(words[1]), open_in(words[2])};
  for (int way = 0; way < 2; way++) {
    ways[way].from = ends[way];
    ways[way].to = ends[1 - way];
    ways[way].queue = calloc(QUEUE_LIMIT, sizeof(struct packet));
    if (ways[way].queue == NULL) fail("calloc");
  }
  printf("ready\n");
  fflush(stdout);

  uint64_t turns = 0;
  int last = 1; /* the way of the last payload */
  for (;;) {
    uint64_t wake = UINT64_MAX;
    struct pollfd polls[3] = {{.fd = 0, .events = POLLIN}};
    for (int way = 0; way < 2; way++) {
      struct direction *one = &ways[way];
      uint64_t time = now();
      while (one->count > 0 && one->queue[one->first].due <= time) {
        struct packet *packet = &one->queue[one->first];
        /* A packet that the other side has no room for is lost, as on any cable. */
        ssize_t written = write(one->to, packet->bytes, packet->size);
        (void)written;
        one->first = (one->first + 1) % QUEUE_LIMIT;
        one->count--;
      }
      if (one->count > 0 && one->queue[one->first].due < wake) wake = one->queue[one->first].due;
      polls[1 + way] = (struct pollfd){.fd = one->from, .events = one->count < QUEUE_LIMIT ? POLLIN : 0};
    }
    struct timespec wait = {0}, *limit = NULL;
    if (wake != UINT64_MAX) {
      uint64_t time = now(), left = wake > time ? wake - time : 0;
      wait = (struct timespec){.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
      limit = &wait;
    }
    if (ppoll(polls, 3, limit, NULL) < 0 && errno != EINTR) fail("ppoll");

    for (int way = 0; way < 2; way++) {
      struct direction *one = &ways[way];
      for (int some = 0; some < 64 && one->count < QUEUE_LIMIT; some++) {
        struct packet *packet = &one->queue[(one->first + one->count) % QUEUE_LIMIT];
        ssize_t size = read(one->from, packet->bytes, sizeof packet->bytes);
        if (size <= 0) break;
        packet->size = (size_t)size;
        packet->due = now() + delay;
        one->count++;
        one->bytes += packet->size;
        size_t data = payload(packet->bytes, packet->size);
        one->payload += data;
        if (data > 0) {
          turns += way == 1 && last == 0;
          last = way;
        }
      }
    }

    if (polls[0].revents != 0) {
      char line[16];
      ssize_t size = read(0, line, sizeof line);
      if (size <= 0) return 0;
      printf("{\"bytes\": [%llu, %llu], \"payload\": [%llu, %llu], \"turns\": %llu}\n",
             (unsigned long long)ways[0].bytes, (unsigned long long)ways[1].bytes,
             (unsigned long long)ways[0].payload, (unsigned long long)ways[1].payload,
             (unsigned long long)turns);
      fflush(stdout);
      ways[0].bytes = ways[1].bytes = ways[0].payload = ways[1].payload = turns = 0;
      last = 1;
    }
  }
}
