import Benchmark
import PCIConfig

/// Accesses of a virtual configuration space, as a VMM serves them in the path of a VM exit. The
/// goal: below 50 ns a read.
let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration.metrics = [.wallClock, .throughput]
  Benchmark.defaultConfiguration.scalingFactor = .mega
  Benchmark.defaultConfiguration.maxDuration = .seconds(2)
  for access in Access.all {
    Benchmark("\(access.name), a million") { benchmark in
      guard var space = Access.space() else { return benchmark.error("no virtual space") }
      benchmark.startMeasurement()
      for index in benchmark.scaledIterations { blackHole(access.run(&space, index)) }
    }
  }
}
