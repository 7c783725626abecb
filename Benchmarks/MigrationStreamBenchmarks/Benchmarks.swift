import Benchmark
import Workloads

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration.metrics = [.wallClock, .throughput, .peakMemoryResident]
  Benchmark.defaultConfiguration.maxDuration = .seconds(3)
  for workload in Workload.all(byteCount: 64 << 20) {
    Benchmark("\(workload.name), \(workload.byteCount >> 20) MiB") { benchmark in
      for _ in benchmark.scaledIterations { workload.run() }
    }
  }
}
