import CFerry

/// A status of `ferry.h`, by the name that it has there without `FERRY_`.
enum Status: Sendable, CaseIterable {
  case ok, argument, handle, busy, limit, buffer, order, callback
  case profile, space, refused, mismatch
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
    case .profile: (FERRY_ERROR_PROFILE, "FERRY_ERROR_PROFILE")
    case .space: (FERRY_ERROR_SPACE, "FERRY_ERROR_SPACE")
    case .refused: (FERRY_ERROR_REFUSED, "FERRY_ERROR_REFUSED")
    case .mismatch: (FERRY_ERROR_MISMATCH, "FERRY_ERROR_MISMATCH")
    }
  }

  /// The number that a function returns.
  var number: ferry_status { ferry_status(definition.number) }
}
