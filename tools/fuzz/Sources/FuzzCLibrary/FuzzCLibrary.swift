import CFerry
import FerryC
import FuzzSupport

/// The layouts and translations, which the library parses once; see `keptToTheEnd`.
private let isReady = keptToTheEnd {
  var (state, isAccepted): (ferry_state, Int32) = (0, 0)
  _ = mttyState.withUnsafeBytes {
    ferry_state_open($0.baseAddress, $0.count, "mtty", nil, &state, nil)
  }
  _ = ferry_state_translate(state, nil, &isAccepted, nil, nil, nil)
  return ferry_close(state, nil) == FERRY_OK
}

/// The entry point of libFuzzer.
///
/// An input is a sequence of calls of libferry's functions: a byte for the function, then what its
/// arguments are made of. Handles are those that were given, closed or not, and numbers that never
/// were. What must hold: no crash, no leak; a call with a handle that is not live, or of another
/// kind, gives FERRY_ERROR_HANDLE, one with a live handle never does, and every status is known.
@c(LLVMFuzzerTestOneInput)
public func fuzzCLibrary(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  require(isReady, "a state can be translated")
  let session = Session([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
  while session.input.hasMore, session.callCount < 300 { session.call() }
  session.closeAll()
  return 0
}
