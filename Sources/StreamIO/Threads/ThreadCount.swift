private import Glibc

/// How many threads code chunks.
public struct ThreadCount: Sendable, Hashable {
  /// The number, within `range`.
  public let rawValue: Int

  /// The most threads that are of use: what feeds them is one.
  public static let range = 1...256

  /// `count` threads; nil outside `range`.
  public init?(_ count: Int) {
    guard Self.range.contains(count) else { return nil }
    rawValue = count
  }

  private init(clamping count: Int) {
    rawValue = min(max(count, Self.range.lowerBound), Self.range.upperBound)
  }

  /// One: chunks are coded where they are read and written, and no thread is started.
  public static let one = ThreadCount(clamping: 1)

  /// The threads for one of `count` users: one at least.
  public func share(of count: Int) -> ThreadCount {
    ThreadCount(clamping: rawValue / max(count, 1))
  }

  /// As many as there are processors that this process may use.
  ///
  /// The affinity mask is read as the kernel prints it, for Glibc hides `sched_getaffinity` behind
  /// `_GNU_SOURCE`.
  public static var processors: ThreadCount {
    let status = try? InputFile(path: "/proc/self/status").contents(limit: 1 << 20)
    let lines = String(decoding: status ?? [], as: UTF8.self).split(separator: "\n")
    guard let mask = lines.first(where: { $0.hasPrefix("Cpus_allowed:") }) else {
      return ThreadCount(clamping: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }
    let digits = mask.drop { $0 != "\t" }.compactMap(\.hexDigitValue)
    return ThreadCount(clamping: digits.reduce(0) { $0 + $1.nonzeroBitCount })
  }
}
