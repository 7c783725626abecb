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
 *            that was freed, never given or is of something else is FERRY_ERROR_HANDLE; no number
 *            is given out twice. At most 65,536 live at once.
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
 * Processes  The library starts no thread, handles no signal and opens no file of its own, but for
 *            those of ferry_vfio_open(). A child of fork() has its parent's objects, if no other
 *            thread was in a call at that moment. Its runtime cannot be unloaded: dlclose() leaves
 *            it in memory.
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

#define FERRY_VERSION "0.2.0"

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
  /* A call to the system failed; ferry_error.system is its errno. */
  FERRY_ERROR_SYSTEM = 8,

  /* The text is no profile, or cannot be laid out; ferry_error.line and .column say where. */
  FERRY_ERROR_PROFILE = 16,
  /* The bytes are no configuration space, or a fact about them does not fit. */
  FERRY_ERROR_SPACE = 17,
  /* The device cannot carry the profile, or it is not known whether it can. */
  FERRY_ERROR_REFUSED = 18,
  /* A saved state is not one of the space's profile. */
  FERRY_ERROR_MISMATCH = 19,

  /* Of streams, with ferry_error.offset, .record and .device as far as they are known. */
  /* The first bytes are not those of a .dms stream. */
  FERRY_ERROR_NOT_A_STREAM = 32,
  /* A version, feature, record or field that the library does not know, and has to. */
  FERRY_ERROR_UNSUPPORTED = 33,
  /* A length above the stream's declared limit, or the format's. */
  FERRY_ERROR_LIMIT_EXCEEDED = 34,
  /* More than the library takes: a larger chunk, more devices, a larger window. */
  FERRY_ERROR_UNWILLING = 35,
  /* Bytes that were changed: a checksum or a digest is not theirs. */
  FERRY_ERROR_CHECKSUM = 36,
  /* A record or field that contradicts itself or the format. */
  FERRY_ERROR_MALFORMED = 37,
  /* A record where the format does not allow it. */
  FERRY_ERROR_MISPLACED = 38,
  /* Chunks, counts, summaries and index that do not fit to each other. */
  FERRY_ERROR_INCONSISTENT = 39,
  /* The stream stops before it is complete. */
  FERRY_ERROR_TORN = 40,
  /* Bytes behind the end. */
  FERRY_ERROR_TRAILING = 41,
  /* libzstd failed, for want of memory. */
  FERRY_ERROR_COMPRESSION = 42,

  /* No layout of that name, or a state that no layout describes. */
  FERRY_ERROR_LAYOUT = 48,
  /* Neither the content nor the driver tells which layout a state has. */
  FERRY_ERROR_UNDECIDED = 49,
  /* The text is no facts of a device; ferry_error.line and .column say where. */
  FERRY_ERROR_FACTS = 50,

  /* A device or its driver failed; ferry_error.device says which, .system its errno. */
  FERRY_ERROR_DEVICE = 64,
  /* The caller cancelled it. */
  FERRY_ERROR_CANCELLED = 65,
  /* The devices cannot be captured as asked, or cannot take the stream; none was touched. */
  FERRY_ERROR_INCOMPATIBLE = 66,
  /* The stream has no digest that says that a device's state is whole. */
  FERRY_ERROR_UNVERIFIED = 67
};

/* Says that ferry_error.offset, or .record and .device, do not apply. */
#define FERRY_NOWHERE UINT64_MAX
#define FERRY_NONE UINT32_MAX

typedef struct ferry_error {
  ferry_status status;
  /* The errno that a callback or the system gave, or 0. */
  int32_t system;
  /* The byte of the input or of the space that is at fault, or FERRY_NOWHERE. */
  uint64_t offset;
  /* The place in a text, counted from 1, or 0. */
  uint32_t line;
  uint32_t column;
  /* The record and the device of a stream, counted from 0, or FERRY_NONE. */
  uint32_t record;
  uint32_t device;
  /* What is wrong, with the place in words. */
  char message[1024];
  /* The parts of the message, if it has them: "" if not. */
  char expected[512];
  char found[512];
} ferry_error;

/* The library's version: FERRY_VERSION of the header that it was built with. Never freed. */
const char *ferry_version(void);

/* The name of a status, such as "FERRY_ERROR_BUSY"; NULL for any other number. Never freed. */
const char *ferry_status_name(ferry_status status);

/* Frees what a handle stands for; the number is good for nothing afterwards. */
ferry_status ferry_close(uint64_t handle, ferry_error *error);

/* ---- Where bytes go and come from ----------------------------------------------------------- */

