// What ferry is measured against: plain C loops over libzstd.
//
//   peer generate BYTES SEED OUT         mixed pages: a quarter each zero, code-like, text-like, random
//   peer rounds BYTES N DIRTY HOW WITH OUT   N images of that size, with DIRTY % of the pages of each others than before:
//                                        HOW same: the same pages in each, or any; WITH mix: pages of the mix, or random
//   peer compress LEVEL CHUNK IN OUT [N] length-prefixed zstd frames, one a chunk, on N threads
//   peer frame LEVEL IN                  the length of one frame of all of a small file
//   peer decompress CHUNK IN [N]         reads and checks what compress wrote, keeps nothing
//   peer ping SOCKET COUNT               reads 4 bytes of configuration space so often, as a vfio-user client does
//   peer pong SOCKET                     answers one such client without looking: nothing is faster
//   peer copy BYTES CHUNK                so many bytes over TCP within this host, from one process to another that drops them;
//                                        prints the seconds until that has said that it has all
//   peer measure COMMAND…                runs it; its wall and CPU seconds and peak KiB, on one line of fd 3
//
// `-` is standard output. Each thread has one buffer each way; reads and writes are of a chunk.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
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

static void rounds(uint64_t size, unsigned count, unsigned dirty, int same, int mix, const char *path) {
  uint64_t pages = size / CPEER_PAGE;
  uint8_t *image = allocate(size);
  int out = open_output(path);
  cpeer_pages(image, 0, pages, 1);
  for (unsigned round = 0; round < count; round++) {
    uint64_t choice = same ? 1 : round, content = 1000 + round;
    for (uint64_t page = 0; round > 0 && page < pages; page++) {
      if (cpeer_random(&choice) % 100 >= dirty) continue;
      uint8_t *at = image + page * CPEER_PAGE;
      if (mix) cpeer_pages(at, page, 1, content);
      else
        for (int i = 0; i < CPEER_PAGE; i += 8) {
          uint64_t random = cpeer_random(&content);
          memcpy(at + i, &random, 8);
        }
    }
    write_fully(out, image, pages * CPEER_PAGE);
  }
}

// MARK: zstd

static struct cpeer_zstd *codec(int level) {
  struct cpeer_zstd *zstd = cpeer_zstd_create(level);
  if (!zstd) fail("no zstd context");
  return zstd;
}

// Several threads take chunks in turns to read, code each by itself, and take turns again to write.
struct job {
  pthread_mutex_t lock;
  pthread_cond_t turn;
  int level, in, out;
  size_t chunk;
  uint64_t read, written, total;
  const char *name;
};

static void on_threads(struct job *job, int threads, void *(*work)(void *)) {
  pthread_t handles[64];
  if (threads < 1 || threads > 64) fail("1 to 64 threads");
  pthread_mutex_init(&job->lock, NULL);
  pthread_cond_init(&job->turn, NULL);
  // The first is the one that is there.
  for (int i = 1; i < threads; i++)
    if (pthread_create(&handles[i], NULL, work, job)) fail("no thread");
  work(job);
  for (int i = 1; i < threads; i++) pthread_join(handles[i], NULL);
}

static void *compress_chunks(void *argument) {
  struct job *job = argument;
  size_t bound = cpeer_zstd_bound(job->chunk);
  uint8_t *raw = allocate(job->chunk), *stored = allocate(4 + bound);
  struct cpeer_zstd *zstd = codec(job->level);
  for (;;) {
    pthread_mutex_lock(&job->lock);
    uint64_t number = job->read;
    size_t size = read_fully(job->in, raw, job->chunk);
    if (size > 0) job->read++;
    pthread_mutex_unlock(&job->lock);
    if (!size) break;
    uint32_t length = (uint32_t)cpeer_zstd_compress(zstd, stored + 4, bound, raw, size);
    if (!length) fail("libzstd failed");
    memcpy(stored, &length, 4);
    pthread_mutex_lock(&job->lock);
    while (job->written != number) pthread_cond_wait(&job->turn, &job->lock);
    pthread_mutex_unlock(&job->lock);
    write_fully(job->out, stored, 4 + length);
    pthread_mutex_lock(&job->lock);
    job->written++;
    pthread_cond_broadcast(&job->turn);
    pthread_mutex_unlock(&job->lock);
  }
  cpeer_zstd_free(zstd);
  return NULL;
}

