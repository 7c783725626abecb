/* What ferry.h promises of devices whose descriptors the library makes the calls to: vfio STATE CONFIG, those of an mtty device.
 * The kernel is made up here: ioctl() of this program is the one that the library calls. Tests/Lab/libferry.test has a real one. */
#define _GNU_SOURCE
#include <CVFIO.h>
#include <fcntl.h>
#include <ferry.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checks.h"

enum { ERROR, STOP, RUNNING, STOP_COPY, RESUMING };
enum { DEVICE_ID = 3, ADDRESS_SPACE = 2, OBJECTS = 64 };

static unsigned char *content, *config;
static size_t content_size, config_size;

/* The device and the iommufd; what the kernel knows of them. */
static int device_fd, iommu_fd, data_fd = -1;
static uint32_t state;
static uint8_t loaded[4096];
static ssize_t loaded_size;
static struct { uint32_t page_table, pasid; } attached[OBJECTS];
static int attached_count, is_alive[OBJECTS], resets;
static uint32_t object_count, own_page_table;
static int attach_failure;

static int fails(int number) { return errno = number, -1; }

static uint32_t new_object(void) { return is_alive[object_count] = 1, 100 + object_count++; }

static int live_objects(void) {
  int count = 0;
  for (uint32_t i = 0; i < object_count; i++) count += is_alive[i];
  return count;
}

static int set_state(struct cvfio_device_feature_mig_state *request) {
  if (state == RESUMING) { /* what was written is the state now */
    loaded_size = pread(data_fd, loaded, sizeof loaded, 0);
    close(data_fd), data_fd = -1;
  }
  state = request->device_state;
  request->data_fd = -1;
  if (state != STOP_COPY && state != RESUMING) return 0;
  request->data_fd = memfd_create("state", 0);
  if (state == STOP_COPY) {
    if (write(request->data_fd, content, content_size) != (ssize_t)content_size) return fails(EIO);
    lseek(request->data_fd, 0, SEEK_SET);
  } else {
    data_fd = dup(request->data_fd);
  }
  return 0;
}

static int feature(struct cvfio_device_feature *request) {
  void *payload = request + 1;
  uint32_t number = request->flags & CVFIO_DEVICE_FEATURE_MASK;
  if (request->flags & CVFIO_DEVICE_FEATURE_PROBE) return fails(ENOTTY);
  if (number == CVFIO_DEVICE_FEATURE_MIGRATION) return ((struct cvfio_device_feature_migration *)payload)->flags = 1, 0;
  if (number == CVFIO_DEVICE_FEATURE_MIG_DATA_SIZE)
    return ((struct cvfio_device_feature_mig_data_size *)payload)->stop_copy_length = content_size, 0;
  if (number != CVFIO_DEVICE_FEATURE_MIG_DEVICE_STATE) return fails(ENOTTY);
  struct cvfio_device_feature_mig_state *answer = payload;
  if (request->flags & CVFIO_DEVICE_FEATURE_SET) return set_state(answer);
  return answer->device_state = state, answer->data_fd = -1, 0;
}

static int attach(const struct cvfio_device_attach_iommufd_pt *request) {
  if (!(request->flags & CVFIO_DEVICE_ATTACH_PASID)) return own_page_table = request->pt_id, 0;
  if (attach_failure && attached_count == 1) return fails(attach_failure);
  attached[attached_count].page_table = request->pt_id, attached[attached_count++].pasid = request->pasid;
  return 0;
}

