#pragma once

// What `tools/fuzz/run` has the linker put between the compiled code and libFuzzer: for each
// comparison, `__wrap_` is called, and `__real_` is libFuzzer's own.
#include <stdint.h>

void __wrap___sanitizer_cov_trace_const_cmp1(uint8_t constant, uint8_t other);
void __wrap___sanitizer_cov_trace_const_cmp8(uint64_t constant, uint64_t other);
void __wrap___sanitizer_cov_trace_cmp8(uint64_t one, uint64_t other);
void __real___sanitizer_cov_trace_const_cmp8(uint64_t constant, uint64_t other);
void __real___sanitizer_cov_trace_cmp8(uint64_t one, uint64_t other);
