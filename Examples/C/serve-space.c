/*
 * Serves the configuration space of a vPCI profile to a guest, as a VMM does from its exit path, and moves it to another host.
 *
 *     cc -o serve-space serve-space.c $(pkg-config --cflags --libs libferry)
 *     ./serve-space PROFILE SPACE
 *
 * PROFILE is a profile's text, SPACE what the device's configuration region reads. The guest here is a few lines that do what
 * firmware and a driver do first; the device is a copy of SPACE, where a VMM would have a region of a VFIO descriptor.
 */
#include <ferry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a VMM does with pread() and pwrite() on the region of its VFIO descriptor. */

struct device {
  uint8_t space[4096];
};

static int32_t read_device(void *context, uint32_t offset, uint32_t size, uint32_t *value) {
  const struct device *device = context;
  *value = 0;
  for (uint32_t i = 0; i < size; i++) *value |= (uint32_t)device->space[offset + i] << (8 * i);
  return 0;
}

static int32_t write_device(void *context, uint32_t offset, uint32_t size, uint32_t value) {
  struct device *device = context;
  for (uint32_t i = 0; i < size; i++) device->space[offset + i] = (uint8_t)(value >> (8 * i));
  return 0;
}

static int32_t print(void *context, const void *bytes, size_t count) {
  return fwrite(bytes, 1, count, context) == count ? 0 : 5; /* EIO */
}

/* One place for failures: every function says what was expected and what was found. */

static ferry_error error;

static void check(ferry_status status) {
  if (status == FERRY_OK) return;
  fprintf(stderr, "%s: %s\n", ferry_status_name(status), error.message);
  exit(1);
}

static size_t read_file(const char *path, void *bytes, size_t capacity) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(1);
  }
  size_t size = fread(bytes, 1, capacity, file);
  fclose(file);
  return size;
}

/* The guest: its accesses come to the VMM as exits, which go to the space. */

static uint32_t guest_read(ferry_space space, uint32_t offset, uint32_t size) {
  uint32_t value;
  check(ferry_space_read(space, offset, size, &value, &error));
  return value;
}

static void guest_write(ferry_space space, uint32_t offset, uint32_t size, uint32_t value) {
  uint32_t effects;
  check(ferry_space_write(space, offset, size, value, &effects, &error));
  if (effects & FERRY_EFFECT_COMMAND) printf("  the VMM maps or unmaps the BARs\n");
  if (effects & FERRY_EFFECT_INTERRUPTS) printf("  the VMM sets up interrupts\n");
}

static void boot(ferry_space space) {
  uint32_t ids = guest_read(space, 0x00, 4);
  printf("the guest finds %04x:%04x\n", ids & 0xffff, ids >> 16);
  for (uint32_t at = guest_read(space, 0x34, 1); at >= 0x40; at = guest_read(space, at + 1, 1)) {
    printf("  capability %02x at %02x\n", guest_read(space, at, 1), at);
    if (guest_read(space, at, 1) == 0x11) guest_write(space, at + 2, 2, 0x8000); /* MSI-X Enable */
  }
  for (uint32_t bar = 0x10; bar < 0x28; bar += 4) {
    guest_write(space, bar, 4, 0xffffffff);
    uint32_t mask = guest_read(space, bar, 4);
    if (mask == 0) continue;
    printf("  BAR register %u reads %08x\n", (bar - 0x10) / 4, mask);
    guest_write(space, bar, 4, 0xe0000000 + bar * 0x10000);
  }
  guest_write(space, 0x04, 2, 0x0006); /* memory and bus mastering */
}

int main(int count, char **arguments) {
  static char text[1 << 20];
  static struct device device, elsewhere;
  if (count != 3) {
    fprintf(stderr, "usage: serve-space PROFILE SPACE\n");
    return 2;
  }
  size_t text_size = read_file(arguments[1], text, sizeof text);
  size_t space_size = read_file(arguments[2], device.space, sizeof device.space);
  elsewhere = device;

  ferry_profile profile;
  check(ferry_profile_load(text, text_size, &profile, &error));
  char name[256];
  check(ferry_profile_name(profile, name, NULL, &error));

  ferry_host host = {0};
  host.label = arguments[2];
  host.space = device.space;
  host.space_size = space_size;
  int32_t verdict;
  ferry_sink report = {print, stderr};
  check(ferry_profile_check(profile, &host, &verdict, NULL, &error));
  if (verdict != FERRY_VERDICT_CAN) {
    printf("the device cannot carry %s:\n", name);
    check(ferry_profile_check(profile, &host, &verdict, &report, &error));
    return 1;
  }

  ferry_config_access access = {read_device, write_device, &device};
  ferry_space space;
  check(ferry_space_open(profile, &host, &access, &space, &error));
  printf("serving %s\n", name);
  boot(space);

  /* The state travels with the device's; on the other host it goes into a space as after a reset. */
  static ferry_space_state state;
  check(ferry_space_save(space, &state, &error));
  check(ferry_close(space, &error));

  access.context = &elsewhere;
  check(ferry_space_open(profile, &host, &access, &space, &error));
  check(ferry_space_restore(space, &state, &error));
  printf("elsewhere the guest finds BAR register 1 at %08x, Command %04x\n", guest_read(space, 0x14, 4),
         guest_read(space, 0x04, 2));
  check(ferry_close(space, &error));
  check(ferry_close(profile, &error));
  return 0;
}
