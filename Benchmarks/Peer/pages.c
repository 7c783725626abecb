// Guest memory as a migration meets it: a quarter each zero, code-like, text-like and random pages.

#include <string.h>

#include "CPeer.h"

enum { PAGE = CPEER_PAGE };

static uint64_t next(uint64_t *state) { // SplitMix64, as in Tests/TestSupport
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Small numbers often, large ones seldom, below `count`: as words and instructions are.
static unsigned skewed(uint64_t random, unsigned count) {
  uint64_t a = random & 0xffff, b = random >> 16 & 0xffff;
  return (unsigned)((a * b >> 16) * count >> 16);
}

enum { WORDS = 4096 };
static char words[WORDS][16];
static uint8_t lengths[WORDS];

static void make_words(void) {
  static const char letters[] = "etaoinshrdlcumwfgypbvketaoinshrdlueotain";
  uint64_t state = 1;
  for (int word = 0; word < WORDS; word++) {
    uint64_t random = next(&state), spelling = next(&state);
    lengths[word] = (uint8_t)(1 + random % 4 + random / 4 % 6);
    for (int i = 0; i < lengths[word]; i++, spelling /= 40) words[word][i] = letters[spelling % 40];
  }
}

// Says again, now and then, a piece of what the page said before. Returns how far the page is filled.
static size_t echo(uint8_t *page, size_t at, uint64_t random) {
  if (at < 64 || (random & 3)) return at;
  size_t back = 8 + skewed(random >> 2, (unsigned)at - 8), length = 8 + (random >> 40 & 31);
  for (size_t i = 0; i < length && at < PAGE; i++, at++) page[at] = page[at - back];
  return at;
}

static void text_page(uint8_t *page, uint64_t *state) {
  size_t at = 0;
  while ((at = echo(page, at, next(state))) < PAGE) {
    uint64_t random = next(state);
    unsigned word = skewed(random, WORDS);
    for (int i = 0; i < lengths[word] && at < PAGE; i++) page[at++] = (uint8_t)words[word][i];
    unsigned mark = random >> 32 & 63;
    if (mark < 4 && at < PAGE) page[at++] = (uint8_t)",.;:"[mark];
    if (at < PAGE) page[at++] = mark == 1 ? '\n' : ' ';
  }
}

// x86-64 as compilers write it. In a template, 01 stands for a register field, 02 for a small and 03 for a large number.
static void code_page(uint8_t *page, uint64_t *state) {
  static const struct { uint8_t length, bytes[8], kinds[8]; } forms[] = {
    {3, {0x48, 0x89, 0xc0}, {0, 0, 1}},                      // mov reg, reg
    {4, {0x48, 0x8b, 0x40, 0}, {0, 0, 1, 2}},                // mov reg, [reg + disp8]
    {5, {0xe8, 0, 0, 0, 0xff}, {0, 3, 3, 2, 0}},             // call
    {4, {0x48, 0x89, 0x44, 0x24}, {0, 0, 1, 0}},             // mov [rsp + disp8], reg
    {2, {0x74, 0}, {0, 2}},                                  // je
    {3, {0x48, 0x85, 0xc0}, {0, 0, 1}},                      // test reg, reg
    {7, {0x48, 0x8d, 0x05, 0, 0, 0, 0}, {0, 0, 1, 3, 3, 2}}, // lea reg, [rip + disp32]
    {5, {0x0f, 0x1f, 0x44, 0x00, 0x00}, {0}},                // nop
    {2, {0x31, 0xc0}, {0, 1}},                               // xor reg, reg
    {4, {0x48, 0x83, 0xc0, 0}, {0, 0, 1, 2}},                // add reg, imm8
    {6, {0x0f, 0x84, 0, 0, 0, 0}, {0, 0, 3, 2}},             // je rel32
    {2, {0x41, 0x57}, {0, 1}},                               // push
    {1, {0xc3}, {0}},                                        // ret
    {5, {0xb8, 0, 0, 0, 0}, {1, 2, 0, 0, 0}},                // mov reg, imm32
    {8, {0xf2, 0x0f, 0x10, 0x80, 0, 0, 0, 0}, {0, 0, 0, 1, 3, 2}},
  };
  size_t at = 0;
  while ((at = echo(page, at, next(state))) < PAGE) {
    uint64_t random = next(state);
    unsigned form = skewed(random, sizeof forms / sizeof *forms);
    uint64_t value = random >> 32;
    for (int i = 0; i < forms[form].length && at < PAGE; i++) {
      uint8_t byte = forms[form].bytes[i];
      switch (forms[form].kinds[i]) {
        case 1: byte ^= (uint8_t)skewed(value * 0x9e3779b1, 16); break;
        case 2: byte = (uint8_t)(skewed(value * 0x85ebca6b, 32) * 8); break;
        case 3: byte = (uint8_t)(value >> i); break;
      }
      page[at++] = byte;
    }
  }
}

uint64_t cpeer_random(uint64_t *state) { return next(state); }

void cpeer_pages(uint8_t *pages, uint64_t first, uint64_t count, uint64_t seed) {
  if (!lengths[0]) make_words();
  for (uint64_t i = 0; i < count; i++) {
    uint64_t state = seed * 0x2545f4914f6cdd1d + first + i;
    uint8_t *page = pages + i * PAGE;
    switch (next(&state) & 3) { // by page, so that no chunk of a useful size is of one kind
      case 0: memset(page, 0, PAGE); break;
      case 1: code_page(page, &state); break;
      case 2: text_page(page, &state); break;
      default:
        for (size_t at = 0; at < PAGE; at += 8) {
          uint64_t random = next(&state);
          memcpy(page + at, &random, 8);
        }
    }
  }
}