static void *decompress_chunks(void *argument) {
  struct job *job = argument;
  size_t bound = cpeer_zstd_bound(job->chunk);
  uint8_t *stored = allocate(bound), *raw = allocate(job->chunk);
  struct cpeer_zstd *zstd = codec(1);
  for (;;) {
    uint32_t length;
    pthread_mutex_lock(&job->lock);
    size_t got = read_fully(job->in, &length, 4);
    if (got == 4 && (length > bound || read_fully(job->in, stored, length) != length)) fail("%s: torn", job->name);
    pthread_mutex_unlock(&job->lock);
    if (got != 4) break;
    size_t size = cpeer_zstd_decompress(zstd, raw, job->chunk, stored, length);
    if (!size) fail("%s: libzstd failed", job->name);
    pthread_mutex_lock(&job->lock);
    job->total += size;
    pthread_mutex_unlock(&job->lock);
  }
  cpeer_zstd_free(zstd);
  return NULL;
}

static void compress(int level, size_t chunk, const char *from, const char *to, int threads) {
  struct job job = {.level = level, .chunk = chunk, .in = open_input(from), .out = open_output(to)};
  on_threads(&job, threads, compress_chunks);
}

static void decompress(size_t chunk, const char *from, int threads) {
  struct job job = {.chunk = chunk, .in = open_input(from), .name = from};
  on_threads(&job, threads, decompress_chunks);
  printf("%llu\n", (unsigned long long)job.total);
}

static void frame(int level, const char *from) {
  enum { MOST = 1 << 20 };
  uint8_t *raw = allocate(MOST), *stored = allocate(cpeer_zstd_bound(MOST));
  struct cpeer_zstd *zstd = codec(level);
  size_t size = read_fully(open_input(from), raw, MOST);
  printf("%zu\n", cpeer_zstd_compress(zstd, stored, cpeer_zstd_bound(MOST), raw, size));
  cpeer_zstd_free(zstd);
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

// MARK: vfio-user

// A message of vfio-user: its head, and the longest body that is sent here.
struct message {
  uint16_t id, command;
  uint32_t size, flags, error;
  unsigned char body[1024];
};
#define HEAD 16

static struct sockaddr_un address(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) fail("%s: too long", path);
  strcpy(address.sun_path, path);
  return address;
}

static int listening(const char *path) {
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un place = address(path);
  if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 1))
    fail("%s: %s", path, strerror(errno));
  return listener;
}

static int connected(const char *path) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un place = address(path);
  if (connect(fd, (struct sockaddr *)&place, sizeof place)) fail("%s: %s", path, strerror(errno));
  return fd;
}

// As both sides of QEMU's do: the head, and then the rest.
static int receive(int fd, struct message *message) {
  if (recv(fd, message, HEAD, MSG_WAITALL) != HEAD) return 0;
  size_t rest = message->size - HEAD;
  if (message->size < HEAD || rest > sizeof message->body) fail("a message of %u bytes", message->size);
  return !rest || recv(fd, message->body, rest, MSG_WAITALL) == (ssize_t)rest;
}

static void post(int fd, const struct message *message) {
  if (send(fd, message, message->size, 0) != (ssize_t)message->size) fail("send: %s", strerror(errno));
}

static void ping(const char *path, uint64_t count) {
  int fd = connected(path);
  struct message message = {.command = 1, .size = HEAD + 4};
  post(fd, &message);
  if (!receive(fd, &message)) fail("no version");
  for (uint64_t turn = 0; turn < count; turn++) {
    // REGION_READ of 4 bytes at 0 of region 7.
    message = (struct message){.id = (uint16_t)turn, .command = 9, .size = HEAD + 16};
    message.body[8] = 7;
    message.body[12] = 4;
    post(fd, &message);
    if (!receive(fd, &message) || message.size != HEAD + 20) fail("no answer of 20 bytes");
  }
  close(fd);
}

static void pong(const char *path) {
  int fd = accept(listening(path), NULL, NULL);
  struct message message;
  while (receive(fd, &message)) {
    message.flags = 1;
    message.size = message.command == 9 ? HEAD + 20 : HEAD + 4;
    post(fd, &message);
  }
  unlink(path);
}

// MARK: sockets

