import ByteIO
import Devices
import SystemPackage
import VFIO

/// Calls about the PASIDs of a function, always the same, and what iommufd answers to each: "ok" or
/// an errno, a line for each case.
///
/// The calls are made by their numbers, without the module's own structures, for whose use of them
/// the engine is tested elsewhere.
final class PASIDExamination {
  private let kernel: any KernelInterface
  private let device: FileDescriptor
  private let iommufd: FileDescriptor
  private var deviceID: UInt32 = 0
  private(set) var answers: [String] = []

  /// Opens the function's own file at `path` and binds it to an iommufd of its own.
  init(_ path: String, in kernel: any KernelInterface) throws(LinuxErrno) {
    self.kernel = kernel
    iommufd = try kernel.open("/dev/iommu", .readWrite)
    do throws(LinuxErrno) {
      device = try kernel.open(path, .readWrite)
    } catch {
      kernel.close(iommufd)
      throw error
    }
    deviceID = try call(.bindIOMMUFD, [0, UInt32(bitPattern: iommufd.rawValue), 0])[3]
  }

  deinit {
    kernel.close(device)
    kernel.close(iommufd)
  }

  /// The fields of a structure of 32-bit words after a request; `words` are those behind its size.
  @discardableResult
  private func call(
    _ request: IoctlRequest, _ words: [UInt32]
  ) throws(LinuxErrno) -> [UInt32] {
    let all = [UInt32(4 * (words.count + 1))] + words
    var argument = IoctlArgument(bytes: all.flatMap(\.littleBytes))
    let isDevice = [.bindIOMMUFD, .attachPageTable, .detachPageTable].contains(request)
    _ = try kernel.control(isDevice ? device : iommufd, request, &argument)
    return (0..<all.count).map { argument.get(UInt32.self, at: 4 * $0) }
  }

  private func note(_ question: String, _ answer: String) {
    answers.append("\(question): \(answer)")
  }

  private func note(_ question: String, _ body: () throws(LinuxErrno) -> Void) {
    do throws(LinuxErrno) {
      try body()
      note(question, "ok")
    } catch {
      note(question, error.symbol)
    }
  }

  /// A page table's number, nil if it is refused.
  private func pageTable(
    _ question: String? = nil, flags: UInt32, on parent: UInt32, faultQueue: UInt32 = 0
  ) -> UInt32? {
    var id: UInt32?
    let make = { () throws(LinuxErrno) in
      // Flags, device, parent, the new number; the queue is behind what nested ones have.
      id = try self.call(
        .allocatePageTable, [flags, self.deviceID, parent, 0, 0, 0, 0, 0, 0, faultQueue, 0])[4]
    }
    if let question { note(question, make) } else { try? make() }
    return id
  }

  private func attach(_ question: String, _ table: UInt32?, pasid: UInt32? = nil) {
    guard let table else { return note(question, "no page table") }
    note(question) { () throws(LinuxErrno) in try attach(table, pasid: pasid) }
  }

  private func attach(_ table: UInt32, pasid: UInt32?) throws(LinuxErrno) {
    try call(.attachPageTable, pasid.map { [1, table, $0] } ?? [0, table])
  }

  private func detach(_ question: String, pasid: UInt32) {
    note(question) { () throws(LinuxErrno) in try call(.detachPageTable, [1, pasid]) }
  }

  /// Makes all of the calls of a function to which nothing is attached.
  func run() throws(LinuxErrno) {
    let hardware = try call(.getHardwareInformation, [0, deviceID, 0, 0, 0, 0, 0, 0, 0])
    let width = UInt8(truncatingIfNeeded: hardware[7])
    note("type of the IOMMU", "\(hardware[6])")
    note("width of PASIDs", "\(width)")
    // Bits 1 and 2: requests with a PASID may execute, and may be privileged.
    note("PASIDs may execute", hardware[8] & 2 != 0 ? "yes" : "no")
    note("PASIDs may be privileged", hardware[8] & 4 != 0 ? "yes" : "no")

    let space = try call(.allocateAddressSpace, [0, 0])[2]
    let plain = pageTable("a page table", flags: 0, on: space)
    let first = pageTable("a page table that allows PASIDs", flags: 8, on: space)
    let second = pageTable(flags: 8, on: space)
    _ = pageTable("one that can be nested on", flags: 1, on: space)
    _ = pageTable("one on what is not there", flags: 8, on: 0xffff)

    attach("PASID 5 before the device itself", first, pasid: 5)
    detach("detach it", pasid: 5)
    attach("the device to the plain page table", plain)
    attach("PASID 5 beside it", first, pasid: 5)
    attach("the device to one that allows PASIDs", first)
    attach("PASID 5", first, pasid: 5)
    attach("PASID 5 again", first, pasid: 5)
    attach("PASID 5 to another page table", second, pasid: 5)
    note("destroy that") { () throws(LinuxErrno) in try call(.destroy, [second ?? 0xffff]) }
    attach("PASID 6 to the plain page table", plain, pasid: 6)
    attach("PASID 6 to the address space", space, pasid: 6)
    attach("PASID 6 to what is not there", 0xffff, pasid: 6)
    attach("the device back to the plain page table", plain)
    attach("PASID 0", first, pasid: 0)
    // The last PASID, the first that is too wide, and one that none of PCI Express can have.
    let last = UInt32(1) << UInt32(width) - 1
    var edges = [("the first that is too wide", last + 1), ("PASID 1 << 20", 1 << 20)]
    if width > 0 { edges.insert(("the last PASID", last), at: 0) }
    for (name, pasid) in edges { attach(name, first, pasid: pasid) }
    for (name, pasid) in [("PASID 5", 5)] + edges { detach("detach \(name)", pasid: pasid) }
    detach("detach PASID 5 again", pasid: 5)
    detach("detach PASID 77, never attached", pasid: 77)

    try askForFaults(space)
    manyPASIDs(space)
    attach("the device back to its address space", space)
  }

  private func askForFaults(_ space: UInt32) throws(LinuxErrno) {
    let queue = try call(.allocateFaultQueue, [0, 0, 0])
    let table = pageTable(
      "a page table with a fault queue", flags: 12, on: space, faultQueue: queue[2])
    attach("PASID 5 to it", table, pasid: 5)
    detach("detach it", pasid: 5)
    kernel.close(FileDescriptor(rawValue: Int32(bitPattern: queue[3])))
  }

  /// 255 PASIDs over 32 page tables, attached and detached.
  private func manyPASIDs(_ space: UInt32) {
    let tables = (0..<32).compactMap { _ in pageTable(flags: 8, on: space) }
    note("32 page tables that allow PASIDs", "\(tables.count)")
    guard !tables.isEmpty else { return }
    let pasids = 1...255 as ClosedRange<UInt32>
    let attached = pasids.filter {
      (try? attach(tables[Int($0) % tables.count], pasid: $0)) != nil
    }
    note("255 PASIDs over them", "\(attached.count)")
    let detached = pasids.filter { (try? call(.detachPageTable, [1, $0])) != nil }
    note("detached", "\(detached.count)")
  }
}
