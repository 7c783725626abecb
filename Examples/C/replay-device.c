/*
 * Restores a device from a stream by its VFIO descriptor alone: the library makes the calls.
 *
 *     cc -o replay-device replay-device.c $(pkg-config --cflags --libs libferry)
 *     ./replay-device INPUT.dms /sys/bus/pci/devices/0000:3b:00.2
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

static int32_t read_file(void *context, void *bytes, size_t capacity, size_t *count) {
  *count = fread(bytes, 1, capacity, context);
  return ferror((FILE *)context) ? EIO : 0;
}

static int checked(int result, const char *what) {
  if (result >= 0) return result;
  perror(what);
  exit(1);
}

/* Opens the device through its group; a VMM has the descriptor already. */
static int open_device(const char *folder, const char *name) {
  char path[4096], link[4096];
  snprintf(path, sizeof path, "%s/iommu_group", folder);
  ssize_t length = checked((int)readlink(path, link, sizeof link - 1), path);
  link[length] = 0;
  snprintf(path, sizeof path, "/dev/vfio/%.100s", strrchr(link, '/') + 1);
  int container = checked(open("/dev/vfio/vfio", O_RDWR), "/dev/vfio/vfio"), group = checked(open(path, O_RDWR), path);
  checked(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), "VFIO_GROUP_SET_CONTAINER");
  checked(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU), "VFIO_SET_IOMMU");
  return checked(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name), name);
}

int main(int count, char **arguments) {
  if (count != 3) return fprintf(stderr, "usage: replay-device INPUT /sys/bus/.../DEVICE\n"), 2;
  const char *folder = arguments[2], *name = strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder;
  FILE *file = fopen(arguments[1], "rb");
  if (!file) checked(-1, arguments[1]);

  ferry_error error;
  ferry_vfio_descriptors descriptors = {0};
  ferry_migration_device device = {0};
  descriptors.device = open_device(folder, name);
  if (ferry_vfio_open(&descriptors, &device.vfio, &error)) return fprintf(stderr, "replay-device: %s\n", error.message), 1;

  const ferry_source source = {read_file, file};
  ferry_migration_summary summary;
  uint32_t outcome = FERRY_OUTCOME_UNTOUCHED;
  if (ferry_replay(&source, &device, 1, NULL, &outcome, &summary, &error)) {
    fprintf(stderr, "replay-device: %s; outcome %u\n", error.message, outcome);
    return 1;
  }
  printf("%s: %llu bytes of state; it runs with them\n", name, (unsigned long long)summary.state_size);
  /* A VMM goes on with the descriptor: vfio-pci resets a function that nobody holds. */
  return ferry_close(device.vfio, NULL);
}
