/*
 * ferry.h: the C interface of libferry, for VMMs that migrate VFIO devices.
 *
 * What all functions have in common
 *
 * Results    A function returns FERRY_OK, or another status and, if the caller gave a ferry_error,
 *            what went wrong there. The numbers of statuses are stable. After a failure what
 *            pointers for results point to is as before, unless a function says otherwise. No
 *            function ends the process, whatever numbers it is given.
 * Handles    A profile, a space and so on is a number, never 0, which ferry_close() frees. A number
 *            that was freed, never given or is of something else is FERRY_ERROR_HANDLE; no number is
 *            given out twice. At most 65,536 live at once.
 * Pointers   Must point to what the declaration says, with as many elements as the count beside
 *            it; that is the caller's part. NULL is FERRY_ERROR_ARGUMENT, unless the declaration
 *            allows it; it is allowed for every ferry_error. The library keeps no pointer behind a
 *            call, but for the functions and contexts of tables that an object was opened with.
 * Threads    Every function may be called on any thread. One object serves one call at a time: a
 *            second one meanwhile, of another thread or of a callback, gives FERRY_ERROR_BUSY and
 *            changes nothing. Objects share nothing: a space lives on if its profile is closed.
 * Callbacks  Run on the thread of the call, before it returns. They return 0 or an errno, with
 *            which the call fails as FERRY_ERROR_CALLBACK. They may use other objects. They must
 *            return: no longjmp() and no exception may leave them.
 * Processes  The library starts no thread, handles no signal and opens no file of its own. A child
 *            of fork() has its parent's objects, if no other thread was in a call at that moment.
 *            Its runtime cannot be unloaded: dlclose() leaves it in memory.
 * Texts      Are UTF-8. Texts in arrays of a struct end with a 0; one that is too long for an error
 *            is cut, between characters.
 */
#ifndef FERRY_H
#define FERRY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FERRY_VERSION "0.1.0"

/* ---- Statuses and errors -------------------------------------------------------------------- */

typedef int32_t ferry_status;

enum {
  FERRY_OK = 0,
  /* An argument that no call can take: NULL, a count, a size, an offset, a flag, a bad text. */
  FERRY_ERROR_ARGUMENT = 1,
  /* A handle that was freed, was never given, or is of another kind. */
  FERRY_ERROR_HANDLE = 2,
  /* The object is in another call, which has not returned. */
  FERRY_ERROR_BUSY = 3,
  /* More handles, or a larger input, than the library takes. */
  FERRY_ERROR_LIMIT = 4,
  /* The caller's buffer is too small; nothing was written to it. */
  FERRY_ERROR_BUFFER = 5,
  /* The call may not come at this point of what the object does. */
  FERRY_ERROR_ORDER = 6,
  /* A callback failed; ferry_error.system is the number that it returned. */
  FERRY_ERROR_CALLBACK = 7,

  /* The text is no profile, or cannot be laid out; ferry_error.line and .column say where. */
  FERRY_ERROR_PROFILE = 16,
  /* The bytes are no configuration space, or a fact about them does not fit. */
  FERRY_ERROR_SPACE = 17,
  /* The device cannot carry the profile, or it is not known whether it can. */
  FERRY_ERROR_REFUSED = 18,
  /* A saved state is not one of the space's profile. */
  FERRY_ERROR_MISMATCH = 19
};

/* Says that a number of ferry_error does not apply. */
#define FERRY_NOWHERE UINT64_MAX

typedef struct ferry_error {
  ferry_status status;
  /* The errno that a callback or the system gave, or 0. */
  int32_t system;
  /* The byte of the input or of the space that is at fault, or FERRY_NOWHERE. */
  uint64_t offset;
  /* The place in a text, counted from 1, or 0. */
  uint32_t line;
  uint32_t column;
  /* What is wrong, with the place in words. */
  char message[1024];
  /* The parts of the message, if it has them: "" if not. */
  char expected[512];
  char found[512];
} ferry_error;

