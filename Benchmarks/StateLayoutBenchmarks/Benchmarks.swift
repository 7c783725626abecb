import Benchmark
import ByteIO
import StateLayout

/// Structured states are taken apart in microseconds; opaque state streams at no less than half the
/// speed of a copy.
let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration.metrics = [.wallClock, .throughput]
  Benchmark.defaultConfiguration.maxDuration = .seconds(2)
  for (name, bytes) in [("mtty", ExampleState.mtty), ("virtio", ExampleState.virtio)] {
    guard let layout = Layout.named(name) else { continue }
    Benchmark("\(name), \(bytes.count) bytes, taken apart") { benchmark in
      for _ in benchmark.scaledIterations { blackHole(layout.dissect(bytes)) }
    }
    Benchmark("\(name), \(bytes.count) bytes, written again") { benchmark in
      let tree = layout.dissect(bytes)
      benchmark.startMeasurement()
      for _ in benchmark.scaledIterations { blackHole(try tree.encode()) }
    }
    Benchmark("\(name), told apart from the others") { benchmark in
      for _ in benchmark.scaledIterations {
        blackHole(Layout.detect(prefix: bytes, byteCount: UInt64(bytes.count)))
      }
    }
  }
  Benchmark("64 MiB of mlx5, taken apart and streamed") { benchmark in
    guard let layout = Layout.named("mlx5") else { return benchmark.error("no layout") }
    let source = StateBytes(ExampleState.mlx5)
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      var count = 0
      try layout.dissect(source).encode().forEach(from: source) { (span) throws(Never) in
        count += span.byteCount
      }
      blackHole(count)
    }
  }
  Benchmark("64 MiB copied into memory that was used before") { benchmark in
    let bytes = ExampleState.mlx5
    var target = ByteBuffer(capacity: bytes.count)
    target.append(bytes)
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      target.removeAll()
      target.append(bytes)
    }
  }
}
