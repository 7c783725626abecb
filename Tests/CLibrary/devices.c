/* What ferry.h promises of the devices group: devices FOLDER STATE CONFIG, a state and the configuration region of an mtty device.
 * The device is made up here, and keeps to the arcs of the kernel's. Writes FOLDER/captured.dms. */
#include <ferry.h>
#include <stdlib.h>

#include "checks.h"

/* enum vfio_device_mig_state */
enum { ERROR, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P };
/* VFIO_MIGRATION_... */
enum { ABLE_STOP_COPY = 1, ABLE_P2P = 2, ABLE_PRE_COPY = 4 };
enum { EIO_NUMBER = 5, EINVAL_NUMBER = 22, ENOTTY_NUMBER = 25, ENOSPC_NUMBER = 28 };

struct device {
  uint64_t abilities;
  uint32_t state;
  uint8_t content[4096]; /* what it is */
  size_t size;
  size_t position; /* how much was read of it in this migration */
  uint8_t config[256];
  int bad_arcs, resets, reads, writes;
  /* What goes wrong. */
  int read_failure, write_failure, reset_failure;
  uint32_t refused_state;
  size_t lie;
};

static int32_t get_abilities(void *context, uint64_t *flags) {
  *flags = ((struct device *)context)->abilities;
  return 0;
}

static int32_t get_state(void *context, uint32_t *state) {
  *state = ((struct device *)context)->state;
  return 0;
}

/* The arcs of the kernel, one by one (include/uapi/linux/vfio.h). */
static int is_arc(uint64_t abilities, uint32_t from, uint32_t to) {
  static const uint8_t plain[][2] = {{RUNNING, STOP}, {STOP, RUNNING}, {STOP, STOP_COPY}, {STOP_COPY, STOP},
                                     {STOP, RESUMING}, {RESUMING, STOP}, {RUNNING, PRE_COPY}, {PRE_COPY, RUNNING},
                                     {PRE_COPY, STOP_COPY}};
  static const uint8_t p2p[][2] = {{RUNNING, RUNNING_P2P}, {RUNNING_P2P, RUNNING}, {RUNNING_P2P, STOP}, {STOP, RUNNING_P2P},
                                   {STOP, STOP_COPY}, {STOP_COPY, STOP}, {STOP, RESUMING}, {RESUMING, STOP},
                                   {RUNNING, PRE_COPY}, {PRE_COPY, RUNNING}, {PRE_COPY, PRE_COPY_P2P},
                                   {PRE_COPY_P2P, PRE_COPY}, {PRE_COPY_P2P, STOP_COPY}, {RUNNING_P2P, PRE_COPY_P2P},
                                   {PRE_COPY_P2P, RUNNING_P2P}};
  const uint8_t(*arcs)[2] = abilities & ABLE_P2P ? p2p : plain;
  size_t count = abilities & ABLE_P2P ? sizeof p2p / 2 : sizeof plain / 2;
  for (size_t i = 0; i < count; i++)
    if (arcs[i][0] == from && arcs[i][1] == to) return 1;
  return 0;
}

static int32_t set_state(void *context, uint32_t state) {
  struct device *device = context;
  if (!is_arc(device->abilities, device->state, state)) return device->bad_arcs++, EINVAL_NUMBER;
  if (state == device->refused_state) return EIO_NUMBER;
  if (state == PRE_COPY || (state == STOP_COPY && device->state == STOP)) device->position = 0;
  if (state == RESUMING) device->size = 0;
  device->state = state;
  return 0;
}

static int32_t get_stop_copy_size(void *context, uint64_t *size) {
  *size = ((struct device *)context)->size;
  return 0;
}

/* Half of the state can be read while it runs. */
static size_t readable(const struct device *device) {
  size_t limit = device->state == STOP_COPY ? device->size : device->size / 2;
  return device->position < limit ? limit - device->position : 0;
}

static int32_t get_precopy_size(void *context, uint64_t *initial, uint64_t *dirty, uint32_t *is_reinitialized) {
  const struct device *device = context;
  if (device->state != PRE_COPY && device->state != PRE_COPY_P2P) return EINVAL_NUMBER;
  *initial = readable(device), *dirty = 0, *is_reinitialized = 0;
  return 0;
}