/* The library's version, which is FERRY_VERSION of the header that it was built with. Never freed. */
const char *ferry_version(void);

/* The name of a status, such as "FERRY_ERROR_BUSY"; NULL for a number that is none. Never freed. */
const char *ferry_status_name(ferry_status status);

/* Frees what a handle stands for; the number is good for nothing afterwards. */
ferry_status ferry_close(uint64_t handle, ferry_error *error);

/* ---- Where a function's bytes go ------------------------------------------------------------ */

/* Takes output of any length. `write` gets `count` bytes, in one call or more, lent for the call. */
typedef struct ferry_sink {
  int32_t (*write)(void *context, const void *bytes, size_t count);
  void *context;
} ferry_sink;

/* ---- vPCI: the configuration space of an instance type -------------------------------------- */

/* A vPCI profile, laid out. */
typedef uint64_t ferry_profile;

/* A configuration space that a guest sees, served over a device's own. */
typedef uint64_t ferry_space;

/* What is known of the device that shall carry a profile. Set it to zeros first. */
typedef struct ferry_host {
  /* What reports call the device; NULL for "device". */
  const char *label;
  /* Its configuration space: 64 to 4096 bytes. */
  const uint8_t *space;
  size_t space_size;
  /* That of the physical function, if the device is a virtual one; NULL if it is not at hand. */
  const uint8_t *physical_function;
  size_t physical_function_size;
  /* The sizes of BARs by index, as VFIO_DEVICE_GET_REGION_INFO says them; 0 if not known. */
  uint64_t bar_sizes[6];
  /* The ids of a virtual function, whose space reads ffff:ffff; used with FERRY_HOST_IDS. */
  uint16_t vendor_id;
  uint16_t device_id;
  /* The number of bits of the IOMMU's PASIDs, 0 to 20; used with FERRY_HOST_IOMMU. */
  uint32_t pasid_width;
  /* FERRY_HOST_... */
  uint32_t flags;
  /* Zero. */
  uint32_t reserved;
} ferry_host;

enum {
  /* vendor_id and device_id are given. */
  FERRY_HOST_IDS = 1,
  /* The space was read from a VFIO region, where the kernel leaves out some capabilities. */
  FERRY_HOST_VFIO_REGION = 2,
  /* The function may have more bytes than `space`. */
  FERRY_HOST_CUT = 4,
  /* pasid_width is given, and whether the IOMMU honours Execute and Privileged Mode Requested. */
  FERRY_HOST_IOMMU = 8,
  FERRY_HOST_IOMMU_EXECUTE = 16,
  FERRY_HOST_IOMMU_PRIVILEGED = 32
};

/* What a check says. */
enum {
  FERRY_VERDICT_CAN = 0,
  FERRY_VERDICT_CANNOT = 1,
  /* Nothing that is known forbids it, but bytes are missing that decide. */
  FERRY_VERDICT_UNKNOWN = 2
};

/* Reads a profile's text and lays it out. */
ferry_status ferry_profile_load(
    const char *text, size_t size, ferry_profile *profile, ferry_error *error);

/* The profile's name, 1 to 255 bytes, and its layout's digest, 64 hexadecimal digits, each with a
 * 0 behind it. Either may be NULL. */
ferry_status ferry_profile_name(
    ferry_profile profile, char name[256], char digest[65], ferry_error *error);

/* The bytes that a guest reads after a reset: 256 or 4096, which is *size afterwards. */
ferry_status ferry_profile_synthesize(
    ferry_profile profile, uint8_t *bytes, size_t capacity, size_t *size, ferry_error *error);

/* Whether a device can carry the profile: *verdict is one of FERRY_VERDICT_..., and the report with
 * every reason goes to `report`, as JSON (schemas/pci-check.schema.json). `report` may be NULL. The
 * call succeeds whatever the verdict is. */
