import ArgumentParser
import Conformance
import EmulatedDevices
import StateLayout
import StateTranslation
import VFIO

/// What the arguments of the commands take, for a shell to offer.
extension CompletionKind {
  /// A device.
  static let device = words { WordCompletions.devices(after: $0) }

  /// A device, or a file that has a part of one.
  static let deviceOrFile = words {
    WordCompletions.devices(after: $0) + WordCompletions.files(after: $0)
  }

  /// The devices of `pack`.
  static let part = words { WordCompletions.part(after: $0) }

  /// A vPCI profile: a file, or one that is installed.
  static let profile = words {
    WordCompletions.files(after: $0, endingIn: [".yaml", ".yml", ".json"])
      + WordCompletions.installedProfiles(after: $0)
  }

  /// A layout that is known, or a file with one.
  static let layout = words { text in
    WordCompletions.layouts(after: text) + WordCompletions.files(after: text, endingIn: [".ksy"])
  }

  /// A layout that is known.
  static let layoutName = words { WordCompletions.layouts(after: $0) }

  /// A loss of a translation.
  static let loss = list(TranslationLoss.allCases.map(\.rawValue))

  /// A check of `conformance`.
  static let check = list(Check.all.map(\.name))

  /// A coding of chunks.
  static let coding = list(["auto", "raw", "zstd"])

  private static func words(
    _ candidates: @escaping @Sendable (String) -> [WordCompletion]
  ) -> CompletionKind {
    .custom { _, _, prefix in
      candidates(WordCompletion.text(ofShellWord: prefix)).map {
        $0.line(for: CompletionShell.requesting)
      }
    }
  }
}