static int32_t read_state(void *context, void *bytes, size_t capacity, size_t *count) {
  struct device *device = context;
  device->reads++;
  if (device->read_failure) return device->read_failure;
  if (device->state != STOP_COPY && device->state != PRE_COPY && device->state != PRE_COPY_P2P) return EINVAL_NUMBER;
  size_t size = readable(device);
  if (size > capacity) size = capacity;
  memcpy(bytes, device->content + device->position, size);
  device->position += size;
  *count = device->lie ? device->lie : size;
  return 0;
}

static int32_t write_state(void *context, const void *bytes, size_t size, size_t *count) {
  struct device *device = context;
  device->writes++;
  if (device->write_failure) return device->write_failure;
  if (device->state != RESUMING) return EINVAL_NUMBER;
  if (size > 7) size = 7; /* a driver may take less than it is given */
  if (device->size + size > sizeof device->content) return ENOSPC_NUMBER;
  memcpy(device->content + device->size, bytes, size);
  device->size += size;
  *count = device->lie ? device->lie : size;
  return 0;
}

static int32_t reset(void *context) {
  struct device *device = context;
  device->resets++;
  if (device->reset_failure) return device->reset_failure;
  device->state = RUNNING, device->size = 0;
  return 0;
}

static int32_t read_config(void *context, uint32_t offset, uint32_t size, uint32_t *value) {
  *value = 0;
  memcpy(value, ((struct device *)context)->config + offset, size);
  return 0;
}

static int32_t write_config(void *context, uint32_t offset, uint32_t size, uint32_t value) {
  memcpy(((struct device *)context)->config + offset, &value, size);
  return 0;
}

static const ferry_device_operations operations = {get_abilities, get_state,   set_state, get_stop_copy_size, get_precopy_size,
                                                   read_state,    write_state, reset,     read_config,        write_config};

struct memory {
  uint8_t bytes[1 << 16];
  size_t size, position, limit;
};

static int32_t memory_write(void *context, const void *bytes, size_t count) {
  struct memory *memory = context;
  if (memory->size + count > memory->limit) return ENOSPC_NUMBER;
  memcpy(memory->bytes + memory->size, bytes, count);
  memory->size += count;
  return 0;
}

static int32_t memory_read(void *context, void *bytes, size_t capacity, size_t *count) {
  struct memory *memory = context;
  size_t rest = memory->size - memory->position;
  *count = rest < capacity ? rest : capacity;
  memcpy(bytes, memory->bytes + memory->position, *count);
  memory->position += *count;
  return 0;
}

static struct memory stream;
static const ferry_sink sink = {memory_write, &stream};
static const ferry_source source = {memory_read, &stream};
static unsigned char *content, *config;
static size_t content_size, config_size;
static ferry_device known;

static struct device made(uint64_t abilities, int is_full) {
  struct device device;
  memset(&device, 0, sizeof device);
  device.abilities = abilities, device.state = RUNNING;
  device.size = is_full ? content_size : 0;
  memcpy(device.content, content, device.size);
  memcpy(device.config, config, config_size < 256 ? config_size : 256);
  return device;
}

static ferry_migration_device described(struct device *device) {
  ferry_migration_device described = {0};
  described.operations = &operations;
  described.context = device;
  described.known = &known;
  described.config_size = (uint32_t)config_size;
  return described;
}

static void rewind_stream(void) { stream.size = stream.position = 0, stream.limit = sizeof stream.bytes; }

/* ---- PASIDs: a table of page tables, and what is attached to them. */

struct iommu {
  struct device device; /* first: a context is one of either */
  ferry_pasid_abilities abilities;
  uint32_t domains[4];
  size_t domain_count, binding_count;
  ferry_pasid_binding bindings[4];
  uint8_t nested_data[8];
  int allocations, releases, detached, allocate_failure;
  size_t attach_fails_at;
};

static int32_t get_pasid_abilities(void *context, ferry_pasid_abilities *abilities) {
  *abilities = ((struct iommu *)context)->abilities;
  return 0;
}