static int device_ioctl(unsigned long request, void *argument) {
  struct cvfio_device_info *info = argument;
  struct cvfio_region_info *region = argument;
  switch (request) {
    case CVFIO_DEVICE_GET_INFO:
      info->flags = CVFIO_DEVICE_FLAGS_RESET | CVFIO_DEVICE_FLAGS_PCI, info->num_regions = 9, info->num_irqs = 0;
      return 0;
    case CVFIO_DEVICE_GET_REGION_INFO:
      if (region->index == 8) return fails(EINVAL);
      region->flags = CVFIO_REGION_INFO_FLAG_READ | CVFIO_REGION_INFO_FLAG_WRITE;
      region->size = region->index == CVFIO_PCI_CONFIG_REGION_INDEX ? config_size : 0;
      region->offset = 1 << 20;
      return 0;
    case CVFIO_DEVICE_FEATURE: return feature(argument);
    case CVFIO_DEVICE_RESET: return resets++, state = RUNNING, 0;
    case CVFIO_DEVICE_ATTACH_IOMMUFD_PT: return attach(argument);
    case CVFIO_DEVICE_DETACH_IOMMUFD_PT:
      CHECK(attached_count > 0 &&
            attached[attached_count - 1].pasid == ((struct cvfio_device_detach_iommufd_pt *)argument)->pasid);
      return attached_count--, 0;
    default: return fails(ENOTTY);
  }
}

static int iommu_ioctl(unsigned long request, void *argument) {
  struct cvfio_iommu_hw_info *hardware = argument;
  const struct cvfio_iommu_destroy *destroyed = argument;
  switch (request) {
    case CVFIO_IOMMU_GET_HW_INFO:
      if (hardware->dev_id != DEVICE_ID) return fails(ENOENT);
      hardware->out_data_type = CVFIO_IOMMU_HW_INFO_TYPE_NONE, hardware->data_len = 0;
      hardware->out_max_pasid_log2 = 10, hardware->out_capabilities = CVFIO_IOMMU_HW_CAP_PCI_PASID_EXEC;
      return 0;
    case CVFIO_IOMMU_IOAS_ALLOC: return ((struct cvfio_iommu_ioas_alloc *)argument)->out_ioas_id = new_object(), 0;
    case CVFIO_IOMMU_HWPT_ALLOC: return ((struct cvfio_iommu_hwpt_alloc *)argument)->out_hwpt_id = new_object(), 0;
    case CVFIO_IOMMU_DESTROY:
      if (destroyed->id < 100 || destroyed->id >= 100 + object_count) return fails(ENOENT);
      return is_alive[destroyed->id - 100] = 0, 0;
    default: return fails(ENOTTY);
  }
}

int ioctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  if (fd == device_fd) return device_ioctl(request, argument);
  return fd == iommu_fd ? iommu_ioctl(request, argument) : fails(ENOTTY);
}

/* ---- The claims. */

static struct { uint8_t bytes[1 << 16]; size_t size, position; } stream;

static int32_t stream_write(void *context, const void *bytes, size_t count) {
  (void)context;
  if (stream.size + count > sizeof stream.bytes) return ENOSPC;
  memcpy(stream.bytes + stream.size, bytes, count);
  return stream.size += count, 0;
}

static int32_t stream_read(void *context, void *bytes, size_t capacity, size_t *count) {
  (void)context;
  size_t rest = stream.size - stream.position;
  *count = rest < capacity ? rest : capacity;
  memcpy(bytes, stream.bytes + stream.position, *count);
  return stream.position += *count, 0;
}

static const ferry_sink sink = {stream_write, NULL};
static const ferry_source source = {stream_read, NULL};
static const ferry_pasid_domain domains[] = {{.id = 4}, {.id = 7}};
static const ferry_pasid_binding bindings[] = {{5, 4, 0}, {6, 7, 1}, {9, 7, 0}};

static ferry_vfio opened(uint32_t parts) {
  ferry_vfio_descriptors descriptors = {device_fd, parts, iommu_fd, DEVICE_ID, ADDRESS_SPACE, 0};
  ferry_vfio device = 0;
  GIVES(FERRY_OK, ferry_vfio_open(&descriptors, &device, &error));
  return device;
}

static ferry_vfio migrating_device;

static void progress(void *context, const ferry_progress *progress) {
  (void)progress;
  ++*(int *)context;
  GIVES(FERRY_ERROR_BUSY, ferry_close(migrating_device, &error)); /* it is in this call */
}

