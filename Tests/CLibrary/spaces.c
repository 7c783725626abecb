/* What ferry.h promises of handles, errors and the vPCI group: spaces PROFILE SPACE OTHER-PROFILE */
#define _GNU_SOURCE
#include <ferry.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checks.h"

/* ---- Allocations are counted: what the library calls is what stands here. */

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static volatile int allocation_count;

void *malloc(size_t size) { return allocation_count++, __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return allocation_count++, __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return allocation_count++, __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) {
  return allocation_count++, __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  allocation_count++;
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : 12;
}

/* ---- A device: bytes, which fail and call back if they are told to. */

struct device {
  uint8_t bytes[4096];
  int failure;
  ferry_space calls_back;
  ferry_status called_back;
  int waits, reached;
  uint32_t garbage;
  int reads, writes, unaligned;
};

static int32_t device_read(void *context, uint32_t offset, uint32_t size, uint32_t *value) {
  struct device *device = context;
  device->reads++;
  if (offset % size || offset + size > 4096) device->unaligned++;
  if (device->failure) return device->failure;
  if (device->calls_back) {
    uint32_t other;
    device->called_back = ferry_space_read(device->calls_back, 0, 4, &other, NULL);
  }
  __atomic_store_n(&device->reached, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&device->waits, __ATOMIC_SEQ_CST)) usleep(100);
  *value = device->garbage;
  memcpy(value, device->bytes + offset, size);
  return 0;
}

static int32_t device_write(void *context, uint32_t offset, uint32_t size, uint32_t value) {
  struct device *device = context;
  device->writes++;
  if (offset % size || offset + size > 4096) device->unaligned++;
  if (device->failure) return device->failure;
  memcpy(device->bytes + offset, &value, size);
  return 0;
}

struct text {
  char bytes[1 << 20];
  size_t size;
  int failure;
};

static int32_t text_write(void *context, const void *bytes, size_t count) {
  struct text *text = context;
  if (text->failure) return text->failure;
  if (text->size + count >= sizeof text->bytes) return 28;
  memcpy(text->bytes + text->size, bytes, count);
  text->size += count;
  text->bytes[text->size] = 0;
  return 0;
}

static struct text text;
static const ferry_sink sink = {text_write, &text};
static struct device device, target;
static const ferry_config_access access_of_device = {device_read, device_write, &device};
static const ferry_config_access access_of_target = {device_read, device_write, &target};
static unsigned char *profile_text, *other_text, *space_bytes;
static size_t profile_size, other_size, space_size;
static ferry_profile profile;
static ferry_host host;

enum { COMMAND = 0x04, BAR_1 = 0x14, CAPABILITY_POINTER = 0x34, WINDOW_DATA = 0xd8 };

/* ---- The claims. */

static void versions_and_names(void) {
  CHECK(!strcmp(ferry_version(), FERRY_VERSION));
  CHECK(!strcmp(ferry_status_name(FERRY_OK), "FERRY_OK"));
  CHECK(!strcmp(ferry_status_name(FERRY_ERROR_MISMATCH), "FERRY_ERROR_MISMATCH"));
  CHECK(ferry_status_name(-1) == NULL);
  CHECK(ferry_status_name(1000000) == NULL);
}

