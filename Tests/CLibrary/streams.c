/* What ferry.h promises of the streams group: streams FOLDER WHOLE... -- DAMAGED...
 * Writes FOLDER/written.dms and FOLDER/descriptor.dms, which the caller holds against the command, and reads the others. */
#define _GNU_SOURCE
#include <ferry.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "checks.h"

struct memory {
  uint8_t bytes[1 << 23];
  size_t size, position;
  size_t piece; /* the most bytes of a read */
  int failure;
  size_t lie; /* what a read says instead of its count */
};

static int32_t memory_write(void *context, const void *bytes, size_t count) {
  struct memory *memory = context;
  if (memory->failure) return memory->failure;
  if (memory->size + count > sizeof memory->bytes) return 28;
  memcpy(memory->bytes + memory->size, bytes, count);
  memory->size += count;
  return 0;
}

static int32_t memory_read(void *context, void *bytes, size_t capacity, size_t *count) {
  struct memory *memory = context;
  if (memory->failure) return memory->failure;
  size_t rest = memory->size - memory->position;
  *count = rest < capacity ? rest : capacity;
  if (memory->piece && *count > memory->piece) *count = memory->piece;
  memcpy(bytes, memory->bytes + memory->position, *count);
  memory->position += *count;
  if (memory->lie) *count = memory->lie;
  return 0;
}

static int32_t memory_read_at(void *context, uint64_t offset, void *bytes, size_t capacity, size_t *count) {
  struct memory *memory = context;
  memory->position = offset;
  return memory_read(context, bytes, capacity, count);
}

static struct memory stream, scratch;
static const ferry_sink sink = {memory_write, &stream};
static const ferry_source source = {memory_read, &stream};
static uint8_t state[2][3000000];
static size_t state_sizes[2] = {3000000, 1000};

/* Text-like, so that it shrinks, and different for every device. */
static void make_states(void) {
  uint32_t seed = 2463534242u;
  for (int device = 0; device < 2; device++)
    for (size_t i = 0; i < sizeof state[0]; i++) {
      seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
      state[device][i] = (uint8_t)(seed % (device ? 250 : 4));
    }
}

static uint8_t shown[256], physical[255], emulated[256], table[64], pending[8] = {1}, page_table[5] = {9, 8, 7, 6, 5};
static const ferry_region regions[2] = {{0, 3, 0x4000}, {7, 1, 4096}};
static const ferry_pasid_domain domains[2] = {{.id = 1}, {.id = 4, .has_fault_queue = 1, .is_nested = 1, .data_type = 1,
                                                        .data = page_table, .data_size = 5}};
static const ferry_pasid_binding bindings[2] = {{5, 1, 0}, {0xfffff, 4, 3}};

static ferry_device first_device(void) {
  ferry_device device = {0};
  device.name = "0000:3b:00.2";
  device.driver = "nvme_vfio_pci";
  device.parts = FERRY_DEVICE_PCI | FERRY_DEVICE_SUBSYSTEM | FERRY_DEVICE_CLASS | FERRY_DEVICE_MIGRATION_FLAGS |
                 FERRY_DEVICE_STOP_COPY_SIZE | FERRY_DEVICE_CIRCUMSTANCES;
  device.vendor_id = 0x144d, device.device_id = 0xa824;
  device.subsystem_vendor_id = 0x1028, device.subsystem_id = 0x1234;
  device.class_code = 0x010802, device.revision_id = 3;
  device.circumstances = FERRY_DEVICE_GUEST_RAN;
  device.migration_flags = 7, device.stop_copy_size = 4096;
  device.regions = regions, device.region_count = 2;
  device.physical = physical, device.physical_size = sizeof physical;
  device.shown = shown, device.shown_size = sizeof shown, device.emulated_bits = emulated;
  device.profile_name = "nvme.v1";
  device.profile_digest = "8c5c8abccf110cdbc9a0b2da97268536e25d74dba022f44ce60630fc8c4d0be2";
  device.interrupts.parts = FERRY_INTERRUPTS_PINS | FERRY_INTERRUPTS_MSI | FERRY_INTERRUPTS_MSIX;
  device.interrupts.asserted_pins = 1;
  device.interrupts.msi_control = 0x80, device.interrupts.msi_address = 0xfee00000, device.interrupts.msi_data = 33;
  device.interrupts.msi_mask_bits = 1, device.interrupts.msi_pending_bits = 2;
  device.interrupts.msix_control = 0x8003;
  device.interrupts.msix_table = table, device.interrupts.msix_table_size = sizeof table;
  device.interrupts.msix_pending_bits = pending, device.interrupts.msix_pending_bits_size = sizeof pending;
  device.domains = domains, device.domain_count = 2;
  device.bindings = bindings, device.binding_count = 2;
  return device;
}

