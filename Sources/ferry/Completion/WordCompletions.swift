import ByteIO
import EmulatedDevices
import Glibc
import Inputs
import StateLayout
import VFIO

/// The words that may stand where `text` has been written.
enum WordCompletions {
  /// Devices, by every scheme.
  static func devices(after text: String) -> [WordCompletion] {
    for scheme in ["vfio-user:", "serve:", "emulated:function?config="] where text.hasPrefix(scheme)
    {
      return files(after: String(text.dropFirst(scheme.count))).map {
        WordCompletion(text: scheme + $0.text)
      }
    }
    let host = HostTree(in: LinuxKernel()).devices().map {
      WordCompletion(text: "vfio:" + $0.name, summary: $0.driver ?? "")
    }
    let emulated = EmulatedDevice.completions(of: text).map {
      WordCompletion(text: $0.name, summary: $0.summary)
    }
    return (host + emulated + schemes).filter { $0.text.hasPrefix(text) }
  }

  private static let schemes = [
    WordCompletion(
      text: "emulated:function?config=", summary: "a function with the space of a dump"),
    WordCompletion(text: "vfio-user:", summary: "a device that another process serves"),
    WordCompletion(
      text: "serve:", summary: "a device that ferry serve serves, by its control socket"),
    WordCompletion(text: "fd:", summary: "a device that a VMM has opened"),
  ]

  /// Layouts that come with Ferry.
  static func layouts(after text: String) -> [WordCompletion] {
    Layout.shipped.filter { $0.name.hasPrefix(text) }.map {
      WordCompletion(text: $0.name, summary: $0.title)
    }
  }

  /// The values of a part; of its last, a file or a key.
  static func part(after text: String) -> [WordCompletion] {
    let start = text.lastIndex(of: ",").map { text.index(after: $0) } ?? text.startIndex
    let stem = text[..<start]
    let value = text[start...]
    guard let equals = value.firstIndex(of: "=") else {
      return PartDescription.keys.map { "\($0)=" }.filter { $0.hasPrefix(value) }.map {
        WordCompletion(text: stem + $0)
      }
    }
    guard PartDescription.fileKeys.contains(String(value[..<equals])) else { return [] }
    return files(after: String(value[value.index(after: equals)...])).map {
      WordCompletion(text: stem + value[...equals] + $0.text)
    }
  }

  /// Profiles in the folder that the package has for them.
  static func installedProfiles(after text: String) -> [WordCompletion] {
    guard let program = try? LinuxKernel().link(at: "/proc/self/exe"),
      let folder = program.lastIndex(of: "/").map({ program[..<$0] }), folder.hasSuffix("/bin")
    else { return [] }
    let profiles = folder.dropLast("bin".count) + "share/ferry/profiles/"
    // What goes on from there is among the files.
    return profiles.hasPrefix(text) && text != profiles
      ? files(after: String(profiles), endingIn: [".yaml"]) : []
  }

  /// Files whose names end in one of `endings`, and folders, with a slash behind them.
  ///
  /// Names that a shell's script could not read as one line of UTF-8 are left out.
  static func files(after text: String, endingIn endings: [String] = [""]) -> [WordCompletion] {
    let start = text.lastIndex(of: "/").map { text.index(after: $0) } ?? text.startIndex
    let folder = String(text[..<start])
    let name = text[start...]
    let names = (try? LinuxKernel().entries(of: folder.isEmpty ? "." : folder)) ?? []
    return names.compactMap { entry in
      guard entry.hasPrefix(name), name.hasPrefix(".") || !entry.hasPrefix("."), isLine(entry)
      else { return nil }
      if isFolder(folder + entry) { return WordCompletion(text: folder + entry + "/") }
      guard endings.contains(where: entry.hasSuffix) else { return nil }
      return WordCompletion(text: folder + entry)
    }
  }

  private static func isLine(_ name: String) -> Bool {
    name.utf8.elementsEqual(PathBytes(text: name).bytes)
      && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: the path ends with a 0, and the call keeps no pointer.
    let result = unsafe PathBytes(text: path).withCString { unsafe stat($0, &status) }
    return result == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
