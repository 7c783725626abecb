import ByteIO
import DeviceServer
import Devices
import EmulatedDevices
import FuzzSupport
import Glibc
import VFIOUser

/// The entry point of libFuzzer.
///
/// An input is what a client sends, message behind message, to a serial port and to a device that
/// writes to memory. What must hold: no crash; a body that is read is written and read alike again;
/// a served function answers each command or refuses it, its answer is one that a client reads, and
/// it is no longer than the client asked for; no device makes the client's memory longer.
@c(LLVMFuzzerTestOneInput)
public func fuzzVFIOUser(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0, count <= 1 << 16 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  for name in ["mtty?ports=2&text=hello", "synthetic?size=64KiB&dma=4MiB"] {
    guard let uri = try? DeviceURI(parsing: "emulated:\(name)"),
      let device = try? EmulatedDevice(uri), let function = try? ServedFunction(device)
    else { return -1 }
    serve(input, function)
  }
  return 0
}

private func serve(_ input: [UInt8], _ function: ServedFunction) {
  var place = 0
  var time = Duration.zero
  while place + MessageHead.byteCount <= input.count {
    let span = input.span.raw.extracting(place..<input.count)
    guard let head = try? MessageHead(parsing: span, limit: 1 << 16),
      Int(head.byteCount) <= span.byteCount
    else { break }
    let body = span.extracting(MessageHead.byteCount..<Int(head.byteCount))
    // Every other map has a file, and every other set of interrupts something that is no eventfd.
    let descriptors =
      head.number % 2 == 1 ? [OwnedDescriptor(dup(memoryFile))] : []
    check(body, of: head.command, descriptors, function)
    checkReply(body, of: head.command)
    time += .milliseconds(10)
    _ = function.advance(to: time)
    place += Int(head.byteCount)
  }
  _ = function.clientLeft()
  require(lseek(memoryFile, 0, SEEK_END) == memoryByteCount, "memory stays as long as it is")
}

// What a client gives for its memory; it is not sealed, and so read and written by calls.
private let memoryByteCount = 1 << 20
private let memoryFile: Int32 = {
  var template = Array("/tmp/fuzz.XXXXXX".utf8CString)
  let descriptor = mkstemp(&template)
  unlink(template)
  require(descriptor >= 0 && ftruncate(descriptor, memoryByteCount) == 0, "there is a file")
  return descriptor
}()

private func check(
  _ body: RawSpan, of command: MessageCommand, _ descriptors: [OwnedDescriptor],
  _ function: ServedFunction
) {
  let request: Request
  do throws(MessageError) {
    request = try Request(parsing: body, of: command)
  } catch {
    require(error.command == command, "the error is about the command")
    require(
      (MessageHead.byteCount...MessageHead.byteCount + body.byteCount).contains(error.offset),
      "the error names a byte of the message")
    return
  }
  require(
    (try? Request(parsing: request.body.span.raw, of: command)) == request,
    "\(command) is read alike again")
  for side in [ServedFunction.Side.client, .control] {
    guard let answer = try? function.answer(request, descriptors: descriptors, from: side) else {
      continue
    }
    let body = answer.reply.body(to: request)
    require(body.count <= 1 << 21, "an answer has its bounds")
    require(
      (try? Reply(parsing: body.span.raw, to: request)) != nil, "a client reads what is answered")
    if case .regionInformation(let question) = request {
      require(body.count <= Int(question.replyLimit), "it is no longer than asked for")
    }
  }
}

/// The same bytes as a server's reply to a request of the command.
private func checkReply(_ body: RawSpan, of command: MessageCommand) {
  for request in requests where request.command == command {
    guard let reply = try? Reply(parsing: body, to: request) else { continue }
    _ = reply.body(to: request)
  }
}

private let requests: [Request] = [
  .version(VersionOffer(minor: 1)),
  .deviceInformation(InformationRequest(replyLimit: 16)),
  .regionInformation(InformationRequest(replyLimit: 32)),
  .regionInformation(InformationRequest(replyLimit: 4096)),
  .interruptInformation(InformationRequest(replyLimit: 16)),
  .readRegion(RegionRange(region: 7, offset: 0, byteCount: 4)),
  .writeRegion(RegionRange(region: 7, offset: 0, byteCount: 4), [0, 0, 0, 0]),
  .writeRegions([]),
  .readDMA(AddressRange(start: 0, byteCount: 4)),
  .writeDMA(address: 0, [0]),
  .feature(FeatureRequest(.migration, .get, replyLimit: 16)),
  .readMigrationData(replyLimit: 72, byteCount: 64),
]