/* Writes the two devices: the first in pieces and in two phases, the second without anything known. */
static void write_devices(ferry_writer writer) {
  ferry_device device = first_device(), unknown = {0};
  uint16_t number = 9;
  GIVES(FERRY_OK, ferry_writer_introduce(writer, &device, &number, &error));
  CHECK(number == 0);
  GIVES(FERRY_OK, ferry_writer_introduce(writer, &unknown, &number, &error));
  CHECK(number == 1);
  size_t at = 0;
  for (size_t piece = 1; at < 1000000; at += piece, piece = piece * 3 % 70001)
    CHECK(!ferry_writer_state(writer, 0, FERRY_PHASE_PRE_COPY, 0, FERRY_CHUNK_INITIAL, state[0] + at, piece, &error));
  GIVES(FERRY_OK, ferry_writer_state(writer, 1, FERRY_PHASE_STOP_COPY, 0, 0, state[1], state_sizes[1], &error));
  GIVES(FERRY_OK,
        ferry_writer_state(writer, 0, FERRY_PHASE_STOP_COPY, 0, 0, state[0] + at, state_sizes[0] - at, &error));
  GIVES(FERRY_OK, ferry_writer_state(writer, 0, FERRY_PHASE_STOP_COPY, 0, 0, NULL, 0, &error));
  GIVES(FERRY_ERROR_MISPLACED, ferry_writer_introduce(writer, &unknown, &number, &error));
  GIVES(FERRY_OK, ferry_writer_finish(writer, &error));
}

static void same_bytes(const void *a, size_t a_size, const void *b, size_t b_size) {
  CHECK(a_size == b_size && a && !memcmp(a, b, b_size));
}

static void check_first_device(const ferry_device *found) {
  ferry_device device = first_device();
  CHECK(!strcmp(found->name, device.name) && !strcmp(found->driver, device.driver));
  CHECK(found->parts == device.parts);
  CHECK(found->vendor_id == 0x144d && found->device_id == 0xa824 && found->subsystem_vendor_id == 0x1028);
  CHECK(found->subsystem_id == 0x1234 && found->class_code == 0x010802 && found->revision_id == 3);
  CHECK(found->migration_flags == 7 && found->stop_copy_size == 4096 && found->circumstances == 1);
  same_bytes(found->regions, found->region_count * sizeof *regions, regions, sizeof regions);
  same_bytes(found->physical, found->physical_size, physical, sizeof physical);
  same_bytes(found->shown, found->shown_size, shown, sizeof shown);
  same_bytes(found->emulated_bits, found->shown_size, emulated, sizeof emulated);
  CHECK(!strcmp(found->profile_name, device.profile_name) && !strcmp(found->profile_digest, device.profile_digest));
  const ferry_interrupts *interrupts = &found->interrupts;
  CHECK(interrupts->parts == 7 && interrupts->asserted_pins == 1 && interrupts->msi_control == 0x80);
  CHECK(interrupts->msi_address == 0xfee00000 && interrupts->msi_data == 33 && interrupts->msix_control == 0x8003);
  CHECK(interrupts->msi_mask_bits == 1 && interrupts->msi_pending_bits == 2);
  same_bytes(interrupts->msix_table, interrupts->msix_table_size, table, sizeof table);
  same_bytes(interrupts->msix_pending_bits, interrupts->msix_pending_bits_size, pending, sizeof pending);
  CHECK(found->domain_count == 2 && found->domains[0].id == 1 && !found->domains[0].is_nested);
  CHECK(found->domains[1].id == 4 && found->domains[1].is_nested && found->domains[1].data_type == 1);
  CHECK(found->domains[1].has_fault_queue);
  same_bytes(found->domains[1].data, found->domains[1].data_size, page_table, sizeof page_table);
  same_bytes(found->bindings, found->binding_count * sizeof *bindings, bindings, sizeof bindings);
}

/* Takes a record of the stream that write_devices() makes, and adds its state to what came. */
static uint8_t came[2][3000000];
static size_t came_sizes[2];
static uint32_t last_kind, phases[2];
static int summaries;