static int32_t allocate_domains(void *context, const ferry_pasid_domain *domains, size_t domain_count) {
  struct iommu *iommu = context;
  if (iommu->allocate_failure) return iommu->allocate_failure;
  iommu->allocations++;
  for (size_t i = 0; i < domain_count && i < 4; i++) {
    iommu->domains[i] = domains[i].id;
    if (domains[i].is_nested) memcpy(iommu->nested_data, domains[i].data, domains[i].data_size);
  }
  iommu->domain_count = domain_count;
  return 0;
}

static int32_t attach_pasid(void *context, const ferry_pasid_binding *binding) {
  struct iommu *iommu = context;
  if (iommu->attach_fails_at == iommu->binding_count + 1) return EIO_NUMBER;
  iommu->bindings[iommu->binding_count++] = *binding;
  return 0;
}

static int32_t detach_pasid(void *context, uint32_t pasid) {
  struct iommu *iommu = context;
  if (pasid == iommu->bindings[--iommu->binding_count].pasid) iommu->detached++;
  return 0;
}

static void release_domains(void *context) {
  struct iommu *iommu = context;
  iommu->releases++, iommu->domain_count = 0;
}

static const ferry_pasid_operations pasid_operations = {get_pasid_abilities, allocate_domains, attach_pasid, detach_pasid,
                                                        release_domains};

/* ---- Those who watch. */

struct watcher {
  int cancels_at, asked, told;
  uint32_t phases;
  uint64_t last_size;
};

static int32_t is_cancelled(void *context) {
  struct watcher *watcher = context;
  return ++watcher->asked == watcher->cancels_at;
}

static void progress(void *context, const ferry_progress *progress) {
  struct watcher *watcher = context;
  watcher->told++;
  watcher->phases |= 1u << progress->phase;
  watcher->last_size = progress->state_size;
}

/* ---- The claims. */

static void captured_and_restored(uint64_t abilities) {
  struct device device = made(abilities, 1), target = made(abilities, 0);
  ferry_migration_device from = described(&device), to = described(&target);
  ferry_migration_summary summary = {0};
  struct watcher watcher = {0};
  ferry_capture_options options = {0};
  ferry_replay_options replay = {0};
  uint32_t outcome = 99;
  options.observer.progress = progress, options.observer.is_cancelled = is_cancelled, options.observer.context = &watcher;
  replay.observer = options.observer;
  rewind_stream();
  GIVES(FERRY_OK, ferry_capture(&from, 1, &options, &sink, &outcome, &summary, &error));
  CHECK(outcome == FERRY_OUTCOME_STOPPED && device.state == STOP && device.bad_arcs == 0 && device.resets == 0);
  CHECK(summary.state_size == content_size && summary.duration_ns > 0);
  CHECK(!!(abilities & ABLE_PRE_COPY) == (summary.iteration_count > 0));
  CHECK(watcher.phases & (1u << FERRY_PROGRESS_STOPPED) && watcher.last_size == content_size && watcher.asked > 0);

  GIVES(FERRY_OK, ferry_replay(&source, &to, 1, &replay, &outcome, &summary, &error));
  CHECK(outcome == FERRY_OUTCOME_RESTORED && target.state == RUNNING && target.bad_arcs == 0);
  CHECK(target.size == content_size && !memcmp(target.content, content, content_size));
  CHECK(summary.state_size == content_size && watcher.phases & (1u << FERRY_PROGRESS_WRITING));

  /* What a reader says of it. */
  ferry_reader reader;
  ferry_record record;
  ferry_device found;
  stream.position = 0;
  GIVES(FERRY_OK, ferry_reader_open(&source, &reader, &error));
  GIVES(FERRY_OK, ferry_reader_next(reader, &record, &error));
  GIVES(FERRY_OK, ferry_reader_device(reader, 0, &found, &error));
  CHECK(!strcmp(found.driver, "mtty") && found.migration_flags == abilities && found.physical_size == config_size);
  CHECK(!memcmp(found.physical, config, config_size));
  GIVES(FERRY_OK, ferry_close(reader, &error));
}

