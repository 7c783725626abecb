/*
 * Captures a device by ioctls of its own, as a VMM does that has the VFIO descriptor in hand.
 *
 *     cc -o capture-device capture-device.c $(pkg-config --cflags --libs libferry)
 *     ./capture-device /sys/bus/pci/devices/0000:3b:00.2 OUTPUT.dms
 *
 * The device runs on afterwards, and the stream is a snapshot of it. `ferry replay` takes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <ferry.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef VFIO_MIG_GET_PRECOPY_INFO /* Linux 6.2 */
struct vfio_precopy_info {
  __u32 argsz, flags;
  __aligned_u64 initial_bytes, dirty_bytes;
};
#define VFIO_MIG_GET_PRECOPY_INFO _IO(VFIO_TYPE, VFIO_BASE + 21)
#endif
#define REINIT 1 /* VFIO_PRECOPY_INFO_REINIT, Linux 7.1 */

struct device {
  int fd, data_fd;
  uint64_t config_offset, config_size;
};

static int32_t answer(int result) { return result < 0 ? errno : 0; }

/* VFIO_DEVICE_FEATURE with a payload behind its header. */
static int32_t feature(struct device *device, uint32_t flags, void *payload, size_t size) {
  uint64_t buffer[8] = {0};
  struct vfio_device_feature *request = (void *)buffer;
  request->argsz = (uint32_t)(sizeof *request + size);
  request->flags = flags;
  memcpy(request->data, payload, size);
  if (ioctl(device->fd, VFIO_DEVICE_FEATURE, request) < 0) return errno;
  memcpy(payload, request->data, size);
  return 0;
}

static int32_t get_abilities(void *context, uint64_t *flags) {
  struct vfio_device_feature_migration migration = {0};
  int32_t error = feature(context, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION, &migration, sizeof migration);
  *flags = migration.flags;
  if (error == ENOTTY) return *flags = 0, 0; /* a driver that cannot migrate */
  return error;
}

static int32_t get_state(void *context, uint32_t *state) {
  struct vfio_device_feature_mig_state answer = {0};
  int32_t error = feature(context, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &answer, sizeof answer);
  *state = answer.device_state;
  return error;
}

static int32_t set_state(void *context, uint32_t state) {
  struct device *device = context;
  struct vfio_device_feature_mig_state request = {.device_state = state, .data_fd = -1};
  int32_t error = feature(device, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &request, sizeof request);
  if (!error && request.data_fd >= 0) {
    if (device->data_fd >= 0) close(device->data_fd);
    device->data_fd = request.data_fd;
  }
  return error;
}

static int32_t get_stop_copy_size(void *context, uint64_t *size) {
  uint64_t length[1] = {0}; /* struct vfio_device_feature_mig_data_size, Linux 6.2: feature 9 */
  int32_t error = feature(context, VFIO_DEVICE_FEATURE_GET | 9, length, sizeof length);
  *size = length[0];
  return error;
}

static int32_t get_precopy_size(void *context, uint64_t *initial, uint64_t *dirty, uint32_t *is_reinitialized) {
  const struct device *device = context;
  struct vfio_precopy_info info = {.argsz = sizeof info};
  int32_t error = answer(ioctl(device->data_fd, VFIO_MIG_GET_PRECOPY_INFO, &info));
  *initial = info.initial_bytes, *dirty = info.dirty_bytes, *is_reinitialized = info.flags & REINIT;
  return error;
}

static int32_t read_state(void *context, void *bytes, size_t capacity, size_t *count) {
  ssize_t result = read(((struct device *)context)->data_fd, bytes, capacity);
  *count = result < 0 ? 0 : (size_t)result;
  return answer((int)result);
}

static int32_t write_state(void *context, const void *bytes, size_t size, size_t *count) {
  ssize_t result = write(((struct device *)context)->data_fd, bytes, size);
  *count = result < 0 ? 0 : (size_t)result;
  return answer((int)result);
}

static int32_t reset(void *context) { return answer(ioctl(((struct device *)context)->fd, VFIO_DEVICE_RESET)); }