static void begin_check(void) {
  came_sizes[0] = came_sizes[1] = 0;
  last_kind = 0, summaries = 0;
}

static void check_record(ferry_reader reader, const ferry_record *record, int wants_state) {
  const void *bytes;
  size_t size;
  ferry_device device;
  switch (record->kind) {
    case FERRY_RECORD_DEVICES:
      CHECK(last_kind == 0 && record->device_count == 2);
      GIVES(FERRY_OK, ferry_reader_device(reader, 0, &device, &error));
      check_first_device(&device);
      GIVES(FERRY_OK, ferry_reader_device(reader, 1, &device, &error));
      CHECK(device.name == NULL && device.parts == 0 && device.physical == NULL && device.bindings == NULL);
      GIVES(FERRY_ERROR_ARGUMENT, ferry_reader_device(reader, 2, &device, &error));
      GIVES(FERRY_ERROR_ORDER, ferry_reader_state(reader, &bytes, &size, &error));
      break;
    case FERRY_RECORD_STATE:
      CHECK(record->device < 2 && record->state_offset == came_sizes[record->device]);
      phases[record->device] |= record->phase;
      if (!wants_state) {
        came_sizes[record->device] += record->state_size;
        break;
      }
      GIVES(FERRY_OK, ferry_reader_state(reader, &bytes, &size, &error));
      CHECK(size == record->state_size && came_sizes[record->device] + size <= sizeof came[0]);
      memcpy(came[record->device] + came_sizes[record->device], bytes, size);
      came_sizes[record->device] += size;
      break;
    case FERRY_RECORD_SUMMARY:
      CHECK(record->state_size == state_sizes[record->device]);
      CHECK(record->is_verified == (uint32_t)wants_state);
      summaries++;
      break;
    case FERRY_RECORD_END:
      CHECK(record->device_count == 2 && record->state_size == state_sizes[0] + state_sizes[1]);
      break;
    default: CHECK(!"another kind");
  }
  last_kind = record->kind;
}

static void end_check(int wants_state) {
  CHECK(last_kind == FERRY_RECORD_END && summaries == 2 && phases[0] == 3);
  for (int device = 0; device < 2; device++) {
    CHECK(came_sizes[device] == state_sizes[device]);
    if (wants_state) CHECK(!memcmp(came[device], state[device], came_sizes[device]));
  }
}

static void written_and_pulled(const ferry_writer_options *options, size_t piece, int wants_state) {
  ferry_writer writer;
  ferry_reader reader;
  ferry_record record;
  stream.size = stream.position = 0;
  stream.piece = piece;
  GIVES(FERRY_OK, ferry_writer_open(&sink, options, &writer, &error));
  write_devices(writer);
  GIVES(FERRY_ERROR_ORDER, ferry_writer_finish(writer, &error));
  GIVES(FERRY_ERROR_ORDER, ferry_writer_state(writer, 0, FERRY_PHASE_STOP_COPY, 0, 0, state, 1, &error));
  GIVES(FERRY_OK, ferry_close(writer, &error));

  GIVES(FERRY_OK, ferry_reader_open(&source, &reader, &error));
  begin_check();
  for (;;) {
    GIVES(FERRY_OK, ferry_reader_next(reader, &record, &error));
    if (record.kind == FERRY_RECORD_NONE) break;
    check_record(reader, &record, wants_state);
  }
  end_check(wants_state);
  GIVES(FERRY_OK, ferry_reader_next(reader, &record, &error));
  CHECK(record.kind == FERRY_RECORD_NONE);
  size_t taken;
  GIVES(FERRY_ERROR_ORDER, ferry_reader_push(reader, "", 0, &taken, &record, &error));
  GIVES(FERRY_ERROR_ORDER, ferry_reader_finish(reader, &error));
  GIVES(FERRY_OK, ferry_close(reader, &error));
}

static void pushed(size_t piece) {
  ferry_reader reader;
  ferry_record record;
  GIVES(FERRY_OK, ferry_reader_open(NULL, &reader, &error));
  GIVES(FERRY_ERROR_ORDER, ferry_reader_next(reader, &record, &error));
  begin_check();
  for (size_t at = 0; at < stream.size;) {
    size_t size = stream.size - at < piece ? stream.size - at : piece, taken = 0;
    if (ferry_reader_push(reader, stream.bytes + at, size, &taken, &record, &error)) break;
    CHECK(record.kind != FERRY_RECORD_NONE || taken == size);
    at += taken;
    if (record.kind != FERRY_RECORD_NONE) check_record(reader, &record, 1);
  }
  end_check(1);
  GIVES(FERRY_OK, ferry_reader_finish(reader, &error));
  GIVES(FERRY_OK, ferry_close(reader, &error));
}

