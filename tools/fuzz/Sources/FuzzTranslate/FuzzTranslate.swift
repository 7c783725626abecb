import FuzzSupport
import StateLayout
import StateTranslation

/// Parsed once; their expressions are what LeakSanitizer does not see.
private let layouts = keptToTheEnd { Layout.shipped }

/// The entry point of libFuzzer.
///
/// The first byte of an input chooses a translation, the second the losses that are allowed, the
/// third how many bytes of facts follow; the rest is a state. What must hold: no crash; what comes
/// out is sound by its layout; a state of which nothing is rewritten is as it was; nothing is lost
/// that was not allowed; what changes its form alone comes back to the first bytes.
@c(LLVMFuzzerTestOneInput)
public func fuzzTranslate(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count >= 3 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  let translation = Translator.shipped[Int(input[0]) % Translator.shipped.count]
  let text = Array(input.dropFirst(3).prefix(Int(input[2])))
  let state = Array(input.dropFirst(3 + text.count))
  guard let source = layouts.first(where: { $0.name == translation.source }),
    let target = layouts.first(where: { $0.name == translation.target })
  else { return -1 }
  // No text is no facts, which a parser needs 64 KiB of memory to find.
  let facts = (text.isEmpty ? nil : try? DeviceFacts(parsing: text)) ?? DeviceFacts()
  var translator = Translator(for: facts)
  translator.source = facts
  for (index, loss) in TranslationLoss.allCases.enumerated() where input[1] >> UInt8(index) & 1 == 1
  {
    translator.allowed.insert(loss)
  }
  let outcome = translator.translate(state, from: source, to: target)
  let report = outcome.report
  require((outcome.state != nil) == report.isAccepted, "a state comes out where nothing is refused")
  require(
    report.losses.allSatisfy { translator.allowed.contains($0.loss) }, "no loss is accepted unasked"
  )
  require(report.rewrites.count + report.refusals.count <= 1024, "a report is bounded")
  guard let payload = outcome.state else { return 0 }
  let result = payload.bytes(from: StateBytes(state))
  require(target.dissect(result).isSound, "what comes out is sound")
  if report.rewrites.isEmpty && report.losses.isEmpty {
    require(result == state, "what is not rewritten is as it was")
  }
  if comesBack(translation) {
    translator.target.layouts = nil
    let back = translator.translate(result, from: target, to: source)
    require(
      back.state?.bytes(from: StateBytes(result)) == state,
      "\(source.name) comes back to the first bytes")
  }
  return 0
}

/// Whether a translation changes the form of a state and nothing in it.
private func comesBack(_ translation: any Translation) -> Bool {
  switch (translation.source, translation.target) {
  case ("hisi_acc-v1", "hisi_acc-v2"), ("hisi_acc-v2", "hisi_acc-v1"), ("mlx5-raw", "mlx5"),
    ("nvme-linux-rfc", "nvme-tp4159"), ("nvme-tp4159", "nvme-linux-rfc"):
    true
  default: false
  }
}
