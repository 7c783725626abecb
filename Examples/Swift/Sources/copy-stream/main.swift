import MigrationStream
import StreamIO

/// Who is in a stream, before any of its state is read.
func list(_ path: String) throws {
  var reader = StreamReader(try InputFile(path: path))
  var introduction = StreamIntroduction()
  while let record = try reader.next(), introduction.add(record) {}
  for device in introduction.devices {
    print(device.number, device.identity.name ?? "-", device.identity.driver ?? "-")
  }
}

/// The same stream, coded anew; with what its writer knew and this program does not.
func copy(_ input: String, to output: String) throws {
  var source = StreamReader(try InputFile(path: input))
  var sink = try StreamWriter(
    to: OutputFile(path: output), header: StreamHeader(uuid: .random()),
    compression: .zstd(level: 19))
  try source.copy(into: &sink)
  try sink.finish()
}

guard CommandLine.arguments.count == 3 else {
  throw StreamIOError("copy-stream", .content("expected IN OUT"))
}
try list(CommandLine.arguments[1])
try copy(CommandLine.arguments[1], to: CommandLine.arguments[2])
