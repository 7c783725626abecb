// What ferry is measured against: plain C loops over libzstd.
//
//   peer generate BYTES SEED OUT         mixed pages: a quarter each zero, code-like, text-like, random
//   peer compress LEVEL CHUNK IN OUT     length-prefixed zstd frames, one a chunk
//   peer decompress CHUNK IN             reads and checks what compress wrote, keeps nothing
//   peer measure COMMAND…                runs it; its wall and CPU seconds and peak KiB, on one line of fd 3
//
// `-` is standard output. One thread, one buffer each way, reads and writes of a chunk.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "CPeer.h"

static _Noreturn void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("peer: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

static void *allocate(size_t size) {
  void *memory = aligned_alloc(CPEER_PAGE, (size + CPEER_PAGE - 1) / CPEER_PAGE * CPEER_PAGE);
  if (!memory) fail("no memory for %zu bytes", size);
  memset(memory, 0, size);
  return memory;
}

static uint64_t number(const char *text) {
  char *end;
  errno = 0;
  uint64_t value = strtoull(text, &end, 10);
  if (errno || end == text || *end) fail("not a number: %s", text);
  return value;
}

// MARK: files

static int open_input(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("%s: %s", path, strerror(errno));
  return fd;
}

static int open_output(const char *path) {
  if (!strcmp(path, "-")) return STDOUT_FILENO;
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) fail("%s: %s", path, strerror(errno));
  return fd;
}

// Up to `size` bytes; fewer only at the end of the file.
static size_t read_fully(int fd, void *bytes, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t count = read(fd, (char *)bytes + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read: %s", strerror(errno));
    if (count == 0) break;
    done += (size_t)count;
  }
  return done;
}

static void write_fully(int fd, const void *bytes, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t count = write(fd, (const char *)bytes + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write: %s", strerror(errno));
    done += (size_t)count;
  }
}

// MARK: generate

static void generate(uint64_t size, uint64_t seed, const char *path) {
  enum { BLOCK = 256 * CPEER_PAGE };
  uint8_t *block = allocate(BLOCK);
  int out = open_output(path);
  for (uint64_t done = 0; done < size; done += BLOCK) {
    cpeer_pages(block, done / CPEER_PAGE, BLOCK / CPEER_PAGE, seed);
    write_fully(out, block, size - done < BLOCK ? size - done : BLOCK);
  }
}

// MARK: zstd

static struct cpeer_zstd *codec(int level) {
  struct cpeer_zstd *zstd = cpeer_zstd_create(level);
  if (!zstd) fail("no zstd context");
  return zstd;
}

static void compress(int level, size_t chunk, const char *from, const char *to) {
  size_t bound = cpeer_zstd_bound(chunk);
  uint8_t *raw = allocate(chunk), *stored = allocate(4 + bound);
  int in = open_input(from), out = open_output(to);
  struct cpeer_zstd *zstd = codec(level);
  size_t size;
  while ((size = read_fully(in, raw, chunk)) > 0) {
    uint32_t length = (uint32_t)cpeer_zstd_compress(zstd, stored + 4, bound, raw, size);
    if (!length) fail("libzstd failed");
    memcpy(stored, &length, 4);
    write_fully(out, stored, 4 + length);
  }
  cpeer_zstd_free(zstd);
}

static void decompress(size_t chunk, const char *from) {
  size_t bound = cpeer_zstd_bound(chunk);
  uint8_t *stored = allocate(bound), *raw = allocate(chunk);
  uint32_t length;
  uint64_t total = 0;
  int in = open_input(from);
  struct cpeer_zstd *zstd = codec(1);
  while (read_fully(in, &length, 4) == 4) {
    if (length > bound || read_fully(in, stored, length) != length) fail("%s: torn", from);
    size_t size = cpeer_zstd_decompress(zstd, raw, chunk, stored, length);
    if (!size) fail("%s: libzstd failed", from);
    total += size;
  }
  cpeer_zstd_free(zstd);
  printf("%llu\n", (unsigned long long)total);
}

// MARK: measure

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

// From a small process, because Linux counts the parent's pages at exec in a child's peak.
static int measure(char **command) {
  struct rusage usage;
  int status;
  double start = now();
  pid_t child = fork();
  if (child < 0) fail("fork: %s", strerror(errno));
  if (child == 0) {
    close(3);
    execvp(command[0], command);
    fail("%s: %s", command[0], strerror(errno));
  }
  while (wait4(child, &status, 0, &usage) < 0)
    if (errno != EINTR) fail("wait: %s", strerror(errno));
  dprintf(3, "%.6f %.6f %ld\n", now() - start, seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int count, char **arguments) {
  const char *verb = count > 1 ? arguments[1] : "";
  char **rest = arguments + 2;
  if (!strcmp(verb, "generate") && count == 5) generate(number(rest[0]), number(rest[1]), rest[2]);
  else if (!strcmp(verb, "compress") && count == 6) compress((int)number(rest[0]), number(rest[1]), rest[2], rest[3]);
  else if (!strcmp(verb, "decompress") && count == 4) decompress(number(rest[0]), rest[1]);
  else if (!strcmp(verb, "measure") && count > 2) return measure(rest);
  else fail("usage: generate BYTES SEED OUT | compress LEVEL CHUNK IN OUT | decompress CHUNK IN | measure COMMAND…");
  return 0;
}
