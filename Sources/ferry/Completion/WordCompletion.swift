import ArgumentParser

/// A word that a shell may offer in place of what the user has written of it.
struct WordCompletion {
  let text: String
  /// What it stands for; not every shell shows it.
  var summary = ""

  /// The line that the shell's script reads.
  ///
  /// bash expands words before it offers them, so whatever could mean something to it is quoted;
  /// zsh has a colon before the summary, fish a tab.
  func line(for shell: CompletionShell?) -> String {
    switch shell {
    case .bash: return text.escaping { !($0.isLetter || $0.isNumber || "/._-:=+@%,#".contains($0)) }
    case .zsh:
      let name = text.escaping { $0 == ":" || $0 == "\\" }
      return summary.isEmpty ? name : name + ":" + summary
    case .fish: return summary.isEmpty ? text : text + "\t" + summary
    default: return text
    }
  }

  /// A word as bash and zsh hand it over, quotes and all, without these.
  static func text(ofShellWord word: String) -> String {
    var text = ""
    var isEscaped = false
    for character in word {
      if isEscaped || !"\\'\"".contains(character) {
        text.append(character)
        isEscaped = false
      } else {
        isEscaped = character == "\\"
      }
    }
    return text
  }
}

extension String {
  fileprivate func escaping(_ isSpecial: (Character) -> Bool) -> String {
    reduce(into: "") { text, character in
      if isSpecial(character) { text.append("\\") }
      text.append(character)
    }
  }
}
