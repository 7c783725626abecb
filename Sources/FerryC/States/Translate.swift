// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import ByteIO
public import CFerry
import StateLayout
import StateTranslation
import YAMLReader

/// Translates a state for a device.
@c @implementation
public func ferry_state_translate(
  _ state: ferry_state, _ translation: UnsafePointer<ferry_translation>?,
  _ is_accepted: UnsafeMutablePointer<Int32>?, _ output: UnsafePointer<ferry_sink>?,
  _ report: UnsafePointer<ferry_sink>?, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(state, as: DissectedState.self, error) { state throws(Failure) in
    let answer = try is_accepted.required("is_accepted")
    let output = try Output(optional: output, "output")
    let report = try Output(optional: report, "report")
    let translation = translation?.pointee ?? ferry_translation()
    let translator = try Translator(translation)
    let name = try CallerBytes.optionalText(translation.layout, "translation.layout")
    let wanted = try name.map(Layout.called) ?? state.tree.layout

    var outcome = translator.translate(state.bytes, from: state.tree.layout, to: wanted)
    if state.detection?.best?.isGuess == true {
      outcome.report.noteUnknown(
        "a mark in its content", for: "that it is \(state.tree.layout.name)")
    }
    let json = outcome.report.json(
      device: nil, isAccepted: outcome.report.isAccepted, byteCount: outcome.state?.byteCount,
      unchecked: outcome.report.unchecked, findings: [])
    try report?.write(json)
    if let output, let payload = outcome.state {
      try payload.write(to: output, from: state.bytes)
    }
    answer.pointee = outcome.report.isAccepted ? 1 : 0
  }
}

extension Payload {
  fileprivate func write(to output: Output, from bytes: StateBytes) throws(Failure) {
    for piece in pieces {
      switch piece {
      case .bytes(let bytes): try output.write(bytes.span.bytes)
      case .source(let range):
        let range = Int(range.lowerBound)..<Int(range.upperBound)
        try output.write(bytes.bytes.span.extracting(range).bytes)
      }
    }
  }
}

extension Translator {
  /// A translator as a caller wants it.
  fileprivate init(_ translation: ferry_translation) throws(Failure) {
    let flags = Int(translation.flags)
    guard flags & ~FERRY_TRANSLATION_SCRUB == 0, translation.reserved == 0 else {
      throw Failure(
        argument: "translation.flags", "FERRY_TRANSLATION_SCRUB or 0, and 0 in reserved",
        found: "\(flags) and \(translation.reserved)")
    }
    self.init(
      for: try DeviceFacts(
        translation.target_facts, translation.target_facts_size, "translation.target_facts"))
    source = try DeviceFacts(
      translation.source_facts, translation.source_facts_size, "translation.source_facts")
    scrubs = flags & FERRY_TRANSLATION_SCRUB != 0
    let names = try CallerBytes.array(
      translation.allowed, translation.allowed_count, "translation.allowed")
    for name in names {
      let text = try CallerBytes.optionalText(name, "translation.allowed") ?? ""
      guard let loss = TranslationLoss(rawValue: text) else {
        let names = TranslationLoss.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure(argument: "translation.allowed", "one of \(names)", found: "'\(text)'")
      }
      allowed.insert(loss)
    }
  }
}

extension DeviceFacts {
  /// The facts in a caller's text; none if that is NULL.
  fileprivate init(
    _ text: UnsafePointer<CChar>?, _ count: Int, _ name: StaticString
  ) throws(Failure) {
    guard text != nil else {
      self.init()
      return
    }
    let bytes = try CallerBytes.copy(text, count, name)
    do throws(YAMLError) {
      try self.init(parsing: bytes)
    } catch {
      var failure = Failure(.facts, message: "\(name): \(error)")
      (failure.line, failure.column) = (error.mark.line, error.mark.column)
      throw failure
    }
  }
}