/* Takes output of any length. `write` gets it in any number of calls, each lending its bytes. */
typedef struct ferry_sink {
  int32_t (*write)(void *context, const void *bytes, size_t count);
  void *context;
} ferry_sink;

/* Gives input. `read` waits for at least one byte, writes at most `capacity` to `bytes` and says
 * how many in *count; 0 at the end. */
typedef struct ferry_source {
  int32_t (*read)(void *context, void *bytes, size_t capacity, size_t *count);
  void *context;
} ferry_source;

/* Gives input at any offset, of `size` bytes in all. `read` does as that of a ferry_source. */
typedef struct ferry_file {
  int32_t (*read)(void *context, uint64_t offset, void *bytes, size_t capacity, size_t *count);
  uint64_t size;
  void *context;
} ferry_file;

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

/* ---- Streams: what migrates of devices, in the .dms format ---------------------------------- */

/* A stream that is written, and one that is read. */
typedef uint64_t ferry_writer;
typedef uint64_t ferry_reader;

/* A region of VFIO_DEVICE_GET_REGION_INFO. */
typedef struct ferry_region {
  uint32_t index;
  uint32_t flags;
  uint64_t size;
} ferry_region;

/* The interrupts that a guest programmed. Zeros are none. */
typedef struct ferry_interrupts {
  /* FERRY_INTERRUPTS_...: which of the parts below are there. */
  uint32_t parts;
  /* Which of INTA to INTD are asserted: bits 0 to 3. */
  uint32_t asserted_pins;
  uint64_t msi_address;
  uint32_t msi_data;
  uint32_t msi_mask_bits;
  uint32_t msi_pending_bits;
  uint16_t msi_control;
  uint16_t msix_control;
  /* 16 bytes a vector, at most 2048 vectors. */
  const uint8_t *msix_table;
  size_t msix_table_size;
  /* One bit a vector, the lowest first. */
  const uint8_t *msix_pending_bits;
  size_t msix_pending_bits_size;
} ferry_interrupts;

enum { FERRY_INTERRUPTS_PINS = 1, FERRY_INTERRUPTS_MSI = 2, FERRY_INTERRUPTS_MSIX = 4 };

/* An address space that PASIDs are bound to: what iommufd calls a hardware page table. */
typedef struct ferry_pasid_domain {
  /* The number that bindings name it by. */
  uint32_t id;
  /* Whether page requests go to a fault queue: 0 or 1. */
  uint32_t has_fault_queue;
  /* Whether it is nested, in IOMMU_HWPT_ALLOC's words of type and data; 0: the VMM maps it. */
  uint32_t is_nested;
  uint32_t data_type;
  const uint8_t *data;
  size_t data_size;
} ferry_pasid_domain;

typedef struct ferry_pasid_binding {
  uint32_t pasid;
  /* The id of a domain. */
  uint32_t domain;
  /* Execute 1, privileged 2. */
  uint32_t permissions;
} ferry_pasid_binding;

/* What a stream says of a device before its state. Set it to zeros first: that is not known. */
typedef struct ferry_device {
  /* The name that the host knows the device by, and its driver; or NULL. */
  const char *name;
  const char *driver;
  /* FERRY_DEVICE_...: which of the numbers below are there. */
  uint32_t parts;
  /* Base class, subclass and programming interface, 24 bits. */
  uint32_t class_code;
  uint16_t vendor_id;
  uint16_t device_id;
  uint16_t subsystem_vendor_id;
  uint16_t subsystem_id;
  uint32_t revision_id;
  /* FERRY_DEVICE_GUEST_RAN. */
  uint32_t circumstances;
  /* VFIO_DEVICE_FEATURE_MIGRATION, and VFIO_DEVICE_FEATURE_MIG_DATA_SIZE in bytes. */
  uint64_t migration_flags;
  uint64_t stop_copy_size;
  const ferry_region *regions;
  size_t region_count;

  /* What the configuration region reads: up to 4096 bytes; NULL if nobody says. */
  const uint8_t *physical;
  size_t physical_size;
  /* What the guest was shown, and for each bit whether the VMM serves it; both or only the first.
   * Those of a ferry_space_state, with its profile. */
  const uint8_t *shown;
  size_t shown_size;
  const uint8_t *emulated_bits;
  const char *profile_name;
  const char *profile_digest;

  ferry_interrupts interrupts;
  const ferry_pasid_domain *domains;
  size_t domain_count;
  const ferry_pasid_binding *bindings;
  size_t binding_count;
} ferry_device;