static void resumed_and_left_stopped(void) {
  struct device device = made(ABLE_STOP_COPY, 1), target = made(ABLE_STOP_COPY, 0);
  ferry_migration_device from = described(&device), to = described(&target);
  ferry_capture_options options = {0};
  ferry_replay_options replay = {0};
  uint32_t outcome = 99;
  options.flags = FERRY_CAPTURE_RESUME;
  rewind_stream();
  GIVES(FERRY_OK, ferry_capture(&from, 1, &options, &sink, &outcome, NULL, &error));
  CHECK(outcome == FERRY_OUTCOME_RUNNING_AS_BEFORE && device.state == RUNNING);

  replay.flags = FERRY_REPLAY_CHECK;
  GIVES(FERRY_OK, ferry_replay(&source, &to, 1, &replay, &outcome, NULL, &error));
  CHECK(outcome == FERRY_OUTCOME_UNTOUCHED && target.state == RUNNING && target.writes == 0);
  stream.position = 0;
  replay.flags = FERRY_REPLAY_LEAVE_STOPPED;
  GIVES(FERRY_OK, ferry_replay(&source, &to, 1, &replay, &outcome, NULL, &error));
  CHECK(outcome == FERRY_OUTCOME_STOPPED && target.state == STOP && target.size == content_size);
}

static void several_devices(void) {
  struct device devices[2] = {made(ABLE_STOP_COPY | ABLE_P2P, 1), made(ABLE_STOP_COPY | ABLE_P2P, 1)};
  struct device targets[2] = {made(ABLE_STOP_COPY | ABLE_P2P, 0), made(ABLE_STOP_COPY | ABLE_P2P, 0)};
  ferry_migration_device from[2] = {described(&devices[0]), described(&devices[1])};
  ferry_migration_device to[2] = {described(&targets[0]), described(&targets[1])};
  uint32_t outcomes[2];
  rewind_stream();
  GIVES(FERRY_OK, ferry_capture(from, 2, NULL, &sink, outcomes, NULL, &error));
  CHECK(outcomes[0] == FERRY_OUTCOME_STOPPED && outcomes[1] == FERRY_OUTCOME_STOPPED);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_replay(&source, to, 2, NULL, outcomes, NULL, &error)); /* one number for two */
  to[0].number = 1;
  targets[1].write_failure = EIO_NUMBER;
  stream.position = 0;
  GIVES(FERRY_ERROR_DEVICE, ferry_replay(&source, to, 2, NULL, outcomes, NULL, &error));
  CHECK(error.device == 0 && error.system == EIO_NUMBER && error.record != FERRY_NONE);
  /* A reset is not known to clear mtty. */
  CHECK(outcomes[0] != FERRY_OUTCOME_UNTOUCHED && outcomes[1] == FERRY_OUTCOME_RESET);
  CHECK(targets[0].state == RUNNING && targets[1].state == RUNNING && targets[1].resets == 1);
  targets[1].write_failure = 0;
  stream.position = 0;
  GIVES(FERRY_OK, ferry_replay(&source, to, 2, NULL, outcomes, NULL, &error));
  CHECK(outcomes[0] == FERRY_OUTCOME_RESTORED && outcomes[1] == FERRY_OUTCOME_RESTORED);

  devices[0] = devices[1] = made(ABLE_STOP_COPY, 1);
  rewind_stream();
  GIVES(FERRY_ERROR_INCOMPATIBLE, ferry_capture(from, 2, NULL, &sink, outcomes, NULL, &error));
  ferry_capture_options options = {0};
  options.flags = FERRY_CAPTURE_WITHOUT_P2P;
  rewind_stream();
  GIVES(FERRY_OK, ferry_capture(from, 2, &options, &sink, outcomes, NULL, &error));
}