ferry_status ferry_profile_check(
    ferry_profile profile, const ferry_host *host, int32_t *verdict, const ferry_sink *report,
    ferry_error *error);

/* Who serves which bytes, as JSON (schemas/pci-map.schema.json); with the device's own offsets if
 * `host` is not NULL. */
ferry_status ferry_profile_map(
    ferry_profile profile, const ferry_host *host, const ferry_sink *map, ferry_error *error);

/* The configuration space of the device behind a space. Each function gets 1, 2 or 4 as `size`, and
 * an offset that is a multiple of it, below the size of the host's space. */
typedef struct ferry_config_access {
  int32_t (*read)(void *context, uint32_t offset, uint32_t size, uint32_t *value);
  int32_t (*write)(void *context, uint32_t offset, uint32_t size, uint32_t value);
  void *context;
} ferry_config_access;

/* What a guest's write changed, as far as the VMM has to act on it. */
enum {
  /* Command: decoding, bus mastering, INTx. */
  FERRY_EFFECT_COMMAND = 1,
  /* A base address register. */
  FERRY_EFFECT_BASE_ADDRESS = 2,
  /* The control of MSI or MSI-X. */
  FERRY_EFFECT_INTERRUPTS = 4,
  /* The power state. */
  FERRY_EFFECT_POWER = 8,
  /* The guest asked for a function-level reset. */
  FERRY_EFFECT_FUNCTION_RESET = 16,
  /* The control of ATS, PRI or PASID. */
  FERRY_EFFECT_ADDRESS_TRANSLATION = 32,
  /* Control registers of PCI Express. */
  FERRY_EFFECT_EXPRESS_CONTROL = 64
};

/* A space as after a reset; the device is not accessed. FERRY_ERROR_REFUSED unless the check of the
 * profile on `host` says that it can; what is not said of the IOMMU is taken to fit. `access` is
 * copied, its functions and context are used until the space is closed. */
ferry_status ferry_space_open(
    ferry_profile profile, const ferry_host *host, const ferry_config_access *access,
    ferry_space *space, ferry_error *error);

/* What a guest reads: 1, 2 or 4 bytes, lowest first. Bytes outside the space read as ones. The call
 * allocates no memory. */
ferry_status ferry_space_read(
    ferry_space space, uint32_t offset, uint32_t size, uint32_t *value, ferry_error *error);

/* Takes a guest's write of 1, 2 or 4 bytes; *effects is the sum of FERRY_EFFECT_..., `effects` may
 * be NULL. Bytes outside the space and bits that a guest cannot write are ignored. If the device
 * fails, the VMM's own bits are written all the same. */
ferry_status ferry_space_write(
    ferry_space space, uint32_t offset, uint32_t size, uint32_t value, uint32_t *effects,
    ferry_error *error);

/* Brings the VMM's bits to the profile's values; the device is not touched. */
ferry_status ferry_space_reset(ferry_space space, ferry_error *error);

/* What a guest sees of a space at one moment: what has to travel with it. */
typedef struct ferry_space_state {
  /* 256 or 4096. */
  uint32_t size;
  /* What the guest sees; bytes from `size` on are 0. */
  uint8_t shown[4096];
  /* For each bit of `shown` whether the VMM serves it (1) or the device (0). */
  uint8_t emulated_bits[4096];
  char profile_name[256];
  /* As of ferry_profile_name(); "" if it is not known, and then not compared. */
  char profile_digest[68];
} ferry_space_state;

/* Saves the state, for which the device's bits are read. */
ferry_status ferry_space_save(ferry_space space, ferry_space_state *state, ferry_error *error);

/* Takes the state of the same profile on another host: the VMM's bits as they were there, and the
 * device's control bits written to this device. FERRY_ERROR_MISMATCH for that of another profile,
 * before anything is changed. If the device fails, the registers before are restored. */
ferry_status ferry_space_restore(
    ferry_space space, const ferry_space_state *state, ferry_error *error);

#ifdef __cplusplus
}
#endif

#endif