enum {
  /* vendor_id and device_id. */
  FERRY_DEVICE_PCI = 1,
  /* With FERRY_DEVICE_PCI. */
  FERRY_DEVICE_SUBSYSTEM = 2,
  /* class_code and revision_id, with FERRY_DEVICE_PCI. */
  FERRY_DEVICE_CLASS = 4,
  FERRY_DEVICE_MIGRATION_FLAGS = 8,
  FERRY_DEVICE_STOP_COPY_SIZE = 16,
  FERRY_DEVICE_CIRCUMSTANCES = 32
};

/* The guest ran while the state was taken: good to look at, not to resume. */
enum { FERRY_DEVICE_GUEST_RAN = 1 };

/* When in a migration state was read. */
enum { FERRY_PHASE_PRE_COPY = 1, FERRY_PHASE_STOP_COPY = 2 };

enum {
  /* Part of the initial data of vfio_precopy_info, and the last of it. */
  FERRY_CHUNK_INITIAL = 1,
  FERRY_CHUNK_LAST_OF_INITIAL = 2,
  /* The iteration of pre-copy ends with this chunk. */
  FERRY_CHUNK_LAST_OF_ITERATION = 4,
  /* The driver announced new initial data before it. */
  FERRY_CHUNK_REINITIALIZED = 8
};

/* How a stream is written. Zeros are what Ferry does unless it is told otherwise. */
typedef struct ferry_writer_options {
  /* FERRY_WRITER_RAW, or 0. */
  uint32_t flags;
  /* zstd's level, 1 to 22, or below 0 for faster ones; 0 for 1. */
  int32_t level;
  /* The most state bytes of a chunk, 64 KiB to 4 MiB; 0 for 1 MiB. */
  uint32_t chunk_size;
  uint32_t reserved;
  /* The state bytes that readers keep for chunks coded against earlier ones; 0 for none. */
  uint64_t window_size;
  /* Seconds since 1970-01-01 UTC; 0 if the stream shall not say. */
  uint64_t time;
  /* The program that writes, and `uname -r` and `-m` of the kernel; NULL: libferry, and nothing. */
  const char *producer;
  const char *kernel_release;
  const char *machine;
} ferry_writer_options;

/* Leave chunks as they are. */
enum { FERRY_WRITER_RAW = 1 };

/* Begins a stream, whose first bytes go out with this call. `options` may be NULL; the sink's
 * function and context are used until the writer is closed. */
ferry_status ferry_writer_open(
    const ferry_sink *sink, const ferry_writer_options *options, ferry_writer *writer,
    ferry_error *error);

/* The same into a descriptor, which stays the caller's and open, and blocks. */
ferry_status ferry_writer_open_fd(
    int fd, const ferry_writer_options *options, ferry_writer *writer, ferry_error *error);

/* Introduces the next device, whose number is *number: all of them before any state. `number` may
 * be NULL. FERRY_ERROR_MISPLACED behind state. If the stream refuses a part of the device, it has
 * half of it, and every later call fails alike. */
ferry_status ferry_writer_introduce(
    ferry_writer writer, const ferry_device *device, uint16_t *number, ferry_error *error);

/* Adds the next bytes of a device's state, as many as there are: chunks are made of them. `flags`
 * (FERRY_CHUNK_...) and `iteration` are those of all these bytes. */
ferry_status ferry_writer_state(
    ferry_writer writer, uint16_t device, uint32_t phase, uint32_t iteration, uint32_t flags,
    const void *bytes, size_t size, ferry_error *error);

/* Sums up and ends the stream; only ferry_close() comes then. Without it the stream is torn, which
 * readers report. */
ferry_status ferry_writer_finish(ferry_writer writer, ferry_error *error);

/* What a reader gives. */
enum {
  /* ferry_reader_next(): the stream has ended, and all of it was checked. ferry_reader_push(): all
   * bytes were taken, and no record is complete. */
  FERRY_RECORD_NONE = 0,
  /* All devices are introduced: ferry_reader_device() has them. The first record that comes. */
  FERRY_RECORD_DEVICES = 1,
  /* A chunk of a device's state: ferry_reader_state() has its bytes. */
  FERRY_RECORD_STATE = 2,
  /* A device's state ends. */
  FERRY_RECORD_SUMMARY = 3,
  /* The content of the stream ends; its index follows. */
  FERRY_RECORD_END = 4
};