/* Whatever fails, and whenever it is cancelled, the device runs again with all of its state. */
static void captures_that_fail(void) {
  const uint64_t able = ABLE_STOP_COPY | ABLE_P2P | ABLE_PRE_COPY;
  int cancelled = 0;
  for (int at = 1; at < 100; at++) {
    struct device device = made(able, 1);
    ferry_migration_device from = described(&device);
    struct watcher watcher = {0};
    ferry_capture_options options = {0};
    uint32_t outcome = 99;
    watcher.cancels_at = at;
    options.observer.is_cancelled = is_cancelled, options.observer.context = &watcher;
    rewind_stream();
    ferry_status status = ferry_capture(&from, 1, &options, &sink, &outcome, NULL, &error);
    if (status == FERRY_OK) break;
    CHECK(status == FERRY_ERROR_CANCELLED);
    CHECK(outcome == FERRY_OUTCOME_RUNNING_AS_BEFORE || outcome == FERRY_OUTCOME_UNTOUCHED);
    CHECK(device.state == RUNNING && device.size == content_size && device.resets == 0 && device.bad_arcs == 0);
    cancelled++;
  }
  CHECK(cancelled > 2);

  for (size_t limit = 0; limit < 2000; limit += 97) {
    struct device device = made(able, 1);
    ferry_migration_device from = described(&device);
    uint32_t outcome = 99;
    rewind_stream();
    stream.limit = limit;
    ferry_status status = ferry_capture(&from, 1, NULL, &sink, &outcome, NULL, &error);
    if (status == FERRY_OK) break;
    CHECK(status == FERRY_ERROR_CALLBACK && error.system == ENOSPC_NUMBER);
    CHECK(outcome == FERRY_OUTCOME_RUNNING_AS_BEFORE && device.state == RUNNING && device.resets == 0);
  }

  struct device device = made(able, 1);
  ferry_migration_device from = described(&device);
  uint32_t outcome = 99;
  device.read_failure = EIO_NUMBER;
  rewind_stream();
  GIVES(FERRY_ERROR_DEVICE, ferry_capture(&from, 1, NULL, &sink, &outcome, NULL, &error));
  CHECK(error.system == EIO_NUMBER && error.device == 0);
  CHECK(outcome == FERRY_OUTCOME_RUNNING_AS_BEFORE && device.state == RUNNING);
  device = made(able, 1);
  device.lie = SIZE_MAX;
  rewind_stream();
  GIVES(FERRY_ERROR_DEVICE, ferry_capture(&from, 1, NULL, &sink, &outcome, NULL, &error));
  CHECK(device.state == RUNNING);
  device = made(able, 1);
  device.refused_state = STOP_COPY;
  rewind_stream();
  GIVES(FERRY_ERROR_DEVICE, ferry_capture(&from, 1, NULL, &sink, &outcome, NULL, &error));
  CHECK(outcome == FERRY_OUTCOME_RUNNING_AS_BEFORE && device.state == RUNNING);
  device = made(0, 1);
  outcome = 99;
  GIVES(FERRY_ERROR_INCOMPATIBLE, ferry_capture(&from, 1, NULL, &sink, &outcome, NULL, &error));
  CHECK(outcome == FERRY_OUTCOME_UNTOUCHED && device.reads == 0);
  device = made(able, 1);
  device.state = 1000; /* no state of the kernel's */
  GIVES(FERRY_ERROR_DEVICE, ferry_capture(&from, 1, NULL, &sink, &outcome, NULL, &error));
}

