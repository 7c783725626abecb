import Devices
import Handover
import Migration
import Reports
import StreamIO
import SystemPackage
import Transport

extension CommandError {
  /// The end of a command whose handover failed.
  init(_ error: HandoverError) {
    if let signal = SignalGuard.signal {
      self = .signal(signal, "ended by a signal")
      return
    }
    switch error.cause {
    case .transport(let cause): self.init(cause)
    case .malformed: self = .damaged("\(error)").about(ErrorDetail("malformed", file: error.peer))
    case .version: self = .no("\(error)").about(ErrorDetail("version", file: error.peer))
    case .refused:
      self = .no("\(error)").about(ErrorDetail("incompatible", file: error.peer))
    case .peer(let failure) where failure.isRefusal:
      self = .no("\(error)").about(ErrorDetail("incompatible", file: error.peer))
    case .peer: self = .device("\(error)").about(ErrorDetail("peer", file: error.peer))
    case .stream(let cause): self.init(cause)
    case .journal(let cause): self = .input("\(error)").about(ErrorDetail(cause))
    case .devices(let cause):
      switch cause.cause {
      case .incompatible: self = .no("\(error)").about(ErrorDetail("incompatible"))
      case .device(let device, let number):
        self = .device("\(error)").about(ErrorDetail(device, device: number))
      case .source(let cause): self.init(cause)
      case .unverified: self = .damaged("\(error)").about(ErrorDetail("unverified"))
      case .cancelled: self = .no("cancelled")
      }
    case .undone(let cause, _): self.init(HandoverError(error.peer, cause))
    case .cancelled: self = .no("cancelled")
    }
    // What went wrong with a connection is no reader of a pipe that went away.
    if message == nil { self = .input("\(error)").about(detail) }
  }

  /// A connection that could not be made or used.
  init(_ error: TransportError) { self.init(error, offersTLS: true) }

  /// The same of a command that may not be able to give it TLS.
  init(_ error: TransportError, offersTLS: Bool) {
    var detail = ErrorDetail("system", file: error.peer)
    switch error.cause {
    case .insecure:
      let way = offersTLS ? "--tls-cert, --tls-key and --tls-ca give it one, or " : ""
      self = .usage("\(error); \(way)--insecure takes it")
      return
    case .tls(.certificate(let expected, let found)):
      detail = ErrorDetail("certificate", file: error.peer)
      (detail.expected, detail.found) = (expected, found)
    case .system(let errno, _): detail.errno = "\(errno)"
    case .closed, .stalled, .interrupted, .unresolved, .tls:
      detail = ErrorDetail("connection", file: error.peer)
    }
    self = .input("\(error)").about(detail)
  }
}
