/// The kernel's log, for a run on one of its devices.
public protocol KernelLog: AnyObject {
  /// The records that came since it was last asked, as /dev/kmsg has them, or why they cannot be
  /// read.
  func records() -> KernelLogRecords
}

/// What was read of the kernel's log.
public enum KernelLogRecords: Sendable, Hashable {
  /// Its records, each as /dev/kmsg gives it.
  case read([String])
  /// It could not be read, for this reason.
  case unread(String)
}

/// A record of the kernel's log by which something went wrong in it.
struct KernelComplaint {
  let text: String

  // The words of an oops, a panic, a warning, a sanitizer and lockdep (Linux 7.2).
  private static let words = [
    "BUG:", "kernel BUG at", "WARNING:", "Oops", "general protection fault", "Internal error:",
    "Unable to handle kernel", "KASAN:", "UBSAN:", "KCSAN:", "INFO: task", "INFO: possible",
    "INFO: rcu", "Kernel panic", "soft lockup", "stack segment:", "divide error:",
  ]

  /// The complaint in a record of the kernel's own; nil if it is another's, or none.
  ///
  /// A record is `PRIORITY,NUMBER,TIME,FLAGS;TEXT`, whose priority has the facility above its
  /// lowest three bits, 0 for the kernel (Documentation/ABI/testing/dev-kmsg).
  init?(_ record: String) {
    guard let end = record.firstIndex(of: ";"), let priority = Int(record.prefix { $0 != "," }),
      priority >> 3 == 0
    else { return nil }
    let text = record[record.index(after: end)...].prefix { $0 != "\n" }
    guard Self.words.contains(where: { text.firstRange(of: $0) != nil }) else { return nil }
    self.text = String(text)
  }
}