typedef struct ferry_record {
  /* FERRY_RECORD_... */
  uint32_t kind;
  /* Of STATE and SUMMARY: the device, counted from 0. */
  uint32_t device;
  /* Where the record begins in the stream. */
  uint64_t offset;
  /* Of DEVICES and END: the number of devices. */
  uint32_t device_count;
  /* Of SUMMARY: whether all of the state was decoded, and has the digest of the summary. */
  uint32_t is_verified;
  /* Of STATE: the place in the device's state. Of SUMMARY and END: 0. */
  uint64_t state_offset;
  /* The number of state bytes: of the chunk, the device, the stream. */
  uint64_t state_size;
  /* Of STATE: FERRY_PHASE_..., the iteration of pre-copy, FERRY_CHUNK_... */
  uint32_t phase;
  uint32_t iteration;
  uint32_t flags;
  uint32_t reserved;
} ferry_record;

/* A reader at the start of a stream. With `source` NULL it is fed by ferry_reader_push(), else it
 * pulls, and the source's function and context are used until it is closed. */
ferry_status ferry_reader_open(
    const ferry_source *source, ferry_reader *reader, ferry_error *error);

/* The same of a descriptor, which stays the caller's and open, and blocks. */
ferry_status ferry_reader_open_fd(int fd, ferry_reader *reader, ferry_error *error);

/* The next record of a reader that pulls. FERRY_RECORD_NONE at the end. A fault of the stream is
 * given again by every later call. */
ferry_status ferry_reader_next(ferry_reader reader, ferry_record *record, ferry_error *error);

/* The next record of a reader that is fed: takes *taken of the `size` bytes, and gives a record or
 * FERRY_RECORD_NONE when all are taken. The rest of the bytes belongs to the next call; with 0
 * bytes the reader goes on with what it has. */
ferry_status ferry_reader_push(
    ferry_reader reader, const void *bytes, size_t size, size_t *taken, ferry_record *record,
    ferry_error *error);

/* Says to a reader that is fed that no more comes. FERRY_ERROR_TORN unless the stream is whole. */
ferry_status ferry_reader_finish(ferry_reader reader, ferry_error *error);

/* What the stream says of a device. The pointers in *device are good until the reader is closed. */
ferry_status ferry_reader_device(
    ferry_reader reader, uint16_t number, ferry_device *device, ferry_error *error);

/* The bytes of the FERRY_RECORD_STATE that came last, decoded; good until the reader's next call.
 * Who does not ask does not pay for it, and the device is not verified then. */
ferry_status ferry_reader_state(
    ferry_reader reader, const void **bytes, size_t *size, ferry_error *error);

typedef struct ferry_stream_totals {
  uint64_t state_size;
  uint32_t device_count;
  /* The devices whose state has no digest by an algorithm that the library knows. */
  uint32_t unverified_count;
} ferry_stream_totals;

/* Reads a stream to its end, and holds every byte of it against checksums, digests, counts and
 * index: the status is that of the first fault, or FERRY_OK. `totals` may be NULL. */
ferry_status ferry_stream_verify(
    const ferry_source *source, ferry_stream_totals *totals, ferry_error *error);

/* A reader that passes over damage: ferry_reader_next() gives what is intact of a stream in any
 * condition, also behind what is not. State may be missing before a FERRY_RECORD_STATE, whose
 * `state_offset` tells; is_verified is 0. A device whose introduction is lost has zeros. The file's
 * function and context are used until it is closed. */
ferry_status ferry_reader_salvage(
    const ferry_file *file, ferry_reader *reader, ferry_error *error);

/* The same of the descriptor of a regular file, which stays the caller's, and where it is. */
ferry_status ferry_reader_salvage_fd(int fd, ferry_reader *reader, ferry_error *error);

typedef struct ferry_range {
  uint64_t offset;
  uint64_t size;
} ferry_range;

/* Ranges in ascending order: the first 1,000, and the count and the bytes of all. */
typedef struct ferry_ranges {
  const ferry_range *ranges;
  size_t count;
  uint64_t all_count;
  uint64_t all_size;
} ferry_ranges;

/* What is wrong with a stream as a whole. The pointers are good until the reader is closed. */
typedef struct ferry_damage {
  /* FERRY_CONDITION_... */
  uint32_t condition;
  /* The devices that are known of. */
  uint32_t device_count;
  /* Records that are missing by their numbers, of which nothing else is known. */
  uint64_t missing_record_count;
  /* The bytes of the file that are no intact record. */
  ferry_ranges damaged;
  /* The status and message of the first fault, as ferry_stream_verify() gives it; NULL for none. */
  ferry_status fault;
  uint32_t reserved;
  const char *message;
} ferry_damage;

enum {
  /* As it was written. */
  FERRY_CONDITION_WHOLE = 0,
  /* What there is is good, but it is torn, or a record or the index is missing. */
  FERRY_CONDITION_INCOMPLETE = 1,
  FERRY_CONDITION_DAMAGED = 2
};