static void profiles(void) {
  char name[256], digest[65];
  uint8_t bytes[4096];
  size_t size = 7;

  GIVES(FERRY_OK, ferry_profile_name(profile, name, digest, &error));
  CHECK(!strcmp(name, "virtio-net.v1"));
  CHECK(strlen(digest) == 64 && strspn(digest, "0123456789abcdef") == 64);
  GIVES(FERRY_OK, ferry_profile_name(profile, NULL, NULL, &error));

  GIVES(FERRY_ERROR_BUFFER, ferry_profile_synthesize(profile, bytes, 4095, &size, &error));
  CHECK(size == 7);
  CHECK(!strcmp(error.expected, "room for 4096 bytes") && !strcmp(error.found, "4095"));
  GIVES(FERRY_OK, ferry_profile_synthesize(profile, bytes, SIZE_MAX, &size, &error));
  CHECK(size == 4096 && bytes[0] == 0xf4 && bytes[1] == 0x1a);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_synthesize(profile, NULL, 4096, &size, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_synthesize(profile, bytes, 4096, NULL, &error));

  ferry_profile loaded = 5;
  const char *bad = "profile: x\nidentity: { vendor: 99999999, device: 1, class: 2 }\n";
  GIVES(FERRY_ERROR_PROFILE, ferry_profile_load(bad, strlen(bad), &loaded, &error));
  CHECK(error.line == 2 && error.column > 1 && loaded == 5 && error.offset == FERRY_NOWHERE);
  GIVES(FERRY_ERROR_PROFILE, ferry_profile_load("", 0, &loaded, &error));
  GIVES(FERRY_ERROR_PROFILE, ferry_profile_load("\xff\xfe\0", 3, &loaded, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_load(NULL, 4, &loaded, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_load(bad, strlen(bad), NULL, &error));
  GIVES(FERRY_ERROR_LIMIT, ferry_profile_load(bad, SIZE_MAX, &loaded, &error));
  GIVES(FERRY_ERROR_LIMIT, ferry_profile_load(bad, (size_t)1 << 40, &loaded, &error));
  CHECK(ferry_profile_load(bad, strlen(bad), &loaded, NULL) == FERRY_ERROR_PROFILE);
}

static void long_texts_are_cut_between_characters(void) {
  char name[4096] = "profile: a b", *end = name + strlen(name);
  ferry_profile loaded;
  for (int i = 0; i < 1000; i++) end = (char *)memcpy(end, "\xe2\x82\xac", 3) + 3;
  GIVES(FERRY_ERROR_PROFILE, ferry_profile_load(name, (size_t)(end - name), &loaded, &error));
  size_t length = strlen(error.message);
  CHECK(length < sizeof error.message);
  CHECK((error.message[length - 1] & 0xc0) != 0xc0);
}

static void check_and_map(void) {
  int32_t verdict = -1;
  text.size = 0;
  GIVES(FERRY_OK, ferry_profile_check(profile, &host, &verdict, &sink, &error));
  CHECK(verdict == FERRY_VERDICT_CAN && strstr(text.bytes, "\"canCarry\": true") != NULL);
  GIVES(FERRY_OK, ferry_profile_check(profile, &host, &verdict, NULL, &error));

  ferry_host other = host;
  other.label = "elsewhere";
  other.space_size = 256; /* without the extended capabilities */
  text.size = 0;
  GIVES(FERRY_OK, ferry_profile_check(profile, &other, &verdict, &sink, &error));
  CHECK(verdict == FERRY_VERDICT_CANNOT && strstr(text.bytes, "\"elsewhere\"") != NULL);
  other.flags = FERRY_HOST_CUT;
  GIVES(FERRY_OK, ferry_profile_check(profile, &other, &verdict, &sink, &error));
  CHECK(verdict == FERRY_VERDICT_UNKNOWN);

  text.size = 0;
  GIVES(FERRY_OK, ferry_profile_map(profile, NULL, &sink, &error));
  CHECK(strstr(text.bytes, "\"ranges\"") != NULL);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_map(profile, &host, NULL, &error));

  text.failure = 28;
  verdict = 77;
  GIVES(FERRY_ERROR_CALLBACK, ferry_profile_check(profile, &host, &verdict, &sink, &error));
  CHECK(error.system == 28 && verdict == 77);
  text.failure = 0;

  const ferry_sink nothing = {NULL, NULL};
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_check(profile, &host, &verdict, &nothing, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_check(profile, &host, NULL, &sink, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_check(profile, NULL, &verdict, &sink, &error));
}

static void hosts(void) {
  int32_t verdict;
  const size_t sizes[] = {0, 63, 4097, 70000, SIZE_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    ferry_host bad = host;
    bad.space_size = sizes[i];
    ferry_status status = ferry_profile_check(profile, &bad, &verdict, NULL, &error);
    CHECK(status == FERRY_ERROR_SPACE || status == FERRY_ERROR_LIMIT);
  }
  ferry_host bad = host;
  bad.space = NULL;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_check(profile, &bad, &verdict, NULL, &error));
  bad = host;
  bad.flags = 1u << 31;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_check(profile, &bad, &verdict, NULL, &error));
  bad = host;
  bad.reserved = 1;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_check(profile, &bad, &verdict, NULL, &error));
  bad = host;
  bad.flags = FERRY_HOST_IOMMU;
  bad.pasid_width = 21;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_check(profile, &bad, &verdict, NULL, &error));
  bad = host;
  bad.label = "\xff";
  GIVES(FERRY_ERROR_ARGUMENT, ferry_profile_check(profile, &bad, &verdict, NULL, &error));
  bad = host;
  bad.bar_sizes[3] = 4096; /* which the function has not */
  GIVES(FERRY_ERROR_SPACE, ferry_profile_check(profile, &bad, &verdict, NULL, &error));
  bad = host;
  bad.bar_sizes[1] = 4096;
  bad.bar_sizes[4] = 16384;
  GIVES(FERRY_OK, ferry_profile_check(profile, &bad, &verdict, NULL, &error));
  CHECK(verdict == FERRY_VERDICT_CAN);
  bad.bar_sizes[4] = 8192;
  GIVES(FERRY_OK, ferry_profile_check(profile, &bad, &verdict, NULL, &error));
  CHECK(verdict == FERRY_VERDICT_CANNOT);
}

