// For LD_PRELOAD into a program with AddressSanitizer: looks for leaks at exit, and knows the pointers that Swift tags.
//
// Swift says in the high byte of a pointer which case an enum is, or which kind a string, and keeps a pointer to an object's
// weak references shifted in its count of references. LeakSanitizer takes no such word for a pointer, and reports what only
// such words hold. Before it looks, this collects what live memory has of them and makes that a root. What leaks itself is
// still found: nothing points to it, tagged or not. Not found is what only a tagged pointer in something leaked holds, but
// then the holder is, unless it is a circle of tagged pointers alone.
//
// LeakSanitizer's own look at exit comes too early for that; LSAN_OPTIONS=leak_check_at_exit=0 turns it off.

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Programs without the sanitizer, which inherit the preload, have none of these.
#define WEAK __attribute__((weak))
WEAK extern void __lsan_register_root_region(const void *, size_t);
WEAK extern void __lsan_do_leak_check(void);
WEAK extern const void *__sanitizer_get_allocated_begin(const void *);
WEAK extern int __asan_address_is_poisoned(const volatile void *);
WEAK extern void __asan_get_shadow_mapping(size_t *, size_t *);

enum { MOST_ROOTS = 1 << 26 };
static uintptr_t *roots;
static size_t root_count;

static void add_root(uintptr_t address, const uintptr_t *word) {
  if (address < 0x100000000000 || address >> 47 != 0) return; // below every heap
  if (__asan_address_is_poisoned(word)) return;               // freed
  if (!__sanitizer_get_allocated_begin((void *)address)) return;
  if (root_count == MOST_ROOTS) abort();
  roots[root_count++] = address;
}

static void scan(const uintptr_t *word, const uintptr_t *end) {
  for (; word < end; word++) {
    if (*word >> 56 == 0) continue;
    add_root(*word & 0x00fffffffffffff8, word);
    if (*word >> 62 == 3) add_root(*word << 3 & 0x0000fffffffffff8, word);
  }
}

static void check_leaks(void) {
  static char maps[1 << 22];
  int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  for (ssize_t count; (count = read(file, maps + length, sizeof maps - 1 - length)) > 0;) length += count;
  close(file);

  roots = mmap(NULL, MOST_ROOTS * sizeof *roots, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (roots == MAP_FAILED) abort();
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
  // A region without bytes is refused.
  if (root_count) __lsan_register_root_region(roots, root_count * sizeof *roots);
  __lsan_do_leak_check();
}

__attribute__((constructor)) static void begin(void) {
  if (__lsan_register_root_region) atexit(check_leaks);
}