/* What a reader of ferry_reader_salvage() has found, at the end: FERRY_ERROR_ORDER before. */
ferry_status ferry_reader_damage(ferry_reader reader, ferry_damage *damage, ferry_error *error);

/* What of a device is lost. The pointers are good until the reader is closed. */
typedef struct ferry_loss {
  /* Whether nothing is: the state has the digest of its summary, and no record is missing that may
   * have been the device's. */
  uint32_t is_whole;
  /* Whether the record is lost that says which device it is. */
  uint32_t is_identity_lost;
  /* State bytes that are intact. */
  uint64_t intact_size;
  /* State bytes that are missing, as far as that is known. */
  ferry_ranges missing;
  /* From where on more is missing, of unknown length; FERRY_NOWHERE if it is not so. */
  uint64_t missing_from;
} ferry_loss;

/* The same of one device. */
ferry_status ferry_reader_loss(
    ferry_reader reader, uint16_t device, ferry_loss *loss, ferry_error *error);

/* ---- States: what is in the bytes that a driver handed out ---------------------------------- */

/* A device's state, taken apart by its layout. */
typedef uint64_t ferry_state;

/* Takes a copy of a state apart, any bytes: what is wrong with them are findings. `layout` is a
 * name of `ferry layout list`; NULL: the content tells it, and the kernel's `driver` if that is not
 * NULL. FERRY_ERROR_UNDECIDED if they do not. */
ferry_status ferry_state_open(
    const void *bytes, size_t size, const char *layout, const char *driver, ferry_state *state,
    ferry_error *error);

/* What a state is. The pointer is good until it is closed. */
typedef struct ferry_state_summary {
  /* The name of its layout. */
  const char *layout;
  /* How sure that is: FERRY_CERTAINTY_... */
  uint32_t certainty;
  /* Whether nothing is wrong with it. A state that is not sound must not be loaded. */
  uint32_t is_sound;
  /* Whether it ends where its layout does. */
  uint32_t is_complete;
  /* The findings that ferry_state_finding() has. */
  uint32_t finding_count;
  /* Findings beyond those. */
  uint64_t more_findings;
  uint64_t size;
} ferry_state_summary;

enum {
  /* The caller said it. */
  FERRY_CERTAINTY_GIVEN = 0,
  /* A guess, by the length or the driver. */
  FERRY_CERTAINTY_POSSIBLE = 1,
  /* The content has its shape. */
  FERRY_CERTAINTY_LIKELY = 2,
  /* The content says so. */
  FERRY_CERTAINTY_CERTAIN = 3
};

ferry_status ferry_state_summarize(
    ferry_state state, ferry_state_summary *summary, ferry_error *error);

/* What a layout has to say of a state. The pointers are good until the state is closed. */
typedef struct ferry_finding {
  /* FERRY_FINDING_... */
  uint32_t severity;
  uint32_t reserved;
  /* The field, such as "records[2].tag"; "" for the state as a whole. */
  const char *path;
  /* What was expected and what was found. */
  const char *message;
  /* The bytes that it is about. */
  uint64_t offset;
  uint64_t size;
} ferry_finding;

enum {
  FERRY_FINDING_NOTE = 0,
  /* Not as the driver writes it, though it may be accepted. */
  FERRY_FINDING_WARNING = 1,
  /* The state is unsound. */
  FERRY_FINDING_ERROR = 2
};

ferry_status ferry_state_finding(
    ferry_state state, uint32_t index, ferry_finding *finding, ferry_error *error);

/* The state with all fields and findings, as JSON (schemas/dissect.schema.json). */
ferry_status ferry_state_json(ferry_state state, const ferry_sink *json, ferry_error *error);

/* A field of a state. Fields have numbers: the whole state is 0, the fields of a structure and the
 * items of an array have numbers that follow each other. The pointers are good until the state is
 * closed. */
typedef struct ferry_field {
  const char *name;
  /* The label that the layout gives the value, or NULL. */
  const char *meaning;
  /* FERRY_FIELD_... */
  uint32_t kind;
  /* Of a structure or an array: the number of the first child, and how many there are here. */
  uint32_t first_child;
  uint32_t child_count;
  /* Whether `offset` and `size` are there: a computed field has no bytes. */
  uint32_t has_place;
  /* The bytes that it was read from. */
  uint64_t offset;
  uint64_t size;
  /* Of an integer: its value in two's complement of 128 bits, the lower half and the upper. */
  uint64_t integer;
  int64_t integer_upper;
  /* Of an array: the items that are not kept, between the first ones and the last four. */
  uint64_t elided_count;
  /* Of a text, and of bytes if they are kept: NULL where the state has them at `offset`. */
  const void *content;
  uint64_t content_size;
} ferry_field;