static ferry_space open_space(void) {
  ferry_space space = 0;
  memcpy(device.bytes, space_bytes, space_size);
  GIVES(FERRY_OK, ferry_space_open(profile, &host, &access_of_device, &space, &error));
  CHECK(space != 0);
  return space;
}

static void guest_reads(void) {
  ferry_space space = open_space();
  uint8_t bytes[4096];
  size_t size;
  device.garbage = 0xdeadbeef; /* in the bytes beyond those that were asked for */
  CHECK(device.reads == 0);
  GIVES(FERRY_OK, ferry_profile_synthesize(profile, bytes, sizeof bytes, &size, &error));
  int constant = 0;
  for (uint32_t width = 1; width <= 4; width *= 2)
    for (uint32_t offset = 0; offset + width <= size; offset += width) {
      uint32_t value = 0, expected = 0;
      int before = device.reads;
      CHECK(ferry_space_read(space, offset, width, &value, &error) == FERRY_OK);
      memcpy(&expected, bytes + offset, width);
      if (device.reads == before) {
        CHECK(value == expected);
        constant++;
      }
      CHECK(width == 4 || value >> (8 * width) == 0);
    }
  CHECK(constant > 6000 && device.reads > 0 && device.unaligned == 0);
  device.garbage = 0;

  uint32_t value = 1;
  memcpy(device.bytes + WINDOW_DATA, "\x11\x22\x33\x44", 4);
  GIVES(FERRY_OK, ferry_space_read(space, WINDOW_DATA, 4, &value, &error));
  CHECK(value == 0x44332211);
  GIVES(FERRY_OK, ferry_space_read(space, WINDOW_DATA + 1, 2, &value, &error));
  CHECK(value == 0x3322);
  GIVES(FERRY_OK, ferry_space_read(space, 4096, 4, &value, &error));
  CHECK(value == 0xffffffff);
  GIVES(FERRY_OK, ferry_space_read(space, UINT32_MAX, 2, &value, &error));
  CHECK(value == 0xffff);
  GIVES(FERRY_OK, ferry_space_read(space, 4095, 2, &value, &error));
  CHECK(value >> 8 == 0xff);
  const uint32_t sizes[] = {0, 3, 5, 8, UINT32_MAX};
  for (int i = 0; i < 5; i++)
    GIVES(FERRY_ERROR_ARGUMENT, ferry_space_read(space, 0, sizes[i], &value, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_space_read(space, 0, 4, NULL, &error));

  device.failure = 5;
  value = 77;
  GIVES(FERRY_ERROR_CALLBACK, ferry_space_read(space, WINDOW_DATA, 4, &value, &error));
  CHECK(error.system == 5 && error.offset == WINDOW_DATA && value == 77);
  device.failure = 0;
  GIVES(FERRY_OK, ferry_close(space, &error));
}

static void guest_writes(void) {
  ferry_space space = open_space();
  uint32_t effects = 0, value = 0;
  GIVES(FERRY_OK, ferry_space_write(space, COMMAND, 2, 0x0006, &effects, &error));
  CHECK(effects == FERRY_EFFECT_COMMAND);
  GIVES(FERRY_OK, ferry_space_read(space, COMMAND, 2, &value, &error));
  CHECK(value == 0x0006);
  GIVES(FERRY_OK, ferry_space_write(space, BAR_1, 4, 0xffffffff, &effects, &error));
  CHECK(effects == FERRY_EFFECT_BASE_ADDRESS);
  GIVES(FERRY_OK, ferry_space_read(space, BAR_1, 4, &value, &error));
  CHECK(value == 0xfffff000); /* 4 KiB of 32-bit memory */
  GIVES(FERRY_OK, ferry_space_write(space, 0x00, 4, 0, &effects, &error));
  CHECK(effects == 0);
  GIVES(FERRY_OK, ferry_space_write(space, 0xffff, 4, 0, NULL, &error));
  GIVES(FERRY_OK, ferry_space_write(space, WINDOW_DATA, 4, 0x01020304, NULL, &error));
  CHECK(!memcmp(device.bytes + WINDOW_DATA, "\4\3\2\1", 4));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_space_write(space, 0, 3, 0, NULL, &error));
  device.failure = 19;
  GIVES(FERRY_ERROR_CALLBACK, ferry_space_write(space, WINDOW_DATA, 4, 0, NULL, &error));
  CHECK(error.system == 19);
  device.failure = 0;
  GIVES(FERRY_OK, ferry_space_reset(space, &error));
  GIVES(FERRY_OK, ferry_space_read(space, COMMAND, 2, &value, &error));
  CHECK(value == 0);
  GIVES(FERRY_OK, ferry_close(space, &error));
}

