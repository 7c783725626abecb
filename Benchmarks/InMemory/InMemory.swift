import Workloads

/// Prints the GB/s of every workload, each the best of several that took turns; for tools/bench.
@main struct InMemory {
  static func main() {
    let clock = ContinuousClock()
    let workloads = Workload.all(byteCount: 64 << 20)
    var best = [Double](repeating: 0, count: workloads.count)
    for _ in 0..<9 {
      for (index, workload) in workloads.enumerated() {
        let time = clock.measure(workload.run)
        best[index] = max(best[index], Double(workload.byteCount) / (time / .nanoseconds(1)))
      }
    }
    for (workload, rate) in zip(workloads, best) { print(workload.name, rate) }
  }
}