enum {
  FERRY_FIELD_INTEGER = 1,
  FERRY_FIELD_TEXT = 2,
  FERRY_FIELD_BYTES = 3,
  FERRY_FIELD_STRUCTURE = 4,
  FERRY_FIELD_ARRAY = 5
};

ferry_status ferry_state_field(
    ferry_state state, uint32_t number, ferry_field *field, ferry_error *error);

/* How to translate a state for a device. Set it to zeros first. */
typedef struct ferry_translation {
  /* The layout of the result; NULL for the same: the state is checked against the facts. */
  const char *layout;
  /* What is known of the target and of the source, as YAML (schemas/device-facts.schema.json);
   * NULL for nothing. */
  const char *target_facts;
  size_t target_facts_size;
  const char *source_facts;
  size_t source_facts_size;
  /* The names of losses that are accepted, as `ferry translate --allow` takes them. */
  const char *const *allowed;
  size_t allowed_count;
  /* FERRY_TRANSLATION_SCRUB, or 0. */
  uint32_t flags;
  uint32_t reserved;
} ferry_translation;

/* Bytes that mean nothing become zeros. */
enum { FERRY_TRANSLATION_SCRUB = 1 };

/* Translates a state without loss, or not at all: *is_accepted says which, and the call succeeds in
 * both cases. The result goes to `output`, if it is accepted; the report, with every rewrite and
 * refusal, to `report`, as one of the `devices` of schemas/translate.schema.json. Either sink may
 * be NULL. `translation` may be NULL: zeros. */
ferry_status ferry_state_translate(
    ferry_state state, const ferry_translation *translation, int32_t *is_accepted,
    const ferry_sink *output, const ferry_sink *report, ferry_error *error);

/* ---- Devices: captured into a stream, and restored from one --------------------------------- */

/* What a VMM does with the VFIO descriptor of a device; states are numbers of enum
 * vfio_device_mig_state. Each function returns the errno that the kernel gives, or 0; what the call
 * cannot go on with, it fails with as FERRY_ERROR_DEVICE. */
typedef struct ferry_device_operations {
  /* VFIO_DEVICE_FEATURE_MIGRATION; 0 in *flags for a driver that cannot migrate. */
  int32_t (*get_abilities)(void *context, uint64_t *flags);
  /* VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, read and set. Setting takes one arc of the kernel's; if
   * it gives a data_fd, that is what `read`, `write` and `get_precopy_size` use from then on. */
  int32_t (*get_state)(void *context, uint32_t *state);
  int32_t (*set_state)(void *context, uint32_t state);
  /* VFIO_DEVICE_FEATURE_MIG_DATA_SIZE. */
  int32_t (*get_stop_copy_size)(void *context, uint64_t *size);
  /* VFIO_MIG_GET_PRECOPY_INFO; *is_reinitialized is VFIO_PRECOPY_INFO_REINIT. */
  int32_t (*get_precopy_size)(
      void *context, uint64_t *initial, uint64_t *dirty, uint32_t *is_reinitialized);
  /* read() and write() of the data_fd, once. */
  int32_t (*read)(void *context, void *bytes, size_t capacity, size_t *count);
  int32_t (*write)(void *context, const void *bytes, size_t size, size_t *count);
  /* VFIO_DEVICE_RESET. */
  int32_t (*reset)(void *context);
  /* The configuration region, as of ferry_config_access; both NULL if there is none. */
  int32_t (*read_config)(void *context, uint32_t offset, uint32_t size, uint32_t *value);
  int32_t (*write_config)(void *context, uint32_t offset, uint32_t size, uint32_t value);
} ferry_device_operations;

/* What can be attached to a device's PASIDs. */
typedef struct ferry_pasid_abilities {
  /* The number of bits of a PASID: 0 to 20, 0 if none can be attached. */
  uint32_t width;
  /* Execute 1, privileged 2. */
  uint32_t permissions;
  /* Bit N: guest page tables of type N (IOMMU_HWPT_DATA_...) can be nested. */
  uint64_t nested_types;
  /* Whether page requests can go to a fault queue: 0 or 1. */
  uint32_t has_fault_queue;
  uint32_t reserved;
} ferry_pasid_abilities;

