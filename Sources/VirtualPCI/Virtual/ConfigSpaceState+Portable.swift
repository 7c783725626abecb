extension ConfigSpaceState {
  /// The state without anything of the device that it was saved on: what the VMM serves, and the bits that the guest itself
  /// has written to the device. What the guest merely read there is 0.
  ///
  /// Nil where the state is of another profile.
  public func portable(by layout: ProfileLayout) -> ConfigSpaceState? {
    let image = layout.image
    guard profileDigest == layout.digest, synthesized.count == image.byteCount,
      emulatedBits.count == image.byteCount
    else { return nil }
    var state = self
    state.physical = nil
    for index in synthesized.indices {
      let written = image.deviceWritable[index] & ~image.hardwareClear[index]
      state.synthesized[index] &= emulatedBits[index] | written
    }
    return state
  }
}