static void reads_allocate_nothing(void) {
  ferry_space space = open_space();
  uint32_t value, effects, sum = 0;
  int before = allocation_count;
  for (uint32_t offset = 0; offset < 4096; offset += 4) {
    sum += (uint32_t)ferry_space_read(space, offset, 4, &value, &error);
    sum += (uint32_t)ferry_space_read(space, offset + 1, 1, &value, &error);
    sum += (uint32_t)ferry_space_read(space, offset + 2, 2, &value, &error);
    sum += (uint32_t)ferry_space_write(space, offset, 4, 0, &effects, &error);
  }
  int during = allocation_count - before;
  CHECK(sum == 0);
  CHECK(during == 0);
  /* That the count sees the library's allocations. */
  before = allocation_count;
  ferry_profile loaded;
  GIVES(FERRY_OK, ferry_profile_load((char *)other_text, other_size, &loaded, &error));
  CHECK(allocation_count > before + 10);
  GIVES(FERRY_OK, ferry_close(loaded, &error));
  GIVES(FERRY_OK, ferry_close(space, &error));
}

static void states(void) {
  ferry_space space = open_space(), other = 0;
  static ferry_space_state state, again;
  uint32_t value;
  memcpy(target.bytes, space_bytes, space_size);
  GIVES(FERRY_OK, ferry_space_open(profile, &host, &access_of_target, &other, &error));
  GIVES(FERRY_OK, ferry_space_write(space, COMMAND, 2, 0x0006, NULL, &error));
  GIVES(FERRY_OK, ferry_space_write(space, BAR_1, 4, 0xfebd1000, NULL, &error));
  GIVES(FERRY_OK, ferry_space_save(space, &state, &error));
  CHECK(state.size == 4096 && !strcmp(state.profile_name, "virtio-net.v1"));
  CHECK(state.shown[COMMAND] == 0x06 && state.emulated_bits[WINDOW_DATA] == 0);
  GIVES(FERRY_OK, ferry_space_restore(other, &state, &error));
  GIVES(FERRY_OK, ferry_space_read(other, BAR_1, 4, &value, &error));
  CHECK(value == 0xfebd1000);
  GIVES(FERRY_OK, ferry_space_save(other, &again, &error));
  CHECK(!memcmp(&state, &again, sizeof state));

  again = state;
  again.size = 100;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_space_restore(other, &again, &error));
  again.size = 256;
  GIVES(FERRY_ERROR_MISMATCH, ferry_space_restore(other, &again, &error));
  again = state;
  again.profile_digest[3] = again.profile_digest[3] == '0' ? '1' : '0';
  GIVES(FERRY_ERROR_MISMATCH, ferry_space_restore(other, &again, &error));
  memset(again.profile_digest, 'a', sizeof again.profile_digest);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_space_restore(other, &again, &error));
  again = state;
  memset(again.profile_name, 'a', sizeof again.profile_name);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_space_restore(other, &again, &error));
  GIVES(FERRY_OK, ferry_space_read(other, BAR_1, 4, &value, &error));
  CHECK(value == 0xfebd1000);
  target.failure = 6;
  GIVES(FERRY_ERROR_CALLBACK, ferry_space_restore(other, &state, &error));
  GIVES(FERRY_ERROR_CALLBACK, ferry_space_save(other, &again, &error));
  target.failure = 0;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_space_save(other, NULL, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_space_restore(other, NULL, &error));
  GIVES(FERRY_OK, ferry_close(other, &error));
  GIVES(FERRY_OK, ferry_close(space, &error));
}

