/// What `QEMUStreamReader` finds next.
public enum QEMUStreamEvent: Sendable, Hashable {
  /// Which machine the stream is of.
  case configuration(QEMUConfiguration)
  /// A section begins.
  case section(QEMUSection)
  /// A record of the VFIO section that began; after one of data, the reader lends the state's bytes.
  case record(VFIORecord)
  /// The section that began ends, footer included.
  case sectionEnd(QEMUSection.End)
  case command(QEMUStreamCommand)
  /// The end of the machine's state.
  case end
  /// What the sections hold, in QEMU's own words.
  case description(VMDescription)
}
