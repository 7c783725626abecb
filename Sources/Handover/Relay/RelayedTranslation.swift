import QEMUStream
public import StateLayout
public import StateTranslation

/// How the state of a device is translated while its migration passes a relay.
///
/// All of it is kept until it is whole, when the machine stands still; then it goes on as the
/// translated state, all of it behind the last record of pre-copy.
public struct RelayedTranslation: Sendable {
  /// Translates states for the destination's device.
  public var translator: Translator
  /// The layout of the state; nil is told by its content.
  public var source: Layout?
  /// The layout that is wanted.
  public var target: Layout
  /// The most bytes of state that are kept, of all devices together. As many again may be taken by
  /// what they are translated into.
  public var spoolByteCount = 256 << 20

  /// A translation to a layout.
  public init(_ translator: Translator, from source: Layout?, to target: Layout) {
    self.translator = translator
    self.source = source
    self.target = target
  }

  /// What became of a state.
  public struct Outcome: Sendable {
    /// The rewrites, or why there are none.
    public let report: TranslationReport
    /// The bytes of the translated state; nil if it was refused.
    public let byteCount: UInt64?
  }

  func translate(
    _ bytes: [UInt8], of device: RelayedDevice, telling tell: (Outcome) -> Void
  ) throws(QEMUStreamError) -> [UInt8] {
    func refused(_ found: String) -> QEMUStreamError {
      QEMUStreamError(
        .refused, at: 0, section: device.name,
        expected: "a state that can be translated to \(target.name)", found: found)
    }
    let state = StateBytes(bytes)
    let outcome: Translator.Outcome
    do throws(TranslationError<Never>) {
      outcome = try translator.translate(state, from: source, of: nil, to: target)
    } catch {
      guard case .unknownLayout(let candidates) = error else { throw refused("another") }
      let names = candidates.map(\.layout.name)
      throw refused(
        "one whose content does not tell its layout"
          + (names.isEmpty ? "" : " (it could be \(names.joined(separator: ", ")))"))
    }
    tell(Outcome(report: outcome.report, byteCount: outcome.state?.byteCount))
    guard let payload = outcome.state else {
      throw refused(
        outcome.report.refusals.map { refusal in
          "\(refusal.field.isEmpty ? "state" : refusal.field): \(refusal.found); needed "
            + refusal.needed
        }.joined(separator: "; "))
    }
    return payload.bytes(from: state)
  }
}