static void refusals(void) {
  ferry_space space = 9;
  ferry_host bad = host;
  bad.space_size = 256;
  GIVES(FERRY_ERROR_REFUSED, ferry_space_open(profile, &bad, &access_of_device, &space, &error));
  CHECK(space == 9 && error.expected[0] && error.found[0]);
  ferry_config_access half = access_of_device;
  half.write = NULL;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_space_open(profile, &host, &half, &space, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_space_open(profile, &host, NULL, &space, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_space_open(profile, &host, &access_of_device, NULL, &error));
}

static void handles(void) {
  ferry_space space = open_space();
  uint32_t value = 3;
  char name[256];
  const uint64_t strangers[] = {0, 1, UINT64_MAX, space ^ 1, space ^ (1 << 16), space ^ (1 << 24),
                                space | (uint64_t)1 << 63, profile};
  for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
    GIVES(FERRY_ERROR_HANDLE, ferry_space_read(strangers[i], 0, 4, &value, &error));
  CHECK(value == 3);
  GIVES(FERRY_ERROR_HANDLE, ferry_profile_name(space, name, NULL, &error));
  GIVES(FERRY_OK, ferry_close(space, &error));
  GIVES(FERRY_ERROR_HANDLE, ferry_close(space, &error));
  GIVES(FERRY_ERROR_HANDLE, ferry_close(0, &error));
  GIVES(FERRY_ERROR_HANDLE, ferry_space_read(space, 0, 4, &value, &error));
  for (uint64_t slot = 0; slot < 8; slot++) { /* the words of empty slots */
    GIVES(FERRY_ERROR_HANDLE, ferry_close(slot, &error));
    GIVES(FERRY_ERROR_HANDLE, ferry_close(slot | (uint64_t)1 << 63, &error));
  }
  ferry_space next = open_space(); /* in the same place */
  CHECK(next != space);
  GIVES(FERRY_ERROR_HANDLE, ferry_space_write(space, 0, 4, 0, NULL, &error));
  GIVES(FERRY_ERROR_HANDLE, ferry_space_reset(space, &error));
  static ferry_space_state state;
  GIVES(FERRY_ERROR_HANDLE, ferry_space_save(space, &state, &error));
  state.size = 4096;
  GIVES(FERRY_ERROR_HANDLE, ferry_space_restore(space, &state, &error));
  GIVES(FERRY_OK, ferry_close(next, &error));
}

static void spaces_outlive_their_profile(void) {
  ferry_profile loaded;
  ferry_space space;
  uint32_t value;
  GIVES(FERRY_OK, ferry_profile_load((char *)profile_text, profile_size, &loaded, &error));
  GIVES(FERRY_OK, ferry_space_open(loaded, &host, &access_of_device, &space, &error));
  GIVES(FERRY_OK, ferry_close(loaded, &error));
  GIVES(FERRY_OK, ferry_space_read(space, 0, 4, &value, &error));
  CHECK(value == 0x10411af4);
  GIVES(FERRY_OK, ferry_close(space, &error));
}

static void *read_window(void *context) {
  uint32_t value;
  ferry_status status = ferry_space_read(*(ferry_space *)context, WINDOW_DATA, 4, &value, NULL);
  return status == FERRY_OK ? NULL : context;
}

static void one_call_at_a_time(void) {
  ferry_space space = open_space(), other = open_space();
  uint32_t value;
  device.calls_back = space;
  GIVES(FERRY_OK, ferry_space_read(space, WINDOW_DATA, 4, &value, &error));
  CHECK(device.called_back == FERRY_ERROR_BUSY);
  device.calls_back = other;
  GIVES(FERRY_OK, ferry_space_read(space, WINDOW_DATA, 4, &value, &error));
  CHECK(device.called_back == FERRY_OK);
  device.calls_back = 0;

  pthread_t thread;
  void *failure;
  device.reached = 0;
  device.waits = 1;
  CHECK(pthread_create(&thread, NULL, read_window, &space) == 0);
  while (!__atomic_load_n(&device.reached, __ATOMIC_SEQ_CST)) usleep(100);
  GIVES(FERRY_ERROR_BUSY, ferry_space_read(space, 0, 4, &value, &error));
  GIVES(FERRY_ERROR_BUSY, ferry_close(space, &error));
  GIVES(FERRY_ERROR_HANDLE, ferry_close(space | (uint64_t)1 << 63, &error)); /* as the table marks it meanwhile */
  GIVES(FERRY_OK, ferry_space_read(other, 0, 4, &value, &error));
  __atomic_store_n(&device.waits, 0, __ATOMIC_SEQ_CST);
  pthread_join(thread, &failure);
  CHECK(failure == NULL);
  GIVES(FERRY_OK, ferry_close(space, &error));
  GIVES(FERRY_OK, ferry_close(other, &error));
}

static void *open_and_close(void *context) {
  for (int i = 0; i < 200; i++) {
    ferry_space space;
    uint32_t value;
    if (ferry_space_open(profile, &host, &access_of_device, &space, NULL) == FERRY_ERROR_BUSY)
      continue; /* the profile serves one call at a time */
    if (ferry_space_read(space, 0, 4, &value, NULL) || value != 0x10411af4) return context;
    if (ferry_close(space, NULL)) return context;
  }
  return NULL;
}

static void threads_share_the_table(void) {
  pthread_t threads[4];
  memcpy(device.bytes, space_bytes, space_size);
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, open_and_close, threads);
  for (int i = 0; i < 4; i++) {
    void *failure;
    pthread_join(threads[i], &failure);
    CHECK(failure == NULL);
  }
}