/* Reads all there is; the status of the call that fails. */
static ferry_status read_all(const ferry_source *from, int wants_state) {
  ferry_reader reader;
  ferry_record record;
  ferry_status status = ferry_reader_open(from, &reader, &error);
  const void *bytes;
  size_t size;
  if (status) return status;
  do {
    status = ferry_reader_next(reader, &record, &error);
    if (!status && record.kind == FERRY_RECORD_STATE && wants_state)
      status = ferry_reader_state(reader, &bytes, &size, &error);
  } while (!status && record.kind != FERRY_RECORD_NONE);
  if (status) { /* the fault stays */
    ferry_error again;
    CHECK(ferry_reader_next(reader, &record, &again) == status);
  }
  CHECK(ferry_close(reader, NULL) == FERRY_OK);
  return status;
}

/* What a salvage of `scratch` gives: all that it says is in the state that was written. */
static void salvaged(ferry_status fault) {
  const ferry_file file = {memory_read_at, scratch.size, &scratch};
  ferry_reader reader;
  ferry_record record;
  ferry_damage damage;
  ferry_loss loss;
  ferry_status status = ferry_reader_salvage(&file, &reader, &error);
  const void *bytes;
  size_t size;
  uint64_t intact[2] = {0, 0}, ends[2] = {0, 0}, gaps[2] = {0, 0};
  int is_first = 1;
  if (status) {
    CHECK(status == FERRY_ERROR_NOT_A_STREAM && fault == status);
    return;
  }
  GIVES(FERRY_ERROR_ORDER, ferry_reader_damage(reader, &damage, &error));
  GIVES(FERRY_ERROR_ORDER, ferry_reader_loss(reader, 0, &loss, &error));
  for (;; is_first = 0) {
    GIVES(FERRY_OK, ferry_reader_next(reader, &record, &error));
    if (record.kind == FERRY_RECORD_NONE) break;
    CHECK((record.kind == FERRY_RECORD_DEVICES) == is_first && (is_first || record.offset < scratch.size));
    CHECK(!record.is_verified);
    if (record.kind != FERRY_RECORD_STATE) continue;
    ferry_device device;
    GIVES(FERRY_OK, ferry_reader_device(reader, (uint16_t)record.device, &device, &error));
    GIVES(FERRY_OK, ferry_reader_state(reader, &bytes, &size, &error));
    CHECK(record.device < 2 && size == record.state_size && record.state_offset >= ends[record.device]);
    if (record.device > 1 || record.state_offset + size > sizeof state[0]) break;
    CHECK(!memcmp(bytes, state[record.device] + record.state_offset, size));
    intact[record.device] += size, gaps[record.device] += record.state_offset - ends[record.device];
    ends[record.device] = record.state_offset + size;
  }
  GIVES(FERRY_OK, ferry_reader_damage(reader, &damage, &error));
  CHECK(damage.fault == fault && (damage.message != NULL) == (fault != FERRY_OK));
  CHECK((damage.condition == FERRY_CONDITION_WHOLE) == (fault == FERRY_OK));
  for (uint16_t device = 0; device < damage.device_count; device++) {
    GIVES(FERRY_OK, ferry_reader_loss(reader, device, &loss, &error));
    CHECK(loss.intact_size == intact[device] && loss.missing.all_size >= gaps[device]);
    uint64_t missing = 0;
    for (size_t i = 0; i < loss.missing.count; i++) missing += loss.missing.ranges[i].size;
    CHECK(missing == loss.missing.all_size && loss.missing.count == loss.missing.all_count);
    if (loss.missing_from == FERRY_NOWHERE) CHECK(loss.intact_size + missing == state_sizes[device]);
    if (loss.missing_from != FERRY_NOWHERE) CHECK(loss.missing_from == ends[device] && !loss.is_whole);
    if (loss.is_whole) CHECK(!loss.is_identity_lost && missing == 0);
    if (fault == FERRY_OK) CHECK(loss.is_whole);
  }
  GIVES(FERRY_ERROR_ARGUMENT, ferry_reader_loss(reader, (uint16_t)damage.device_count, &loss, &error));
  GIVES(FERRY_ERROR_ORDER, ferry_reader_finish(reader, &error));
  GIVES(FERRY_OK, ferry_close(reader, &error));
}

