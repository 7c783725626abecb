// For LD_PRELOAD into a program with AddressSanitizer: looks for leaks at exit, and knows the pointers that Swift tags.
// LeakSanitizer's own look comes too early: LSAN_OPTIONS=leak_check_at_exit=0 turns it off.
//
// Swift says in the high byte of a pointer which case an enum is, or which kind a string. LeakSanitizer takes no such word
// for a pointer, and reports what only such words hold. Before it looks, this collects what live memory holds of them and
// makes that a root. What leaks itself is still found: nothing points to it, tagged or not. Not found is what only a tagged
// pointer in something leaked holds, but then the holder is, unless it is a circle of tagged pointers alone.

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WEAK __attribute__((weak))
WEAK extern void __lsan_register_root_region(const void *, size_t);
WEAK extern void __lsan_do_leak_check(void);
WEAK extern const void *__sanitizer_get_allocated_begin(const void *);
WEAK extern int __asan_address_is_poisoned(const volatile void *);
WEAK extern void __asan_get_shadow_mapping(size_t *, size_t *);

enum { MAXIMUM = 1 << 26 };
static const uintptr_t *roots_end;
static uintptr_t *root;

static void scan(const uintptr_t *word, const uintptr_t *end) {
  for (; word < end && root < roots_end; word++) {
    uintptr_t address = *word & 0x00fffffffffffff8;
    if (*word >> 56 == 0 || address < 0x100000000000 || address >> 47 != 0) continue;
    if (__asan_address_is_poisoned(word)) continue; // freed
    if (__sanitizer_get_allocated_begin((void *)address)) *root++ = address;
  }
}

static void check_leaks(void) {
  static char maps[1 << 22];
  int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  size_t used = 0;
  for (ssize_t count; (count = read(file, maps + used, sizeof maps - 1 - used)) > 0;) used += count;
  close(file);

  root = mmap(NULL, MAXIMUM * sizeof *root, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (root == MAP_FAILED) abort();
  const uintptr_t *first = root;
  roots_end = root + MAXIMUM;

  size_t scale, shadow;
  __asan_get_shadow_mapping(&scale, &shadow);
  size_t shadow_end = shadow + ((size_t)1 << (47 - scale));
  for (char *line = maps; line && *line; line = strchr(line, '\n'), line += line != NULL) {
    size_t start, end;
    char mode[5];
    if (sscanf(line, "%zx-%zx %4s", &start, &end, mode) != 3 || strncmp(mode, "rw", 2)) continue;
    if (start < shadow_end && end > shadow) continue;
    scan((uintptr_t *)start, (uintptr_t *)end);
  }
  __lsan_register_root_region(first, (root - first) * sizeof *root);
  __lsan_do_leak_check();
}

__attribute__((constructor)) static void begin(void) {
  if (__lsan_register_root_region) atexit(check_leaks);
}