static int32_t read_config(void *context, uint32_t offset, uint32_t size, uint32_t *value) {
  const struct device *device = context;
  *value = 0;
  return answer((int)pread(device->fd, value, size, (off_t)(device->config_offset + offset)));
}

static int32_t write_config(void *context, uint32_t offset, uint32_t size, uint32_t value) {
  const struct device *device = context;
  return answer((int)pwrite(device->fd, &value, size, (off_t)(device->config_offset + offset)));
}

static int32_t write_file(void *context, const void *bytes, size_t count) {
  return fwrite(bytes, 1, count, context) == count ? 0 : errno;
}

static void check(int result, const char *what) {
  if (result >= 0) return;
  perror(what);
  exit(1);
}

/* The last part of what a link in sysfs points to. */
static const char *linked(const char *folder, const char *name, char *text) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  ssize_t length = readlink(path, text, 4095);
  if (length < 0) return NULL;
  text[length] = 0;
  return strrchr(text, '/') ? strrchr(text, '/') + 1 : text;
}

/* Opens the device through its group; a VMM has the descriptor already. */
static struct device open_device(const char *folder, const char *name) {
  char text[4096], path[4200];
  const char *number = linked(folder, "iommu_group", text);
  snprintf(path, sizeof path, "/dev/vfio/%s", number ? number : "no-group");
  int container = open("/dev/vfio/vfio", O_RDWR), group = open(path, O_RDWR);
  check(group, path);
  check(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), "VFIO_GROUP_SET_CONTAINER");
  check(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU), "VFIO_SET_IOMMU");
  struct device device = {.fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name), .data_fd = -1};
  check(device.fd, name);
  struct vfio_region_info info = {.argsz = sizeof info, .index = VFIO_PCI_CONFIG_REGION_INDEX};
  check(ioctl(device.fd, VFIO_DEVICE_GET_REGION_INFO, &info), "VFIO_DEVICE_GET_REGION_INFO");
  device.config_offset = info.offset, device.config_size = info.size;
  return device;
}

int main(int count, char **arguments) {
  if (count != 3) return fprintf(stderr, "usage: capture-device /sys/bus/.../DEVICE OUTPUT\n"), 2;
  const char *folder = arguments[1], *name = strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder;
  char text[4096];
  struct device device = open_device(folder, name);

  ferry_device known = {0};
  known.name = name;
  known.driver = linked(folder, "driver", text);
  uint32_t ids, class, subsystem;
  if (device.config_size >= 64 && !read_config(&device, 0x00, 4, &ids) && !read_config(&device, 0x08, 4, &class) &&
      !read_config(&device, 0x2c, 4, &subsystem)) {
    known.parts = FERRY_DEVICE_PCI | FERRY_DEVICE_SUBSYSTEM | FERRY_DEVICE_CLASS;
    known.subsystem_vendor_id = (uint16_t)subsystem, known.subsystem_id = (uint16_t)(subsystem >> 16);
    known.vendor_id = (uint16_t)ids, known.device_id = (uint16_t)(ids >> 16);
    known.class_code = class >> 8, known.revision_id = class & 0xff;
  }

  const ferry_device_operations operations = {get_abilities, get_state,   set_state, get_stop_copy_size, get_precopy_size,
                                              read_state,    write_state, reset,     read_config,        write_config};
  ferry_migration_device migrating = {0};
  migrating.operations = &operations, migrating.context = &device;
  migrating.known = &known, migrating.config_size = (uint32_t)device.config_size;
  ferry_capture_options options = {.flags = FERRY_CAPTURE_RESUME};
  FILE *file = fopen(arguments[2], "wb");
  if (!file) check(-1, arguments[2]);
  const ferry_sink sink = {write_file, file};
  ferry_migration_summary summary;
  ferry_error error;
  if (ferry_capture(&migrating, 1, &options, &sink, NULL, &summary, &error)) {
    fprintf(stderr, "capture-device: %s\n", error.message);
    remove(arguments[2]);
    return 1;
  }
  if (fclose(file)) check(-1, arguments[2]);
  printf("%s: %llu bytes of state, rounds while it ran: %u; it runs on\n", name, (unsigned long long)summary.state_size,
         summary.iteration_count);
  return 0;
}
