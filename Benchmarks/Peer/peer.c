// What ferry is measured against: plain C loops over libzstd, and memory at work.
//
//   peer generate BYTES SEED OUT         mixed pages: a quarter each zero, code-like, text-like, random
//   peer compress LEVEL CHUNK IN OUT     length-prefixed zstd frames, one a chunk
//   peer decompress IN                   reads and checks what compress wrote, keeps nothing
//   peer memory BYTES                    GB/s of memcpy, CRC-32C and XXH3-128 over that much, best of several
//   peer measure COMMAND…                runs it; its wall and CPU seconds and peak KiB, on one line of fd 3
//
// `-` is standard output. Single-threaded throughout, one buffer each way, read and write in chunk-sized calls.

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
#include <xxhash.h>
#include <zstd.h>

#include "CChecksum.h"

enum { PAGE = 4096 };

static _Noreturn void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("peer: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

static void *allocate(size_t size) {
  void *memory = aligned_alloc(PAGE, (size + PAGE - 1) / PAGE * PAGE);
  if (!memory) fail("no memory for %zu bytes", size);
  memset(memory, 0, size);
  return memory;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
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

static uint64_t next(uint64_t *state) { // SplitMix64, as in Tests/TestSupport
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Small numbers often, large ones seldom, below `count`: as words and instructions are.
static unsigned skewed(uint64_t random, unsigned count) {
  uint64_t a = random & 0xffff, b = random >> 16 & 0xffff;
  return (unsigned)((a * b >> 16) * count >> 16);
}

enum { WORDS = 4096 };
static char words[WORDS][16];
static uint8_t lengths[WORDS];

static void make_words(void) {
  static const char letters[] = "etaoinshrdlcumwfgypbvketaoinshrdlueotain";
  uint64_t state = 1;
  for (int word = 0; word < WORDS; word++) {
    uint64_t random = next(&state), spelling = next(&state);
    lengths[word] = (uint8_t)(1 + random % 4 + random / 4 % 6);
    for (int i = 0; i < lengths[word]; i++, spelling /= 40) words[word][i] = letters[spelling % 40];
  }
}

// Says again, now and then, a piece of what the page said before. Returns how far the page is filled.
static size_t echo(uint8_t *page, size_t at, uint64_t random) {
  if (at < 64 || (random & 3)) return at;
  size_t back = 8 + skewed(random >> 2, (unsigned)at - 8), length = 8 + (random >> 40 & 31);
  for (size_t i = 0; i < length && at < PAGE; i++, at++) page[at] = page[at - back];
  return at;
}

static void text_page(uint8_t *page, uint64_t *state) {
  size_t at = 0;
  while ((at = echo(page, at, next(state))) < PAGE) {
    uint64_t random = next(state);
    unsigned word = skewed(random, WORDS);
    for (int i = 0; i < lengths[word] && at < PAGE; i++) page[at++] = (uint8_t)words[word][i];
    unsigned mark = random >> 32 & 63;
    if (mark < 4 && at < PAGE) page[at++] = (uint8_t)",.;:"[mark];
    if (at < PAGE) page[at++] = mark == 1 ? '\n' : ' ';
  }
}

// x86-64 as compilers write it. In a template, 01 stands for a register field, 02 for a small and 03 for a large number.
static void code_page(uint8_t *page, uint64_t *state) {
  static const struct { uint8_t length, bytes[8], kinds[8]; } forms[] = {
    {3, {0x48, 0x89, 0xc0}, {0, 0, 1}},                      // mov reg, reg
    {4, {0x48, 0x8b, 0x40, 0}, {0, 0, 1, 2}},                // mov reg, [reg + disp8]
    {5, {0xe8, 0, 0, 0, 0xff}, {0, 3, 3, 2, 0}},             // call
    {4, {0x48, 0x89, 0x44, 0x24}, {0, 0, 1, 0}},             // mov [rsp + disp8], reg
    {2, {0x74, 0}, {0, 2}},                                  // je
    {3, {0x48, 0x85, 0xc0}, {0, 0, 1}},                      // test reg, reg
    {7, {0x48, 0x8d, 0x05, 0, 0, 0, 0}, {0, 0, 1, 3, 3, 2}}, // lea reg, [rip + disp32]
    {5, {0x0f, 0x1f, 0x44, 0x00, 0x00}, {0}},                // nop
    {2, {0x31, 0xc0}, {0, 1}},                               // xor reg, reg
    {4, {0x48, 0x83, 0xc0, 0}, {0, 0, 1, 2}},                // add reg, imm8
    {6, {0x0f, 0x84, 0, 0, 0, 0}, {0, 0, 3, 2}},             // je rel32
    {2, {0x41, 0x57}, {0, 1}},                               // push
    {1, {0xc3}, {0}},                                        // ret
    {5, {0xb8, 0, 0, 0, 0}, {1, 2, 0, 0, 0}},                // mov reg, imm32
    {8, {0xf2, 0x0f, 0x10, 0x80, 0, 0, 0, 0}, {0, 0, 0, 1, 3, 2}},
  };
  size_t at = 0;
  while ((at = echo(page, at, next(state))) < PAGE) {
    uint64_t random = next(state);
    unsigned form = skewed(random, sizeof forms / sizeof *forms);
    uint64_t value = random >> 32;
    for (int i = 0; i < forms[form].length && at < PAGE; i++) {
      uint8_t byte = forms[form].bytes[i];
      switch (forms[form].kinds[i]) {
        case 1: byte ^= (uint8_t)skewed(value * 0x9e3779b1, 16); break;
        case 2: byte = (uint8_t)(skewed(value * 0x85ebca6b, 32) * 8); break;
        case 3: byte = (uint8_t)(value >> i); break;
      }
      page[at++] = byte;
    }
  }
}

static void generate(uint64_t size, uint64_t seed, const char *path) {
  enum { BLOCK = 256 * PAGE };
  uint8_t *block = allocate(BLOCK);
  int out = open_output(path);
  make_words();
  for (uint64_t done = 0; done < size; done += BLOCK) {
    for (uint64_t i = 0; i < BLOCK / PAGE; i++) {
      uint64_t state = seed * 0x2545f4914f6cdd1d + done / PAGE + i;
      uint8_t *page = block + i * PAGE;
      switch (next(&state) & 3) { // by page, so that no chunk of a useful size is of one kind
        case 0: memset(page, 0, PAGE); break;
        case 1: code_page(page, &state); break;
        case 2: text_page(page, &state); break;
        default:
          for (size_t at = 0; at < PAGE; at += 8) {
            uint64_t random = next(&state);
            memcpy(page + at, &random, 8);
          }
      }
    }
    write_fully(out, block, size - done < BLOCK ? size - done : BLOCK);
  }
}

// MARK: zstd

static size_t checked(size_t result) {
  if (ZSTD_isError(result)) fail("zstd: %s", ZSTD_getErrorName(result));
  return result;
}

static void compress(int level, size_t chunk, const char *from, const char *to) {
  size_t bound = ZSTD_compressBound(chunk);
  uint8_t *raw = allocate(chunk), *stored = allocate(4 + bound);
  int in = open_input(from), out = open_output(to);
  ZSTD_CCtx *context = ZSTD_createCCtx();
  if (!context) fail("no zstd context");
  checked(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level));
  checked(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1));
  size_t size;
  while ((size = read_fully(in, raw, chunk)) > 0) {
    uint32_t length = (uint32_t)checked(ZSTD_compress2(context, stored + 4, bound, raw, size));
    memcpy(stored, &length, 4);
    write_fully(out, stored, 4 + length);
  }
  ZSTD_freeCCtx(context);
}

static void decompress(const char *from) {
  size_t capacity = 1 << 16, room = 1 << 16;
  uint8_t *stored = allocate(capacity), *raw = allocate(room);
  uint32_t length;
  uint64_t total = 0;
  int in = open_input(from);
  ZSTD_DCtx *context = ZSTD_createDCtx();
  if (!context) fail("no zstd context");
  while (read_fully(in, &length, 4) == 4) {
    if (length > capacity) free(stored), stored = allocate(capacity = length);
    if (read_fully(in, stored, length) != length) fail("%s: torn", from);
    unsigned long long size = ZSTD_getFrameContentSize(stored, length);
    if (size > 1 << 30) fail("%s: no frame size", from);
    if (size > room) free(raw), raw = allocate(room = (size_t)size);
    total += checked(ZSTD_decompressDCtx(context, raw, room, stored, length));
  }
  ZSTD_freeDCtx(context);
  printf("%llu\n", (unsigned long long)total);
}

// MARK: memory

// Best GB/s of `work` over blocks of 1 MiB, as a pipeline would walk them.
#define SPEED(work)                                                     \
  ({                                                                    \
    double best = 0;                                                    \
    for (int pass = 0; pass < 7; pass++) {                              \
      double start = now();                                             \
      for (uint64_t at = 0; at + block <= size; at += block) { work; }  \
      double speed = (double)(size / block * block) / (now() - start) / 1e9; \
      if (speed > best) best = speed;                                   \
    }                                                                   \
    best;                                                               \
  })

static void memory(uint64_t size) {
  const size_t block = 1 << 20;
  uint8_t *from = allocate(size), *to = allocate(size);
  volatile uint64_t sink = 0;
  uint64_t state = 7;
  for (uint64_t at = 0; at + 8 <= size; at += 8) {
    uint64_t random = next(&state);
    memcpy(from + at, &random, 8);
  }
  double copy = SPEED(memcpy(to + at, from + at, block); sink += to[at]);
  double crc = SPEED(sink += cchecksum_crc32c(0, from + at, block));
  XXH3_state_t *digest = XXH3_createState();
  XXH3_128bits_reset(digest);
  double xxh3 = SPEED(XXH3_128bits_update(digest, from + at, block));
  sink += XXH3_128bits_digest(digest).low64;
  printf("memcpy %.3f\ncrc32c %.3f\nxxh3 %.3f\n", copy, crc, xxh3);
}

// MARK: measure

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

int main(int count, char **words_) {
  const char *verb = count > 1 ? words_[1] : "";
  char **rest = words_ + 2;
  if (!strcmp(verb, "generate") && count == 5) generate(number(rest[0]), number(rest[1]), rest[2]);
  else if (!strcmp(verb, "compress") && count == 6) compress((int)number(rest[0]), number(rest[1]), rest[2], rest[3]);
  else if (!strcmp(verb, "decompress") && count == 3) decompress(rest[0]);
  else if (!strcmp(verb, "memory") && count == 3) memory(number(rest[0]));
  else if (!strcmp(verb, "measure") && count > 2) return measure(rest);
  else fail("usage: generate BYTES SEED OUT | compress LEVEL CHUNK IN OUT | decompress IN | memory BYTES | measure COMMAND…");
  return 0;
}
