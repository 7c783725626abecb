import CFerry
import VirtualPCI

extension ferry_space_state {
  /// A state for the caller.
  init(_ state: ConfigSpaceState) {
    self.init()
    size = UInt32(state.synthesized.count)
    withUnsafeMutableBytes(of: &shown) { $0.copyBytes(from: state.synthesized) }
    withUnsafeMutableBytes(of: &emulated_bits) { $0.copyBytes(from: state.emulatedBits) }
    withUnsafeMutableBytes(of: &profile_name) { (state.profileName ?? "").copy(into: $0) }
    withUnsafeMutableBytes(of: &profile_digest) {
      (state.profileDigest ?? "").copy(into: $0)
    }
  }
}

extension ConfigSpaceState {
  /// A caller's state, which may come from anywhere.
  init(_ state: ferry_space_state) throws(Failure) {
    guard state.size == 256 || state.size == 4096 else {
      throw Failure(argument: "state.size", "256 or 4096", found: "\(state.size)")
    }
    let count = Int(state.size)
    let name = try withUnsafeBytes(of: state.profile_name) { bytes throws(Failure) in
      try CallerBytes.text(in: bytes, "state.profile_name")
    }
    let digest = try withUnsafeBytes(of: state.profile_digest) { bytes throws(Failure) in
      try CallerBytes.text(in: bytes, "state.profile_digest")
    }
    self.init(
      synthesized: withUnsafeBytes(of: state.shown) { [UInt8]($0.prefix(count)) },
      emulatedBits: withUnsafeBytes(of: state.emulated_bits) { [UInt8]($0.prefix(count)) },
      profileName: name.isEmpty ? nil : name, profileDigest: digest.isEmpty ? nil : digest)
  }
}
