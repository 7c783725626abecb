/* What tools/bench measures of libferry as it is installed.
 *
 *     library access PROFILE SPACE    nanoseconds of a guest's read, of the VMM's own function alone, and of a check and synthesis
 *     library encode DATA OUT         a file's bytes as the state of one device
 */
#include <fcntl.h>
#include <ferry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static ferry_error error;

static void check(ferry_status status) {
  if (!status) return;
  fprintf(stderr, "library: %s\n", error.message);
  exit(1);
}

static size_t contents(const char *path, void *bytes, size_t room) {
  FILE *file = fopen(path, "rb");
  size_t size = file ? fread(bytes, 1, room, file) : 0;
  if (file) fclose(file);
  if (size) return size;
  fprintf(stderr, "library: %s: expected a file, found none\n", path);
  exit(1);
}

static uint8_t device[4096];

static int32_t device_read(void *context, uint32_t offset, uint32_t size, uint32_t *value) {
  *value = 0;
  memcpy(value, (uint8_t *)context + offset, size);
  return 0;
}

static int32_t device_write(void *context, uint32_t offset, uint32_t size, uint32_t value) {
  memcpy((uint8_t *)context + offset, &value, size);
  return 0;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Rounds are short, so that some run without another process between. */
enum { READS = 5000, CHECKS = 10, ROUNDS = 1000, WINDOW_DATA = 0xd8 };

static void access_space(const char *profile_path, const char *space_path) {
  static char text[1 << 20];
  static uint8_t space_bytes[4096], synthesized[4096];
  size_t text_size = contents(profile_path, text, sizeof text), size;
  ferry_host host = {0};
  host.space = space_bytes, host.space_size = contents(space_path, space_bytes, sizeof space_bytes);
  memcpy(device, space_bytes, sizeof device);
  ferry_config_access access = {device_read, device_write, device};
  ferry_profile profile;
  ferry_space space;
  int32_t verdict;
  check(ferry_profile_load(text, text_size, &profile, &error));
  check(ferry_space_open(profile, &host, &access, &space, &error));

  double least[3] = {1e18, 1e18, 1e18};
  uint32_t value, sum = 0;
  /* Through a pointer that the compiler cannot look through, as the library calls it. */
  int32_t (*volatile own)(void *, uint32_t, uint32_t, uint32_t *) = device_read;
  for (int round = 0; round < ROUNDS; round++) {
    double start = now(), taken;
    for (int i = 0; i < READS; i++) {
      if (ferry_space_read(space, WINDOW_DATA, 4, &value, &error)) exit(1);
      sum += value;
    }
    taken = (now() - start) / READS;
    if (taken < least[0]) least[0] = taken;
    start = now();
    for (int i = 0; i < READS; i++) {
      if (own(device, WINDOW_DATA, 4, &value)) exit(1);
      sum += value;
    }
    taken = (now() - start) / READS;
    if (taken < least[1]) least[1] = taken;
    start = now();
    for (int i = 0; i < CHECKS; i++) {
      check(ferry_profile_check(profile, &host, &verdict, NULL, &error));
      check(ferry_profile_synthesize(profile, synthesized, sizeof synthesized, &size, &error));
    }
    taken = (now() - start) / CHECKS;
    if (taken < least[2]) least[2] = taken;
  }
  if (sum == 1) printf("\n"); /* nobody may leave it out */
  printf("read %.2f\ncallback %.2f\ncheck %.0f\n", least[0], least[1], least[2]);
}

static void encode(const char *data, const char *out) {
  static uint8_t bytes[1 << 20];
  int from = open(data, O_RDONLY), to = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  ferry_writer writer;
  ferry_device known = {0};
  ssize_t count;
  check(ferry_writer_open_fd(to, NULL, &writer, &error));
  check(ferry_writer_introduce(writer, &known, NULL, &error));
  while ((count = read(from, bytes, sizeof bytes)) > 0)
    check(ferry_writer_state(writer, 0, FERRY_PHASE_STOP_COPY, 0, 0, bytes, (size_t)count, &error));
  check(ferry_writer_finish(writer, &error));
  check(ferry_close(writer, &error));
  if (count < 0 || close(to)) exit(1);
}

int main(int count, char **arguments) {
  if (count == 4 && !strcmp(arguments[1], "access")) return access_space(arguments[2], arguments[3]), 0;
  if (count == 4 && !strcmp(arguments[1], "encode")) return encode(arguments[2], arguments[3]), 0;
  return fprintf(stderr, "usage: library access PROFILE SPACE | encode DATA OUT\n"), 2;
}
