// Kills the process that it is loaded into (LD_PRELOAD) when it asks a VFIO device for a migration state:
//
//     KILL_AT=STATE         before the kernel sees the request
//     KILL_AT=STATE:after   once the device is there
//     KILL_SKIP=N           not at the first N such requests
//
// STATE is a number of enum vfio_device_mig_state. What a device is left in by a user that goes away without a word is
// what the next one finds.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { deviceFeature = 0x3b75, migrationState = 2 };
static const uint32_t isSet = 1 << 17;

// struct vfio_device_feature with a struct vfio_device_feature_mig_state behind it.
struct request {
  uint32_t argsz, flags, state;
  int32_t dataDescriptor;
};

int ioctl(int descriptor, unsigned long number, ...) {
  static int (*next)(int, unsigned long, ...);
  if (!next) next = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
  va_list rest;
  va_start(rest, number);
  void *argument = va_arg(rest, void *);
  va_end(rest);

  const char *wanted = getenv("KILL_AT");
  const struct request *request = argument;
  int isWanted = wanted && number == deviceFeature && (request->flags & 0xffff) == migrationState &&
    (request->flags & isSet) && request->state == (uint32_t)atoi(wanted);
  static int seen;
  const char *skipped = getenv("KILL_SKIP");
  if (isWanted) isWanted = seen++ >= (skipped ? atoi(skipped) : 0);
  int isAfter = isWanted && strstr(wanted, ":after");
  if (isWanted && !isAfter) kill(getpid(), SIGKILL);
  int result = next(descriptor, number, argument);
  if (isAfter) kill(getpid(), SIGKILL);
  return result;
}