static ferry_status verified(void) {
  const ferry_source from = {memory_read, &scratch};
  ferry_stream_totals totals = {7, 7, 7};
  scratch.position = 0;
  ferry_status status = ferry_stream_verify(&from, &totals, &error);
  if (status)
    CHECK(totals.state_size == 7 && totals.device_count == 7 && error.message[0]);
  else
    CHECK(totals.device_count == 2 && totals.state_size == state_sizes[0] + state_sizes[1] && !totals.unverified_count);
  return status;
}

static void damage_is_passed_over(const char *folder) {
  uint32_t seed = 521288629;
  int losses = 0;
  memcpy(scratch.bytes, stream.bytes, scratch.size = stream.size);
  CHECK(verified() == FERRY_OK);
  salvaged(FERRY_OK);
  for (int i = 0; i < 200; i++) {
    seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
    memcpy(scratch.bytes, stream.bytes, scratch.size = stream.size);
    /* Some in the introductions, which stand in front. */
    size_t at = i % 4 ? seed % stream.size : seed % 2000;
    if (i % 3)
      scratch.bytes[at] ^= (uint8_t)(1 << (seed >> 29));
    else
      scratch.size = at;
    ferry_status status = verified();
    CHECK(status != FERRY_OK);
    salvaged(status);
    losses++;
  }
  CHECK(losses == 200);

  ferry_reader reader;
  ferry_record record;
  ferry_damage damage;
  ferry_loss loss;
  const ferry_file none = {NULL, 0, NULL}, huge = {memory_read_at, UINT64_MAX, &scratch};
  ferry_file file = {memory_read_at, stream.size, &stream};
  GIVES(FERRY_ERROR_ARGUMENT, ferry_reader_salvage(NULL, &reader, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_reader_salvage(&none, &reader, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_reader_salvage(&huge, &reader, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_reader_salvage(&file, NULL, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_stream_verify(NULL, NULL, &error));
  GIVES(FERRY_ERROR_SYSTEM, ferry_reader_salvage_fd(-1, &reader, &error));
  stream.failure = 5;
  GIVES(FERRY_ERROR_CALLBACK, ferry_reader_salvage(&file, &reader, &error));
  GIVES(FERRY_ERROR_CALLBACK, ferry_stream_verify(&source, NULL, &error));
  CHECK(error.system == 5);
  stream.failure = 0;
  GIVES(FERRY_OK, ferry_reader_open(&source, &reader, &error));
  GIVES(FERRY_ERROR_ORDER, ferry_reader_damage(reader, &damage, &error));
  GIVES(FERRY_ERROR_ORDER, ferry_reader_loss(reader, 0, &loss, &error));
  GIVES(FERRY_OK, ferry_close(reader, &error));

  int ends[2];
  CHECK(pipe(ends) == 0);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_reader_salvage_fd(ends[0], &reader, &error));
  close(ends[0]), close(ends[1]);
  char path[1000];
  snprintf(path, sizeof path, "%s/written.dms", folder);
  int fd = open(path, O_RDONLY);
  CHECK(lseek(fd, 100, SEEK_SET) == 100);
  GIVES(FERRY_OK, ferry_reader_salvage_fd(fd, &reader, &error));
  begin_check();
  while (ferry_reader_next(reader, &record, &error) == FERRY_OK && record.kind != FERRY_RECORD_NONE) {
    if (record.kind == FERRY_RECORD_SUMMARY) record.is_verified = 1; /* that comes at the end */
    check_record(reader, &record, 1);
  }
  end_check(1);
  GIVES(FERRY_OK, ferry_reader_loss(reader, 1, &loss, &error));
  CHECK(loss.is_whole && lseek(fd, 0, SEEK_CUR) == 100);
  GIVES(FERRY_OK, ferry_close(reader, &error));
  CHECK(close(fd) == 0);
}

static void damage_is_found(void) {
  const ferry_source damaged = {memory_read, &scratch};
  uint32_t seed = 88172645;
  int torn = 0, changed = 0;
  for (int i = 0; i < 300; i++) {
    seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
    size_t at = seed % stream.size;
    scratch.size = stream.size, scratch.position = 0;
    memcpy(scratch.bytes, stream.bytes, stream.size);
    if (i % 2) {
      scratch.bytes[at] ^= (uint8_t)(1 << (seed >> 29));
      ferry_status status = read_all(&damaged, 1);
      CHECK(status >= FERRY_ERROR_NOT_A_STREAM && status <= FERRY_ERROR_COMPRESSION);
      changed += status == FERRY_ERROR_CHECKSUM && error.offset <= at;
    } else {
      scratch.size = at;
      ferry_status status = read_all(&damaged, 0);
      CHECK(status == FERRY_ERROR_TORN || (at == 0 && status == FERRY_ERROR_NOT_A_STREAM));
      torn++;
    }
  }
  CHECK(torn == 150 && changed > 100);
  scratch.size = stream.size + 1, scratch.position = 0;
  memcpy(scratch.bytes, stream.bytes, stream.size);
  CHECK(read_all(&damaged, 1) == FERRY_ERROR_TRAILING && error.offset == stream.size);
  memset(scratch.bytes, 0, scratch.size = 5000);
  scratch.position = 0;
  CHECK(read_all(&damaged, 1) == FERRY_ERROR_NOT_A_STREAM && error.offset == 0);
}

static void callbacks_fail(void) {
  ferry_writer writer = 1;
  ferry_reader reader;
  ferry_record record;
  ferry_device device = {0};
  stream.failure = 32;
  GIVES(FERRY_ERROR_CALLBACK, ferry_writer_open(&sink, NULL, &writer, &error));
  CHECK(writer == 1 && error.system == 32);
  stream.failure = 0;
  scratch.size = 0;
  const ferry_sink elsewhere = {memory_write, &scratch};
  GIVES(FERRY_OK, ferry_writer_open(&elsewhere, NULL, &writer, &error));
  scratch.failure = 28;
  GIVES(FERRY_ERROR_CALLBACK, ferry_writer_introduce(writer, &device, NULL, &error));
  scratch.failure = 0; /* what did not come out is missing: nothing may follow */
  GIVES(FERRY_ERROR_CALLBACK, ferry_writer_introduce(writer, &device, NULL, &error));
  GIVES(FERRY_ERROR_CALLBACK, ferry_writer_finish(writer, &error));
  GIVES(FERRY_OK, ferry_close(writer, &error));

  stream.position = 0;
  GIVES(FERRY_OK, ferry_reader_open(&source, &reader, &error));
  stream.failure = 11;
  GIVES(FERRY_ERROR_CALLBACK, ferry_reader_next(reader, &record, &error));
  CHECK(error.system == 11);
  stream.failure = 0; /* nothing is lost: the reader goes on */
  GIVES(FERRY_OK, ferry_reader_next(reader, &record, &error));
  CHECK(record.kind == FERRY_RECORD_DEVICES);
  stream.lie = SIZE_MAX;
  do {
    if (ferry_reader_next(reader, &record, &error)) break;
  } while (record.kind != FERRY_RECORD_NONE);
  CHECK(error.status == FERRY_ERROR_CALLBACK && error.system == 0);
  stream.lie = 0;
  GIVES(FERRY_OK, ferry_close(reader, &error));
}

static void bad_arguments(void) {
  ferry_writer writer;
  ferry_writer_options options = {0};
  ferry_device device;
  scratch.size = 0;
  const ferry_sink elsewhere = {memory_write, &scratch};
  options.chunk_size = 100;
  GIVES(FERRY_ERROR_LIMIT_EXCEEDED, ferry_writer_open(&elsewhere, &options, &writer, &error));
  options.chunk_size = UINT32_MAX;
  GIVES(FERRY_ERROR_LIMIT_EXCEEDED, ferry_writer_open(&elsewhere, &options, &writer, &error));
  options.chunk_size = 0, options.level = 23;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_open(&elsewhere, &options, &writer, &error));
  options.level = INT32_MIN;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_open(&elsewhere, &options, &writer, &error));
  options.level = 0, options.flags = 2;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_open(&elsewhere, &options, &writer, &error));
  options.flags = 0, options.producer = "\xc0";
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_open(&elsewhere, &options, &writer, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_open(NULL, NULL, &writer, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_open(&elsewhere, NULL, NULL, &error));
  GIVES(FERRY_ERROR_SYSTEM, ferry_writer_open_fd(-1, NULL, &writer, &error));
  CHECK(error.system == 9);

  GIVES(FERRY_OK, ferry_writer_open(&elsewhere, NULL, &writer, &error));
#define REFUSED(status, change)                                                      \
  do {                                                                               \
    device = first_device();                                                         \
    change;                                                                          \
    GIVES(status, ferry_writer_introduce(writer, &device, NULL, &error));            \
  } while (0)
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_introduce(writer, NULL, NULL, &error));
  REFUSED(FERRY_ERROR_ARGUMENT, device.parts = 64);
  REFUSED(FERRY_ERROR_ARGUMENT, device.parts = FERRY_DEVICE_CLASS);
  REFUSED(FERRY_ERROR_ARGUMENT, device.class_code = 1 << 24);
  REFUSED(FERRY_ERROR_ARGUMENT, device.name = "\xff");
  REFUSED(FERRY_ERROR_ARGUMENT, device.regions = NULL);
  REFUSED(FERRY_ERROR_LIMIT, device.region_count = SIZE_MAX);
  REFUSED(FERRY_ERROR_LIMIT, device.physical_size = 4097);
  REFUSED(FERRY_ERROR_ARGUMENT, device.profile_digest = "abc");
  REFUSED(FERRY_ERROR_ARGUMENT, device.interrupts.parts = 8);
  REFUSED(FERRY_ERROR_ARGUMENT, device.interrupts.msix_table = NULL);
  REFUSED(FERRY_ERROR_LIMIT, device.interrupts.msix_table_size = SIZE_MAX / 2);
  REFUSED(FERRY_ERROR_ARGUMENT, device.domains = NULL);
  REFUSED(FERRY_ERROR_ARGUMENT, device.domain_count = 0); /* a binding without its domain */
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_state(writer, 0, FERRY_PHASE_STOP_COPY, 0, 0, state, 1, &error));
  device = first_device();
  uint16_t number = 7;
  GIVES(FERRY_OK, ferry_writer_introduce(writer, &device, &number, &error));
  CHECK(number == 0);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_state(writer, 1, FERRY_PHASE_STOP_COPY, 0, 0, state, 1, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_state(writer, 0, 0, 0, 0, state, 1, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_state(writer, 0, 259, 0, 0, state, 1, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_state(writer, 0, FERRY_PHASE_STOP_COPY, 0, 16, state, 1, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_writer_state(writer, 0, FERRY_PHASE_STOP_COPY, 0, 0, NULL, 1, &error));
  GIVES(FERRY_ERROR_LIMIT, ferry_writer_state(writer, 0, FERRY_PHASE_STOP_COPY, 0, 0, state, SIZE_MAX, &error));
  GIVES(FERRY_OK, ferry_writer_state(writer, 0, FERRY_PHASE_STOP_COPY, 0, 0, state, 70, &error));
  GIVES(FERRY_OK, ferry_writer_finish(writer, &error));
  GIVES(FERRY_OK, ferry_close(writer, &error));
  scratch.position = 0;
  const ferry_source from = {memory_read, &scratch};
  CHECK(read_all(&from, 1) == FERRY_OK); /* what was refused has left nothing behind */

  /* A device of which the stream has half ends it. */
  scratch.position = 0;
  GIVES(FERRY_OK, ferry_writer_open(&elsewhere, NULL, &writer, &error));
  static uint8_t much[1 << 19];
  ferry_pasid_domain many[3] = {{.id = 1, .is_nested = 1, .data = much, .data_size = sizeof much}};
  many[1] = many[2] = many[0], many[1].id = 2, many[2].id = 3;
  REFUSED(FERRY_ERROR_LIMIT, (device.domains = many, device.domain_count = 3));
  REFUSED(FERRY_ERROR_MALFORMED,
          (device.interrupts.parts = FERRY_INTERRUPTS_PINS, device.interrupts.asserted_pins = 16));
  device = first_device();
  GIVES(FERRY_ERROR_MALFORMED, ferry_writer_introduce(writer, &device, NULL, &error));
  GIVES(FERRY_ERROR_MALFORMED, ferry_writer_finish(writer, &error));
  GIVES(FERRY_OK, ferry_close(writer, &error));

  ferry_reader reader;
  ferry_record record;
  const ferry_source none = {NULL, NULL};
  const void *bytes;
  size_t size;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_reader_open(&none, &reader, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_reader_open(NULL, NULL, &error));
  GIVES(FERRY_OK, ferry_reader_open(NULL, &reader, &error));
  GIVES(FERRY_ERROR_ORDER, ferry_reader_device(reader, 0, &device, &error));
  GIVES(FERRY_ERROR_ORDER, ferry_reader_state(reader, &bytes, &size, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_reader_push(reader, NULL, 1, &size, &record, &error));
  GIVES(FERRY_ERROR_LIMIT, ferry_reader_push(reader, state, SIZE_MAX, &size, &record, &error));
  GIVES(FERRY_ERROR_NOT_A_STREAM, ferry_reader_finish(reader, &error));
  GIVES(FERRY_OK, ferry_close(reader, &error));
  GIVES(FERRY_OK, ferry_reader_open_fd(-1, &reader, &error));
  GIVES(FERRY_ERROR_SYSTEM, ferry_reader_next(reader, &record, &error));
  CHECK(error.system == 9);
  GIVES(FERRY_OK, ferry_close(reader, &error));
}

static void save(const char *folder, const char *name, const void *bytes, size_t size) {
  char path[1000];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  CHECK(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static void descriptors(const char *folder) {
  char path[1000];
  ferry_writer writer;
  ferry_reader reader;
  ferry_record record;
  snprintf(path, sizeof path, "%s/descriptor.dms", folder);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
  GIVES(FERRY_OK, ferry_writer_open_fd(fd, NULL, &writer, &error));
  write_devices(writer);
  GIVES(FERRY_OK, ferry_close(writer, &error));
  CHECK(lseek(fd, 0, SEEK_SET) == 0); /* still open */
  GIVES(FERRY_OK, ferry_reader_open_fd(fd, &reader, &error));
  begin_check();
  while (ferry_reader_next(reader, &record, &error) == FERRY_OK && record.kind != FERRY_RECORD_NONE)
    check_record(reader, &record, 1);
  end_check(1);
  GIVES(FERRY_OK, ferry_close(reader, &error));
  CHECK(close(fd) == 0);
}

/* Streams of others: whole ones are read to their end, damaged ones are not. */
static void corpus(const char *path, int is_whole) {
  size_t size;
  const unsigned char *bytes = contents(path, &size);
  CHECK(size > 0 && size < sizeof scratch.bytes);
  memcpy(scratch.bytes, bytes, scratch.size = size);
  scratch.position = 0;
  const ferry_source from = {memory_read, &scratch};
  ferry_status status = read_all(&from, 1);
  if (status && is_whole) printf("%s: %s\n", path, error.message);
  CHECK((status == FERRY_OK) == is_whole);
  scratch.position = 0;
  CHECK(ferry_stream_verify(&from, NULL, NULL) == status);
}

int main(int count, char **arguments) {
  if (count < 2) return 2;
  make_states();
  for (size_t i = 0; i < sizeof shown; i++) shown[i] = (uint8_t)i, emulated[i] = (uint8_t)~i;
  for (size_t i = 0; i < sizeof physical; i++) physical[i] = (uint8_t)(i * 7);
  for (size_t i = 0; i < sizeof table; i++) table[i] = (uint8_t)(i * 3);
  ferry_writer_options raw = {0}, small = {0}, window = {0};
  raw.flags = FERRY_WRITER_RAW;
  small.chunk_size = 1 << 16, small.level = 3, small.time = 1700000000;
  small.producer = "a VMM 1.0", small.kernel_release = "6.12.0", small.machine = "x86_64";
  window.window_size = 1 << 20, window.level = -5;
  written_and_pulled(&raw, 0, 1);
  written_and_pulled(&window, 1000, 1);
  written_and_pulled(&small, 0, 0);
  written_and_pulled(NULL, 0, 1);
  written_and_pulled(&small, 4093, 1);
  save(arguments[1], "written.dms", stream.bytes, stream.size);
  pushed(1 << 20);
  pushed(4096);
  pushed(37);
  stream.piece = 0;
  damage_is_found();
  damage_is_passed_over(arguments[1]);
  callbacks_fail();
  bad_arguments();
  descriptors(arguments[1]);
  for (int i = 2, are_whole = 1; i < count; i++)
    if (strcmp(arguments[i], "--"))
      corpus(arguments[i], are_whole);
    else
      are_whole = 0;
  return report();
}
