import MigrationStream

@c(LLVMFuzzerTestOneInput)
public func fuzzStreamDecoder(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  0
}