static void no_more_handles_than_are_promised(void) {
  enum { LIMIT = 65536 };
  static ferry_reader readers[LIMIT];
  ferry_reader one_more = 5;
  int count = 1; /* the profile */
  ferry_status status = FERRY_OK;
  while (count < LIMIT && !(status = ferry_reader_open(NULL, &readers[count], NULL))) count++;
  CHECK(status == FERRY_OK && count == LIMIT);
  GIVES(FERRY_ERROR_LIMIT, ferry_reader_open(NULL, &one_more, &error));
  CHECK(one_more == 5 && error.expected[0] && error.found[0]);
  GIVES(FERRY_OK, ferry_close(readers[LIMIT / 2], &error));
  GIVES(FERRY_OK, ferry_reader_open(NULL, &one_more, &error));
  CHECK(one_more != readers[LIMIT / 2]); /* the slot is another's now */
  GIVES(FERRY_ERROR_HANDLE, ferry_close(readers[LIMIT / 2], &error));
  readers[LIMIT / 2] = one_more;
  GIVES(FERRY_ERROR_LIMIT, ferry_reader_open(NULL, &one_more, &error));
  for (int i = 1; i < count && !status; i++) status = ferry_close(readers[i], NULL);
  CHECK(status == FERRY_OK);
}

static void a_child_has_its_parents_objects(void) {
  ferry_space space = open_space();
  pid_t child = fork();
  if (child == 0) {
    uint32_t value;
    ferry_space more;
    _exit(ferry_space_read(space, 0, 4, &value, NULL) || value != 0x10411af4 ||
          ferry_space_open(profile, &host, &access_of_device, &more, NULL) ||
          ferry_close(space, NULL));
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  GIVES(FERRY_OK, ferry_close(space, &error));
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  profile_text = contents(arguments[1], &profile_size);
  space_bytes = contents(arguments[2], &space_size);
  other_text = contents(arguments[3], &other_size);
  host.space = space_bytes;
  host.space_size = space_size;
  CHECK(space_size == 4096);
  GIVES(FERRY_OK, ferry_profile_load((char *)profile_text, profile_size, &profile, &error));
  versions_and_names();
  profiles();
  long_texts_are_cut_between_characters();
  check_and_map();
  hosts();
  guest_reads();
  guest_writes();
  reads_allocate_nothing();
  states();
  refusals();
  handles();
  spaces_outlive_their_profile();
  one_call_at_a_time();
  threads_share_the_table();
  no_more_handles_than_are_promised();
  a_child_has_its_parents_objects();
  GIVES(FERRY_OK, ferry_close(profile, &error));
  return report();
}