/* What a VMM does with the iommufd of a device, for PASIDs; errors as above. */
typedef struct ferry_pasid_operations {
  /* IOMMU_GET_HW_INFO. *abilities is zeros before. */
  int32_t (*get_pasid_abilities)(void *context, ferry_pasid_abilities *abilities);
  /* Makes every address space that bindings name (IOMMU_HWPT_ALLOC); none is left on failure. */
  int32_t (*allocate_domains)(
      void *context, const ferry_pasid_domain *domains, size_t domain_count);
  /* VFIO_DEVICE_ATTACH_IOMMUFD_PT and VFIO_DEVICE_DETACH_IOMMUFD_PT, with a PASID. */
  int32_t (*attach_pasid)(void *context, const ferry_pasid_binding *binding);
  int32_t (*detach_pasid)(void *context, uint32_t pasid);
  /* Undoes allocate_domains, once nothing is attached. */
  void (*release_domains)(void *context);
} ferry_pasid_operations;

/* A VFIO device whose descriptors the VMM has open, and which the library makes the calls to. */
typedef uint64_t ferry_vfio;

/* The descriptors stay the VMM's, and open. Set it to zeros first. */
typedef struct ferry_vfio_descriptors {
  /* That of the device. */
  int32_t device;
  /* FERRY_VFIO_...: which of the members below are given. */
  uint32_t parts;
  /* That of /dev/iommu, and the numbers that it gave for the device (VFIO_DEVICE_BIND_IOMMUFD) and
   * for the address space of its own requests (IOMMU_IOAS_ALLOC). */
  int32_t iommufd;
  uint32_t device_id;
  uint32_t address_space;
  uint32_t reserved;
} ferry_vfio_descriptors;

enum {
  /* iommufd and device_id. */
  FERRY_VFIO_IOMMUFD = 1,
  /* address_space, with FERRY_VFIO_IOMMUFD; for the devices that get PASIDs attached. */
  FERRY_VFIO_ADDRESS_SPACE = 2
};

/* A device that is open. Its driver is asked of sysfs and procfs. FERRY_ERROR_DEVICE if the
 * descriptor is of none. */
ferry_status ferry_vfio_open(
    const ferry_vfio_descriptors *descriptors, ferry_vfio *device, ferry_error *error);

/* What a replay has made in the iommufd for an address space that PASIDs are bound to. It stays
 * when the device is closed. */
typedef struct ferry_vfio_domain {
  /* As of the ferry_pasid_domain. */
  uint32_t id;
  /* The number of its page table (IOMMU_HWPT_ALLOC). */
  uint32_t page_table;
  /* The number of the address space that the VMM has to map (IOMMU_IOAS_ALLOC); 0 if nested. */
  uint32_t address_space;
  /* That of its fault queue, open until the device is closed here; -1 for none. */
  int32_t fault_queue;
} ferry_vfio_domain;

/* The domain with this index, in the order of the stream's; FERRY_ERROR_ARGUMENT if there are not
 * as many. */
ferry_status ferry_vfio_get_domain(
    ferry_vfio device, uint32_t index, ferry_vfio_domain *domain, ferry_error *error);

/* A device in a migration. Set it to zeros first. */
typedef struct ferry_migration_device {
  /* NULL, with `context` and config_size, for a device of ferry_vfio_open(). */
  const ferry_device_operations *operations;
  void *context;
  /* What is known of it; NULL for nothing. A capture writes all of it into the stream, but for
   * `physical` and what the driver says itself, or the kernel of a device of ferry_vfio_open(). */
  const ferry_device *known;
  /* The number of bytes of the configuration region, 0 if there is none. */
  uint32_t config_size;
  /* Of a replay: which of the stream's devices it takes. */
  uint32_t number;
  /* For PASIDs, with the same context; NULL if the VMM attaches them itself. */
  const ferry_pasid_operations *pasid_operations;
  /* A device of ferry_vfio_open(), in place of all operations; else 0. */
  ferry_vfio vfio;
} ferry_migration_device;

/* How far a capture or a replay has come. */
typedef struct ferry_progress {
  /* FERRY_PROGRESS_... */
  uint32_t phase;
  /* Of RUNNING: the round, counted from 0. */
  uint32_t iteration;
  /* State bytes that were read or taken so far. */
  uint64_t state_size;
  /* Of a capture what is left, of a replay the whole, by the drivers' estimates; UINT64_MAX if they
   * do not say. */
  uint64_t expected_size;
} ferry_progress;

enum {
  /* State is read while the devices run, and once they are stopped. */
  FERRY_PROGRESS_RUNNING = 1,
  FERRY_PROGRESS_STOPPED = 2,
  /* The stream is held against the devices, is read to its end, and goes into the devices. */
  FERRY_PROGRESS_CHECKING = 3,
  FERRY_PROGRESS_VERIFYING = 4,
  FERRY_PROGRESS_WRITING = 5
};

