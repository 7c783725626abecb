import Benchmark
import ByteIO
import StateLayout
import StateTranslation

/// Structured states taken apart and translated, and opaque ones streamed through. The goals:
/// microseconds for the first, no less than half of a copy's speed for the second.
let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration.metrics = [.wallClock, .throughput]
  Benchmark.defaultConfiguration.maxDuration = .seconds(2)
  for (name, make) in [("hisi_acc-v2", States.hisi), ("virtio, 17 queues", States.virtio)] {
    Benchmark("dissect \(name)") { benchmark in
      guard let state = make() else { return benchmark.error("no state") }
      benchmark.startMeasurement()
      for _ in benchmark.scaledIterations { blackHole(state.layout.dissect(state.bytes)) }
    }
    Benchmark("translate \(name)") { benchmark in
      guard let state = make() else { return benchmark.error("no state") }
      let translator = Translator(for: state.facts)
      benchmark.startMeasurement()
      for _ in benchmark.scaledIterations {
        let outcome = translator.translate(state.bytes, from: state.layout, to: state.target)
        guard outcome.state != nil else { return benchmark.error("refused") }
        blackHole(outcome)
      }
    }
  }
  Benchmark("translate mlx5-raw, 64 MiB, streamed") { benchmark in
    guard let raw = Layout.named("mlx5-raw"), let tagged = Layout.named("mlx5") else { return }
    let image = [UInt8](repeating: 0x5a, count: 64 << 20)
    var target = ByteBuffer(capacity: 1 << 18)
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      let outcome = Translator(for: DeviceFacts()).translate(image, from: raw, to: tagged)
      outcome.state?.forEach(from: StateBytes(image)) { span in
        target.removeAll()
        target.append(span)
      }
    }
  }
  Benchmark("copy 64 MiB, for comparison") { benchmark in
    let image = [UInt8](repeating: 0x5a, count: 64 << 20)
    var target = ByteBuffer(capacity: 64 << 20)
    target.append(image)
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      target.removeAll()
      target.append(image)
    }
  }
}
