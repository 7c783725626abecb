// The compiler calls libFuzzer at each comparison, which takes a sixth of the time. libFuzzer keeps
// the last few dozen, to put the one value into inputs where the other is. (It has value profiles
// of them too, which are off.) In C, because what is compiled by Swift would itself be instrumented.
#include "comparisons.h"

#define PLAIN __attribute__((no_sanitize("address", "coverage")))

// Of bytes: they are mostly cases of enums.
PLAIN void __wrap___sanitizer_cov_trace_const_cmp1(uint8_t constant, uint8_t other) {}

// With a small constant: counts of nothing, null pointers and cases, of which an input has no word.
PLAIN void __wrap___sanitizer_cov_trace_const_cmp8(uint64_t constant, uint64_t other) {
  if (constant > UINT8_MAX && constant != other)
    __real___sanitizer_cov_trace_const_cmp8(constant, other);
}

// Of what is equal there is nothing to put in its place.
PLAIN void __wrap___sanitizer_cov_trace_cmp8(uint64_t one, uint64_t other) {
  if (one != other) __real___sanitizer_cov_trace_cmp8(one, other);
}