static void pass(uint64_t size, size_t chunk) {
  char *bytes = allocate(chunk);
  memset(bytes, 0x5a, chunk);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof place;
  if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 1) ||
      getsockname(listener, (struct sockaddr *)&place, &length))
    fail("listen: %s", strerror(errno));
  pid_t receiver = fork();
  if (receiver < 0) fail("fork: %s", strerror(errno));
  if (!receiver) {
    int fd = accept(listener, NULL, NULL);
    uint64_t left = size;
    while (left) {
      ssize_t got = read(fd, bytes, chunk);
      if (got <= 0) fail("%llu bytes have not come", (unsigned long long)left);
      left -= (uint64_t)got;
    }
    if (write(fd, bytes, 1) != 1) fail("write: %s", strerror(errno));
    _exit(0);
  }
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&place, sizeof place)) fail("connect: %s", strerror(errno));
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (uint64_t left = size; left;) {
    ssize_t sent = write(fd, bytes, left < chunk ? left : chunk);
    if (sent <= 0) fail("write: %s", strerror(errno));
    left -= (uint64_t)sent;
  }
  if (read(fd, bytes, 1) != 1) fail("no answer");
  clock_gettime(CLOCK_MONOTONIC, &end);
  waitpid(receiver, NULL, 0);
  printf("%.6f\n", (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
}

// MARK: relay

static void copy(int from, int to) {
  static unsigned char bytes[256 << 10];
  ssize_t got;
  while ((got = read(from, bytes, sizeof bytes)) > 0)
    for (ssize_t sent = 0; sent < got;) {
      ssize_t part = write(to, bytes + sent, (size_t)(got - sent));
      if (part < 0) fail("write: %s", strerror(errno));
      sent += part;
    }
  if (got < 0) fail("read: %s", strerror(errno));
}

// A copy of one connection's bytes to another's, which looks at none of them.
static void relay(const char *from, const char *to) {
  int source = accept(listening(from), NULL, NULL);
  copy(source, connected(to));
  unlink(from);
}

// A file through a socket, to whoever reads the other one to its end.
static void pour(const char *file, const char *to, const char *end) {
  int listener = listening(end);
  pid_t child = fork();
  if (child < 0) fail("fork: %s", strerror(errno));
  if (child == 0) {
    int in = open(file, O_RDONLY);
    if (in < 0) fail("%s: %s", file, strerror(errno));
    copy(in, connected(to));
    _exit(0);
  }
  static unsigned char bytes[256 << 10];
  int fd = accept(listener, NULL, NULL);
  uint64_t total = 0;
  for (ssize_t got; (got = read(fd, bytes, sizeof bytes)) > 0;) total += (uint64_t)got;
  unlink(end);
  printf("%llu\n", (unsigned long long)total);
}

int main(int count, char **arguments) {
  const char *verb = count > 1 ? arguments[1] : "";
  char **rest = arguments + 2;
  if (!strcmp(verb, "generate") && count == 5) generate(number(rest[0]), number(rest[1]), rest[2]);
  else if (!strcmp(verb, "rounds") && count == 8)
    rounds(number(rest[0]), (unsigned)number(rest[1]), (unsigned)number(rest[2]), !strcmp(rest[3], "same"),
           !strcmp(rest[4], "mix"), rest[5]);
  else if (!strcmp(verb, "compress") && (count == 6 || count == 7))
    compress((int)number(rest[0]), number(rest[1]), rest[2], rest[3], count == 7 ? (int)number(rest[4]) : 1);
  else if (!strcmp(verb, "frame") && count == 4) frame((int)number(rest[0]), rest[1]);
  else if (!strcmp(verb, "decompress") && (count == 4 || count == 5))
    decompress(number(rest[0]), rest[1], count == 5 ? (int)number(rest[2]) : 1);
  else if (!strcmp(verb, "ping") && count == 4) ping(rest[0], number(rest[1]));
  else if (!strcmp(verb, "pong") && count == 3) pong(rest[0]);
  else if (!strcmp(verb, "copy") && count == 4) pass(number(rest[0]), number(rest[1]));
  else if (!strcmp(verb, "relay") && count == 4) relay(rest[0], rest[1]);
  else if (!strcmp(verb, "pour") && count == 5) pour(rest[0], rest[1], rest[2]);
  else if (!strcmp(verb, "measure") && count > 2) return measure(rest);
  else
    fail("usage: generate BYTES SEED OUT | copy BYTES CHUNK | rounds BYTES N DIRTY same|any mix|random OUT | compress LEVEL CHUNK IN OUT [N] | "
         "frame LEVEL IN | "
         "decompress CHUNK IN [N] | ping SOCKET COUNT | pong SOCKET | "
         "relay SOCKET SOCKET | pour IN SOCKET SOCKET | measure COMMAND…");
  return 0;
}