/* Who hears of a migration, and may end it. Each function may be NULL. */
typedef struct ferry_observer {
  /* After each chunk. */
  void (*progress)(void *context, const ferry_progress *progress);
  /* Asked between reads: other than 0 ends it, and brings the devices back. */
  int32_t (*is_cancelled)(void *context);
  void *context;
} ferry_observer;

/* How a device was left. */
enum {
  FERRY_OUTCOME_UNTOUCHED = 0,
  /* It runs, and nothing of its state is lost. */
  FERRY_OUTCOME_RUNNING_AS_BEFORE = 1,
  /* It runs with the state of the stream. */
  FERRY_OUTCOME_RESTORED = 2,
  /* It is stopped, with all of its state. */
  FERRY_OUTCOME_STOPPED = 3,
  /* It was reset: it runs, and its state is lost. */
  FERRY_OUTCOME_FRESH = 4,
  /* The same of a device that a reset is not known to clear. */
  FERRY_OUTCOME_RESET = 5,
  /* It could not be brought back, and needs a reset. */
  FERRY_OUTCOME_UNUSABLE = 6
};

typedef struct ferry_migration_summary {
  uint64_t state_size;
  uint64_t downtime_ns;
  uint64_t duration_ns;
  /* Of a capture: the rounds of pre-copy. */
  uint32_t iteration_count;
  uint32_t reserved;
} ferry_migration_summary;

/* How devices are captured. Zeros are what `ferry capture` does unless it is told otherwise. */
typedef struct ferry_capture_options {
  /* FERRY_CAPTURE_... */
  uint32_t flags;
  /* Rounds of pre-copy at most; 0 for 30. */
  uint32_t iteration_limit;
  /* The devices stop once the rest is expected to take no longer; 0 for 300. */
  uint32_t downtime_limit_ms;
  uint32_t reserved;
  /* State bytes a second while the devices run; 0 for as many as there are. */
  uint64_t bandwidth;
  /* How the stream is written; NULL as in ferry_writer_open(). */
  const ferry_writer_options *stream;
  ferry_observer observer;
} ferry_capture_options;

enum {
  /* Read nothing while the devices run. */
  FERRY_CAPTURE_WITHOUT_PRE_COPY = 1,
  /* Let the devices run on once the stream has its end. */
  FERRY_CAPTURE_RESUME = 2,
  /* Capture several devices though not all can be kept from reaching into each other. */
  FERRY_CAPTURE_WITHOUT_P2P = 4
};

/* Takes devices from RUNNING into one stream, in the order of their numbers, and leaves them in
 * STOP. Whatever fails, and if it is cancelled, they run again with all of their state, which
 * outcomes[0..count-1] (FERRY_OUTCOME_...) says; those are written on failure too, and may be NULL,
 * as `options` and `summary`. No other object is needed: devices are used until the call
 * returns. */
ferry_status ferry_capture(
    const ferry_migration_device *devices, size_t count, const ferry_capture_options *options,
    const ferry_sink *sink, uint32_t *outcomes, ferry_migration_summary *summary,
    ferry_error *error);

/* How devices are restored. Zeros are what `ferry replay` does unless it is told otherwise. */
typedef struct ferry_replay_options {
  /* FERRY_REPLAY_... */
  uint32_t flags;
  uint32_t reserved;
  ferry_observer observer;
} ferry_replay_options;

enum {
  /* Check the stream to its end, and whether the devices can take it; touch none. */
  FERRY_REPLAY_CHECK = 1,
  /* Leave the devices in STOP with the state loaded. */
  FERRY_REPLAY_LEAVE_STOPPED = 2,
  /* Give a device state in which its layout found an error. */
  FERRY_REPLAY_UNSOUND = 4,
  /* Refuse what could not be checked. */
  FERRY_REPLAY_STRICT = 8,
  /* As FERRY_CAPTURE_WITHOUT_P2P. */
  FERRY_REPLAY_WITHOUT_P2P = 16,
  /* Attach the PASIDs that the stream's devices had bound: each device has pasid_operations, or is
   * of ferry_vfio_open(). */
  FERRY_REPLAY_BINDINGS = 32
};

/* Restores devices from a stream and has them run. All that can be checked is checked before a
 * device is touched; no device runs unless the whole stream was verified. State and the registers
 * that a guest programs are restored, PASIDs with FERRY_REPLAY_BINDINGS; interrupts and what the
 * guest saw are the VMM's. */
ferry_status ferry_replay(
    const ferry_source *source, const ferry_migration_device *devices, size_t count,
    const ferry_replay_options *options, uint32_t *outcomes, ferry_migration_summary *summary,
    ferry_error *error);

#ifdef __cplusplus
}
#endif

#endif