static void replays_that_fail(const char *folder) {
  struct device device = made(ABLE_STOP_COPY, 1);
  ferry_migration_device from = described(&device);
  uint32_t outcome;
  rewind_stream();
  GIVES(FERRY_OK, ferry_capture(&from, 1, NULL, &sink, &outcome, NULL, &error));
  char path[1000];
  snprintf(path, sizeof path, "%s/captured.dms", folder);
  FILE *file = fopen(path, "wb");
  CHECK(file && fwrite(stream.bytes, 1, stream.size, file) == stream.size && fclose(file) == 0);

  const size_t whole = stream.size;
  for (size_t size = 0; size < whole; size += 23) {
    struct device target = made(ABLE_STOP_COPY, 0);
    ferry_migration_device to = described(&target);
    stream.size = size, stream.position = 0;
    ferry_status status = ferry_replay(&source, &to, 1, NULL, &outcome, NULL, &error);
    CHECK(status == FERRY_ERROR_TORN || (size == 0 && status == FERRY_ERROR_NOT_A_STREAM));
    CHECK(outcome == FERRY_OUTCOME_UNTOUCHED && target.state == RUNNING && target.writes == 0);
  }
  stream.size = whole;

  struct device target = made(ABLE_STOP_COPY, 0);
  ferry_migration_device to = described(&target);
  target.write_failure = EIO_NUMBER, target.reset_failure = EIO_NUMBER;
  stream.position = 0;
  GIVES(FERRY_ERROR_DEVICE, ferry_replay(&source, &to, 1, NULL, &outcome, NULL, &error));
  CHECK(outcome == FERRY_OUTCOME_UNUSABLE && target.resets > 0);

  target = made(ABLE_STOP_COPY, 0);
  ferry_device other = known;
  other.driver = "nvme_vfio_pci";
  to.known = &other;
  stream.position = 0;
  GIVES(FERRY_ERROR_INCOMPATIBLE, ferry_replay(&source, &to, 1, NULL, &outcome, NULL, &error));
  CHECK(outcome == FERRY_OUTCOME_UNTOUCHED && error.device == 0 && error.expected[0] && error.found[0]);
  to.known = &known;
  to.number = 5; /* the stream has one device */
  stream.position = 0;
  GIVES(FERRY_ERROR_INCOMPATIBLE, ferry_replay(&source, &to, 1, NULL, &outcome, NULL, &error));
  CHECK(target.writes == 0 && target.state == RUNNING);
}

static void pasids_are_attached(void) {
  static const uint8_t page_table[5] = {9, 8, 7, 6, 5};
  static const ferry_pasid_domain domains[2] = {
      {.id = 1}, {.id = 4, .is_nested = 1, .data_type = 1, .data = page_table, .data_size = 5}};
  static const ferry_pasid_binding bindings[2] = {{5, 1, 0}, {1000, 4, 1}};
  struct device device = made(ABLE_STOP_COPY, 1);
  ferry_device bound = known;
  bound.domains = domains, bound.domain_count = 2, bound.bindings = bindings, bound.binding_count = 2;
  ferry_migration_device from = described(&device), to;
  from.known = &bound;
  rewind_stream();
  GIVES(FERRY_OK, ferry_capture(&from, 1, NULL, &sink, NULL, NULL, &error)); /* the VMM attached them itself */

  struct iommu iommu, able;
  ferry_replay_options options = {0};
  uint32_t outcome = 99;
  memset(&able, 0, sizeof able);
  able.device = made(ABLE_STOP_COPY, 0);
  able.abilities.width = 20, able.abilities.permissions = 1, able.abilities.nested_types = 2;
  options.flags = FERRY_REPLAY_BINDINGS;
  to = described(&iommu.device);
#define REPLAYED(status)                                                                     \
  do {                                                                                       \
    stream.position = 0;                                                                     \
    GIVES(status, ferry_replay(&source, &to, 1, &options, &outcome, NULL, &error));          \
  } while (0)
  iommu = able;
  REPLAYED(FERRY_ERROR_ARGUMENT); /* no functions for it */
  to.pasid_operations = &pasid_operations;
  REPLAYED(FERRY_OK);
  CHECK(outcome == FERRY_OUTCOME_RESTORED && iommu.allocations == 1 && iommu.releases == 0 && iommu.domain_count == 2);
  CHECK(iommu.domains[0] == 1 && iommu.domains[1] == 4 && !memcmp(iommu.nested_data, page_table, 5));
  CHECK(iommu.binding_count == 2 && !memcmp(iommu.bindings, bindings, sizeof bindings));
  options.flags = 0;
  iommu = able;
  REPLAYED(FERRY_OK);
  CHECK(outcome == FERRY_OUTCOME_RESTORED && iommu.allocations == 0 && iommu.binding_count == 0);
  options.flags = FERRY_REPLAY_BINDINGS;

  for (size_t at = 1; at <= 2; at++) {
    iommu = able;
    iommu.attach_fails_at = at;
    REPLAYED(FERRY_ERROR_DEVICE);
    CHECK(error.system == EIO_NUMBER && outcome == FERRY_OUTCOME_RUNNING_AS_BEFORE && iommu.device.state == RUNNING);
    CHECK(iommu.binding_count == 0 && iommu.detached == (int)at - 1 && iommu.releases == 1 && iommu.domain_count == 0);
  }
  iommu = able;
  iommu.allocate_failure = ENOSPC_NUMBER;
  REPLAYED(FERRY_ERROR_DEVICE);
  CHECK(error.system == ENOSPC_NUMBER && iommu.releases == 0 && iommu.device.writes == 0);
  for (int lack = 0; lack < 4; lack++) {
    iommu = able;
    if (lack == 0) iommu.abilities.width = 0;
    if (lack == 1) iommu.abilities.width = 9;
    if (lack == 2) iommu.abilities.permissions = 2;
    if (lack == 3) iommu.abilities.nested_types = ~(uint64_t)2;
    REPLAYED(FERRY_ERROR_INCOMPATIBLE);
    CHECK(outcome == FERRY_OUTCOME_UNTOUCHED && iommu.allocations == 0 && iommu.device.writes == 0);
  }
  iommu = able;
  iommu.abilities.width = 21; /* no number of bits */
  REPLAYED(FERRY_ERROR_DEVICE);
  ferry_pasid_operations half = pasid_operations;
  half.release_domains = NULL, to.pasid_operations = &half;
  REPLAYED(FERRY_ERROR_ARGUMENT);
}

