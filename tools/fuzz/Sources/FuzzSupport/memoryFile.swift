import Glibc
public import StreamIO

/// `bytes` as a file in memory, without a name once it is open.
public func memoryFile(_ bytes: [UInt8]) throws(StreamIOError) -> InputFile {
  var path = Array("/dev/shm/fuzz-XXXXXX".utf8CString)
  let descriptor = mkstemp(&path)
  require(write(descriptor, bytes, bytes.count) == bytes.count, "there is memory for a file")
  defer {
    close(descriptor)
    unlink(path)
  }
  return try InputFile(
    path: String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
}