static void captured(void) {
  int told = 0;
  ferry_device known = {0};
  known.domains = domains, known.domain_count = 2, known.bindings = bindings, known.binding_count = 3;
  ferry_migration_device device = {0};
  device.vfio = migrating_device = opened(FERRY_VFIO_IOMMUFD | FERRY_VFIO_ADDRESS_SPACE);
  device.known = &known;
  ferry_capture_options options = {0};
  options.flags = FERRY_CAPTURE_RESUME, options.observer.progress = progress, options.observer.context = &told;
  uint32_t outcome = 99;
  ferry_migration_summary summary = {0};
  stream.size = 0;
  GIVES(FERRY_OK, ferry_capture(&device, 1, &options, &sink, &outcome, &summary, &error));
  CHECK(outcome == FERRY_OUTCOME_RUNNING_AS_BEFORE && state == RUNNING && summary.state_size == content_size && told > 0);
  CHECK(live_objects() == 0); /* what asked for abilities has left nothing */

  ferry_reader reader;
  ferry_record record;
  ferry_device found;
  char name[32];
  stream.position = 0;
  GIVES(FERRY_OK, ferry_reader_open(&source, &reader, &error));
  GIVES(FERRY_OK, ferry_reader_next(reader, &record, &error));
  GIVES(FERRY_OK, ferry_reader_device(reader, 0, &found, &error));
  snprintf(name, sizeof name, "fd:%d", device_fd);
  CHECK(!strcmp(found.name, name) && found.vendor_id == 0x4348 && found.device_id == 0x3253 && found.region_count == 8);
  CHECK(found.physical_size == config_size && !memcmp(found.physical, config, config_size) && found.binding_count == 3);
  GIVES(FERRY_OK, ferry_close(reader, &error));

  ferry_migration_device twice[2] = {device, device};
  GIVES(FERRY_ERROR_BUSY, ferry_capture(twice, 2, NULL, &sink, NULL, NULL, &error));
  GIVES(FERRY_OK, ferry_close(device.vfio, &error));
  GIVES(FERRY_ERROR_HANDLE, ferry_capture(&device, 1, NULL, &sink, NULL, NULL, &error));
  CHECK(fcntl(device_fd, F_GETFD) >= 0 && fcntl(iommu_fd, F_GETFD) >= 0); /* they stay the caller's */
}

static ferry_status replayed(ferry_vfio vfio, uint32_t flags, uint32_t *outcome) {
  ferry_migration_device device = {0};
  ferry_replay_options options = {0};
  device.vfio = vfio, options.flags = flags;
  stream.position = 0, loaded_size = 0, resets = 0;
  return ferry_replay(&source, &device, 1, &options, outcome, NULL, &error);
}

