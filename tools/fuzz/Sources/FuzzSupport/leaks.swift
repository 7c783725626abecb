@_silgen_name("__lsan_disable") private func pauseLeakDetection()
@_silgen_name("__lsan_enable") private func resumeLeakDetection()

/// Makes what is kept to the end, such as a constant, which LeakSanitizer is then not to look for.
///
/// It sees no pointer that carries the case of an indirect enum in its highest bits, as Swift has
/// it where there are many cases: what is reachable through such alone it takes for lost, the same
/// bytes after any number of inputs. What each input allocates is still looked for, and what is
/// parsed and released is too, by the targets that parse their inputs.
public func keptToTheEnd<Value>(_ make: () -> Value) -> Value {
  pauseLeakDetection()
  defer { resumeLeakDetection() }
  return make()
}
