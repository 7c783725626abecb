import ByteIO
import PCIConfig
internal import YAMLReader

/// Reads the parts of a profile from YAML nodes.
enum ProfileReader {
  static func profile(_ node: YAMLNode) throws(YAMLError) -> Profile {
    let fields = try node.fields([
      "profile", "note", "digest", "function", "identity", "multifunction", "interrupt-pin",
      "bars", "rom", "capabilities", "extended", "registers",
    ])
    var profile = Profile(
      name: try name(try fields.required("profile")),
      identity: try identity(try fields.required("identity")))
    profile.note = try fields["note"]?.string()
    profile.digest = try fields["digest"].map { (node) throws(YAMLError) in try digest(node) }
    if let node = fields["function"] {
      profile.isVirtualFunction = try choice(node, ["physical", "virtual"]) == "virtual"
    }
    profile.isMultiFunction = try fields["multifunction"]?.bool() ?? false
    profile.interruptPin = try fields["interrupt-pin"]?.integer(in: 0...4) ?? 0
    profile.romSize = try fields["rom"]?.byteCount()
    for item in try fields["bars"]?.items() ?? [] { profile.bars.append(try bar(item)) }
    for (key, isExtended) in [("capabilities", false), ("extended", true)] {
      for item in try fields[key]?.items() ?? [] {
        profile.capabilities.append(try CapabilityReader(item, isExtended: isExtended).capability)
      }
    }
    let hasPASID = profile.first(.pasid) != nil
    for index in profile.capabilities.indices {
      profile.capabilities[index].content.hasPASID = hasPASID
    }
    for item in try fields["registers"]?.items() ?? [] {
      profile.registers.append(try register(item))
    }
    return profile
  }

  private static func name(_ node: YAMLNode) throws(YAMLError) -> String {
    let text = try node.string()
    guard (1...255).contains(text.utf8.count),
      text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7f })
    else {
      throw node.error(
        .value, "expected a name of 1 to 255 bytes without spaces, found \(node.kind)")
    }
    return text
  }

  private static func digest(_ node: YAMLNode) throws(YAMLError) -> String {
    let text = try node.string()
    guard text.utf8.count == 64, text.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
      throw node.error(.value, "expected 64 hexadecimal digits, found \(node.kind)")
    }
    return text
  }

  private static func identity(_ node: YAMLNode) throws(YAMLError) -> ProfileIdentity {
    let fields = try node.fields(["vendor", "device", "subsystem", "class", "revision"])
    var identity = ProfileIdentity(
      vendor: try fields.required("vendor").integer(in: 0...0xfffe),
      device: try fields.required("device").integer(),
      classCode: try fields.required("class").integer(in: 0...0xff_ffff),
      revision: try fields["revision"]?.integer() ?? 0)
    if let node = fields["subsystem"] {
      let parts = try node.string().split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let vendor = hexadecimal(parts[0]), let device = hexadecimal(parts[1])
      else {
        throw node.error(.value, "expected VENDOR:DEVICE such as 0x1af4:0x0001, found \(node.kind)")
      }
      identity.subsystemVendor = vendor
      identity.subsystemDevice = device
    }
    return identity
  }

  /// A 16-bit hexadecimal number, with or without `0x`.
  private static func hexadecimal(_ text: Substring) -> UInt16? {
    let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text
    guard (1...4).contains(digits.count), digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
      return nil
    }
    return UInt16(digits, radix: 16)
  }

  private static func bar(_ node: YAMLNode) throws(YAMLError) -> ProfileBAR {
    let fields = try node.fields(["index", "kind", "size", "prefetchable", "assumed"])
    let kind = try choice(
      try fields.required("kind"), ProfileBAR.Kind.allCases.map(\.rawValue))
    return ProfileBAR(
      index: try fields.required("index").integer(in: 0...5),
      kind: ProfileBAR.Kind(rawValue: kind) ?? .mem32,
      isPrefetchable: try fields["prefetchable"]?.bool() ?? false,
      size: try fields.required("size").byteCount(),
      isAssumed: try fields["assumed"]?.bool() ?? false, mark: node.mark)
  }

  private static func register(_ node: YAMLNode) throws(YAMLError) -> ProfileRegister {
    let fields = try node.fields([
      "at", "bits", "source", "name", "reset", "write", "clear", "physical", "require",
    ])
    let offset: Int = try fields.required("at").integer(in: 0...0xfff)
    let source = try choice(
      try fields.required("source"), ProfileRegister.Source.allCases.map(\.rawValue))
    return ProfileRegister(
      at: offset, bits: try fields.required("bits").integer(),
      source: ProfileRegister.Source(rawValue: source) ?? .constant,
      name: try fields["name"]?.string() ?? "register 0x\(hex(offset, digits: 2))",
      reset: try fields["reset"]?.integer(), writable: try fields["write"]?.integer(),
      clearable: try fields["clear"]?.integer() ?? 0,
      physical: try fields["physical"].map { (node) throws(YAMLError) in try counterpart(node) },
      required: try fields["require"]?.integer(), mark: node.mark)
  }

  /// `0x44`, `express+0x08` or `vendor[1]+4`.
  private static func counterpart(
    _ node: YAMLNode
  ) throws(YAMLError) -> ProfileRegister.Counterpart {
    let text = try node.string()
    guard let plus = text.firstIndex(of: "+") else {
      return .absolute(try node.integer(in: 0...0xfff))
    }
    var key = text[..<plus]
    var instance = 0
    if key.hasSuffix("]"), let bracket = key.firstIndex(of: "[") {
      guard let number = Int(key[key.index(after: bracket)...].dropLast()),
        (0...255).contains(number)
      else { throw node.error(.value, "expected a number in brackets, found \(node.kind)") }
      instance = number
      key = key[..<bracket]
    }
    let digits = text[text.index(after: plus)...]
    let offset = digits.hasPrefix("0x") ? Int(digits.dropFirst(2), radix: 16) : Int(digits)
    guard let policy = CapabilityPolicy.named(String(key)), let offset,
      (0...0xfff).contains(offset)
    else {
      throw node.error(
        .value, "expected an offset such as 0x44 or express+0x08, found \(node.kind)")
    }
    return .capability(policy.id, instance: instance, offset: offset)
  }

  static func choice(_ node: YAMLNode, _ names: [String]) throws(YAMLError) -> String {
    let text = try node.string()
    guard names.contains(text) else {
      throw node.error(
        .value, "expected one of \(names.joined(separator: ", ")), found \(node.kind)")
    }
    return text
  }
}

extension Profile {
  /// Reads a profile's text, as `schemas/vpci-profile.schema.json` describes it; ``ProfileLayout``
  /// then judges it.
  public init(parsing text: [UInt8]) throws(ProfileError) {
    do throws(YAMLError) {
      self = try ProfileReader.profile(try YAMLNode(parsing: text))
    } catch {
      throw ProfileError(error)
    }
  }
}
