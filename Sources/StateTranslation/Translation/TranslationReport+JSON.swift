public import ByteIO

extension TranslationReport {
  /// One of the `devices` of `schemas/translate.schema.json`.
  ///
  /// - Parameters:
  ///   - device: the number of the stream's device; nil if the state is no stream's.
  ///   - isAccepted: whether nothing stands in the way, on the target either.
  ///   - byteCount: the bytes of the translated state; nil if it was refused.
  ///   - unchecked: what the target left open too.
  ///   - findings: what the target has against the result, each as JSON.
  public func json(
    device: UInt16?, isAccepted: Bool, byteCount: UInt64?, unchecked: [Unchecked],
    findings: [JSONValue]
  ) -> JSONValue {
    [
      "device": device.map { .number($0) }, "from": .string(source), "to": .string(target),
      "accepted": .bool(isAccepted), "byteCount": isAccepted ? byteCount.map { .number($0) } : nil,
      "rewrites": .array(rewrites.map(\.json)), "refusals": .array(refusals.map(\.json)),
      "losses": .array(losses.map(\.json)),
      "unchecked": .array(
        unchecked.map { ["fact": .string($0.fact), "subject": .string($0.subject)] }),
      "findings": .array(findings), "more": .number(moreCount),
    ]
  }
}

extension TranslationReport.Rewrite {
  fileprivate var json: JSONValue {
    [
      "field": .string(field), "old": .string(old), "new": .string(new),
      "rule": .string(rule.text), "source": .string(rule.source),
    ]
  }
}

extension TranslationReport.Refusal {
  fileprivate var json: JSONValue {
    [
      "field": .string(field), "found": .string(found), "needed": .string(needed),
      "allow": loss.map { .string($0.rawValue) },
    ]
  }
}

extension TranslationReport.Loss {
  fileprivate var json: JSONValue {
    ["name": .string(loss.rawValue), "field": .string(field), "lost": .string(lost)]
  }
}