static void bad_arguments(void) {
  struct device device = made(ABLE_STOP_COPY, 1);
  ferry_migration_device from = described(&device);
  ferry_device_operations half = operations;
  ferry_capture_options options = {0};
  ferry_replay_options replay = {0};
  GIVES(FERRY_ERROR_ARGUMENT, ferry_capture(NULL, 1, NULL, &sink, NULL, NULL, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_capture(&from, 0, NULL, &sink, NULL, NULL, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_capture(&from, SIZE_MAX, NULL, &sink, NULL, NULL, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_capture(&from, 1, NULL, NULL, NULL, NULL, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_replay(NULL, &from, 1, NULL, NULL, NULL, &error));
  options.flags = 8;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_capture(&from, 1, &options, &sink, NULL, NULL, &error));
  replay.flags = 64;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_replay(&source, &from, 1, &replay, NULL, NULL, &error));
  half.write = NULL, from.operations = &half;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_capture(&from, 1, NULL, &sink, NULL, NULL, &error));
  half = operations, half.read_config = NULL;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_capture(&from, 1, NULL, &sink, NULL, NULL, &error));
  from.operations = NULL;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_capture(&from, 1, NULL, &sink, NULL, NULL, &error));
  from = described(&device), from.config_size = 4097;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_capture(&from, 1, NULL, &sink, NULL, NULL, &error));
  from = described(&device), from.number = 65536;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_replay(&source, &from, 1, NULL, NULL, NULL, &error));
  CHECK(device.state == RUNNING && device.reads == 0);
  from = described(&device), from.known = NULL, from.config_size = 0;
  half.read_config = NULL, half.write_config = NULL, from.operations = &half;
  rewind_stream();
  GIVES(FERRY_OK, ferry_capture(&from, 1, NULL, &sink, NULL, NULL, &error)); /* nothing is known, but it works */
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  content = contents(arguments[2], &content_size);
  config = contents(arguments[3], &config_size);
  CHECK(content_size > 0 && config_size >= 64 && config_size <= 256);
  known.name = "mtty-1", known.driver = "mtty";
  known.parts = FERRY_DEVICE_PCI | FERRY_DEVICE_SUBSYSTEM | FERRY_DEVICE_CLASS;
  known.vendor_id = known.subsystem_vendor_id = 0x4348, known.device_id = known.subsystem_id = 0x3253;
  known.class_code = 0x070002, known.revision_id = 0x10;
  captured_and_restored(ABLE_STOP_COPY);
  captured_and_restored(ABLE_STOP_COPY | ABLE_PRE_COPY);
  captured_and_restored(ABLE_STOP_COPY | ABLE_P2P);
  captured_and_restored(ABLE_STOP_COPY | ABLE_P2P | ABLE_PRE_COPY);
  resumed_and_left_stopped();
  several_devices();
  captures_that_fail();
  replays_that_fail(arguments[1]);
  pasids_are_attached();
  bad_arguments();
  return report();
}