static void restored_with_its_pasids(void) {
  uint32_t outcome = 99;
  ferry_vfio_domain domain;
  ferry_vfio device = opened(FERRY_VFIO_IOMMUFD | FERRY_VFIO_ADDRESS_SPACE);
  GIVES(FERRY_OK, replayed(device, 0, &outcome));
  CHECK(outcome == FERRY_OUTCOME_RESTORED && attached_count == 0 && loaded_size == (ssize_t)content_size);
  CHECK(state == RUNNING && !memcmp(loaded, content, content_size) && resets == 0);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_vfio_get_domain(device, 0, &domain, &error));

  attach_failure = EBUSY; /* the second PASID */
  GIVES(FERRY_ERROR_DEVICE, replayed(device, FERRY_REPLAY_BINDINGS, &outcome));
  CHECK(error.system == EBUSY && error.device == 0 && outcome == FERRY_OUTCOME_RUNNING_AS_BEFORE);
  CHECK(attached_count == 0 && live_objects() == 0 && own_page_table == ADDRESS_SPACE && state == RUNNING);
  attach_failure = 0;

  GIVES(FERRY_OK, replayed(device, FERRY_REPLAY_BINDINGS, &outcome));
  CHECK(outcome == FERRY_OUTCOME_RESTORED && attached_count == 3 && attached[0].pasid == 5);
  for (uint32_t i = 0; i < 2; i++) {
    GIVES(FERRY_OK, ferry_vfio_get_domain(device, i, &domain, &error));
    CHECK(domain.id == domains[i].id && domain.fault_queue == -1 && attached[i].page_table == domain.page_table);
    CHECK(is_alive[domain.page_table - 100] && is_alive[domain.address_space - 100]);
  }
  CHECK(attached[2].page_table == attached[1].page_table && own_page_table != ADDRESS_SPACE);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_vfio_get_domain(device, 2, &domain, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_vfio_get_domain(device, 0, NULL, &error));
  int objects = live_objects();
  GIVES(FERRY_OK, ferry_close(device, &error));
  CHECK(live_objects() == objects && attached_count == 3); /* they are the VMM's now */

  attached_count = 0;
  device = opened(0); /* which has no iommufd, so nothing can be attached */
  GIVES(FERRY_ERROR_DEVICE, replayed(device, FERRY_REPLAY_BINDINGS, &outcome));
  CHECK(outcome == FERRY_OUTCOME_RUNNING_AS_BEFORE && state == RUNNING && attached_count == 0);
  GIVES(FERRY_ERROR_INCOMPATIBLE, replayed(device, FERRY_REPLAY_BINDINGS | FERRY_REPLAY_STRICT, &outcome));
  CHECK(outcome == FERRY_OUTCOME_UNTOUCHED);
  GIVES(FERRY_OK, ferry_close(device, &error));
}

static void bad_arguments(void) {
  ferry_vfio_descriptors descriptors = {0};
  ferry_vfio device = 5;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_vfio_open(NULL, &device, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_vfio_open(&descriptors, NULL, &error));
  descriptors.device = open("/dev/null", O_RDWR);
  GIVES(FERRY_ERROR_DEVICE, ferry_vfio_open(&descriptors, &device, &error));
  CHECK(error.system == ENOTTY && error.device == FERRY_NONE && device == 5);
  close(descriptors.device);
  descriptors.device = -1;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_vfio_open(&descriptors, &device, &error));
  descriptors.device = device_fd;
  for (uint32_t parts = FERRY_VFIO_ADDRESS_SPACE; parts < 10; parts += parts == 2 ? 2 : 1) {
    descriptors.parts = parts;
    GIVES(FERRY_ERROR_ARGUMENT, ferry_vfio_open(&descriptors, &device, &error));
  }
  descriptors.parts = FERRY_VFIO_IOMMUFD, descriptors.iommufd = -1;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_vfio_open(&descriptors, &device, &error));
  descriptors.parts = 0, descriptors.reserved = 1;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_vfio_open(&descriptors, &device, &error));

  ferry_migration_device migrating = {0};
  ferry_state other;
  GIVES(FERRY_OK, ferry_state_open(content, content_size, "mtty", NULL, &other, &error));
  migrating.vfio = other;
  GIVES(FERRY_ERROR_HANDLE, ferry_capture(&migrating, 1, NULL, &sink, NULL, NULL, &error));
  GIVES(FERRY_OK, ferry_close(other, &error));
  migrating.vfio = opened(0), migrating.context = &migrating;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_capture(&migrating, 1, NULL, &sink, NULL, NULL, &error));
  migrating.context = NULL, migrating.config_size = 4;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_replay(&source, &migrating, 1, NULL, NULL, NULL, &error));
  GIVES(FERRY_OK, ferry_close(migrating.vfio, &error)); /* a call that failed has let it go */
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  content = contents(arguments[1], &content_size);
  config = contents(arguments[2], &config_size);
  device_fd = memfd_create("device", 0), iommu_fd = memfd_create("iommu", 0);
  CHECK(pwrite(device_fd, config, config_size, 1 << 20) == (ssize_t)config_size);
  state = RUNNING;
  captured();
  restored_with_its_pasids();
  bad_arguments();
  return report();
}
