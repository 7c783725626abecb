import CFerry

/// A status of `ferry.h`, by the name that it has there without `FERRY_`.
enum Status: Sendable, CaseIterable {
  case ok, argument, handle, busy, limit, buffer, order, callback, system
  case profile, space, refused, mismatch
  case notAStream, unsupported, limitExceeded, unwilling, checksum, malformed, misplaced
  case inconsistent, torn, trailing, compression
  case layout, undecided, facts
  case device, cancelled, incompatible, unverified
}

extension Status {
  /// The number, and its name in the header.
  var definition: (number: Int, name: StaticString) {
    switch self {
    case .ok: (FERRY_OK, "FERRY_OK")
    case .argument: (FERRY_ERROR_ARGUMENT, "FERRY_ERROR_ARGUMENT")
    case .handle: (FERRY_ERROR_HANDLE, "FERRY_ERROR_HANDLE")
    case .busy: (FERRY_ERROR_BUSY, "FERRY_ERROR_BUSY")
    case .limit: (FERRY_ERROR_LIMIT, "FERRY_ERROR_LIMIT")
    case .buffer: (FERRY_ERROR_BUFFER, "FERRY_ERROR_BUFFER")
    case .order: (FERRY_ERROR_ORDER, "FERRY_ERROR_ORDER")
    case .callback: (FERRY_ERROR_CALLBACK, "FERRY_ERROR_CALLBACK")
    case .system: (FERRY_ERROR_SYSTEM, "FERRY_ERROR_SYSTEM")
    case .profile: (FERRY_ERROR_PROFILE, "FERRY_ERROR_PROFILE")
    case .space: (FERRY_ERROR_SPACE, "FERRY_ERROR_SPACE")
    case .refused: (FERRY_ERROR_REFUSED, "FERRY_ERROR_REFUSED")
    case .mismatch: (FERRY_ERROR_MISMATCH, "FERRY_ERROR_MISMATCH")
    case .notAStream: (FERRY_ERROR_NOT_A_STREAM, "FERRY_ERROR_NOT_A_STREAM")
    case .unsupported: (FERRY_ERROR_UNSUPPORTED, "FERRY_ERROR_UNSUPPORTED")
    case .limitExceeded: (FERRY_ERROR_LIMIT_EXCEEDED, "FERRY_ERROR_LIMIT_EXCEEDED")
    case .unwilling: (FERRY_ERROR_UNWILLING, "FERRY_ERROR_UNWILLING")
    case .checksum: (FERRY_ERROR_CHECKSUM, "FERRY_ERROR_CHECKSUM")
    case .malformed: (FERRY_ERROR_MALFORMED, "FERRY_ERROR_MALFORMED")
    case .misplaced: (FERRY_ERROR_MISPLACED, "FERRY_ERROR_MISPLACED")
    case .inconsistent: (FERRY_ERROR_INCONSISTENT, "FERRY_ERROR_INCONSISTENT")
    case .torn: (FERRY_ERROR_TORN, "FERRY_ERROR_TORN")
    case .trailing: (FERRY_ERROR_TRAILING, "FERRY_ERROR_TRAILING")
    case .compression: (FERRY_ERROR_COMPRESSION, "FERRY_ERROR_COMPRESSION")
    case .layout: (FERRY_ERROR_LAYOUT, "FERRY_ERROR_LAYOUT")
    case .undecided: (FERRY_ERROR_UNDECIDED, "FERRY_ERROR_UNDECIDED")
    case .facts: (FERRY_ERROR_FACTS, "FERRY_ERROR_FACTS")
    case .device: (FERRY_ERROR_DEVICE, "FERRY_ERROR_DEVICE")
    case .cancelled: (FERRY_ERROR_CANCELLED, "FERRY_ERROR_CANCELLED")
    case .incompatible: (FERRY_ERROR_INCOMPATIBLE, "FERRY_ERROR_INCOMPATIBLE")
    case .unverified: (FERRY_ERROR_UNVERIFIED, "FERRY_ERROR_UNVERIFIED")
    }
  }

  /// The number that a function returns.
  var number: ferry_status { ferry_status(definition.number) }
}
