import ByteIO
import Glibc

/// A name in a certificate's subject alternative name, or one that a peer must have there.
///
/// Names are the same only if they are so exactly: DNS names without regard to case, IP addresses
/// by their bytes, URIs by theirs. An asterisk stands for itself, and so for no host.
public struct PeerName: Sendable, Hashable {
  /// The kinds of names that are compared.
  public enum Kind: String, Sendable, Hashable {
    case dns = "DNS"
    case ip = "IP"
    case uri = "URI"
  }

  /// A text that is no name.
  public struct Malformed: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text.
    public let text: String

    public var description: String {
      "\(text): expected a DNS name without wildcards, an IP address or a URI"
    }
  }

  /// What the name is of.
  public let kind: Kind
  // What is compared: lower case for DNS, 4 or 16 bytes in network order for IP.
  private let bytes: [UInt8]

  /// Takes the bytes of a certificate's entry; nil for those that are no name of the kind.
  init?(_ kind: Kind, _ bytes: [UInt8]) {
    self.kind = kind
    switch kind {
    case .dns:
      guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
      self.bytes = bytes.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    case .ip:
      guard [4, 16].contains(bytes.count) else { return nil }
      self.bytes = bytes
    case .uri:
      guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
      self.bytes = bytes
    }
  }

  /// Takes what a user wrote: an IP address, a URI, which has a colon, or else a DNS name.
  ///
  /// The zone of an IPv6 address is one of this host, which says nothing of the peer, and is left
  /// out.
  public init(parsing text: String) throws(Malformed) {
    let bytes = Array(text.utf8)
    let name: PeerName?
    if let address = Self.address(text) {
      name = PeerName(.ip, address)
    } else if let zone = text.firstIndex(of: "%"),
      let address = Self.address(String(text[..<zone])),
      address.count == 16
    {
      name = PeerName(.ip, address)
    } else if bytes.contains(UInt8(ascii: ":")) {
      let isURI =
        bytes[0] != UInt8(ascii: ":") && bytes.last != UInt8(ascii: ":")
        && Self.isLetter(bytes[0])
      name = isURI ? PeerName(.uri, bytes) : nil
    } else {
      let isHost = bytes.allSatisfy {
        Self.isLetter($0) || (0x30...0x39).contains($0) || "-._".utf8.contains($0)
      }
      name = isHost ? PeerName(.dns, bytes) : nil
    }
    guard let name else { throw Malformed(text: text) }
    self = name
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }

  /// The bytes of a numeric address.
  private static func address(_ text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      // SAFETY: the call writes as many bytes as an address of the family has.
      let isOne = unsafe bytes.withUnsafeMutableBytes {
        unsafe inet_pton(family, text, $0.baseAddress) == 1
      }
      if isOne { return bytes }
    }
    return nil
  }
}

extension PeerName: CustomStringConvertible {
  /// The name as text, without its kind.
  public var text: String {
    guard kind == .ip else { return String(decoding: bytes, as: UTF8.self) }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    // SAFETY: the call reads an address of the family, and writes at most the bytes of the text.
    let isWritten = unsafe bytes.withUnsafeBytes { address in
      unsafe inet_ntop(family, address.baseAddress, &text, socklen_t(text.count)) != nil
    }
    guard isWritten else { return hex(bytes) }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  public var description: String { "\(kind.rawValue):\(text)" }
}
