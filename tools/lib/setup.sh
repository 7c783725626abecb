# shellcheck shell=bash
# What the scripts in tools/ share: finding Swift, Debian packages, one release build at a time.
# To be sourced with `root` set to the project's folder. Everything here reports to standard error.

# shellcheck disable=SC2034,SC2154
build_packages=(libzstd-dev libxxhash-dev libyaml-dev zlib1g-dev libbz2-dev liblzma-dev pkg-config g++ git)

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# require_packages PACKAGE…: installs those that are missing, or says how and returns 1.
require_packages() {
  command -v dpkg-query >/dev/null || return 0 # not Debian: the build itself will say what it lacks
  local package missing=() as_root=()
  for package; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  if ((EUID != 0)); then
    if ! sudo -n true 2>/dev/null; then
      say "Debian packages are missing; install them with"
      printf '  sudo apt-get install -y --no-install-recommends %s\n' "${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo -n)
  fi
  say "installing ${missing[*]}"
  mkdir -p "$root/.build/tools"
  local log=$root/.build/tools/apt.log
  local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  if ! "${install[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >"$log" 2>&1; then
    # A fresh machine has no package lists, an old one has stale ones.
    if ! "${install[@]}" update </dev/null >"$log" 2>&1 ||
      ! "${install[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >>"$log" 2>&1; then
      tail -n 20 "$log" >&2
      say "apt-get could not install ${missing[*]}"
      return 1
    fi
  fi
}

# require_swift: puts a Swift toolchain of 6.3 or later on PATH, or says what is missing and returns 1.
require_swift() {
  local folder version
  if ! command -v swift >/dev/null; then
    for folder in /opt/swift/usr/bin /usr/local/swift/usr/bin /usr/share/swift/usr/bin \
      "${SWIFTLY_BIN_DIR:-${HOME:-/root}/.swiftly/bin}" "${HOME:-/root}/.local/share/swiftly/bin"; do
      if [[ -x $folder/swift ]]; then
        export PATH=$folder:$PATH
        break
      fi
    done
  fi
  if ! command -v swift >/dev/null; then
    say "no Swift toolchain on PATH, in /opt/swift or in ~/.swiftly; Ferry needs Swift 6.3 or later (https://www.swift.org/install/linux)"
    return 1
  fi
  version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
  if [[ $(printf '%s\n' 6.3 "$version" | sort -V | head -n 1) != 6.3 ]]; then
    say "$(command -v swift) is Swift ${version:-of an unknown version}; Ferry needs 6.3 or later"
    return 1
  fi
}

# quietly LOG COMMAND…: runs the command with its output in LOG; on failure shows the part that matters.
quietly() {
  local log=$1 status=0
  shift
  mkdir -p "${log%/*}"
  "$@" </dev/null >"$log" 2>&1 || status=$?
  if ((status)); then
    if grep -qE '(error|undefined reference):? ' "$log"; then
      grep -E -A 5 '(error|undefined reference):? ' "$log" | head -n 60 >&2
    else
      tail -n 30 "$log" >&2
    fi
    say "failed with exit code $status: $* (all of its output: $log)"
  fi
  return "$status"
}

# commit: the commit of the sources, with -dirty behind it if files differ from it; unknown where they are of no repository.
commit() {
  # The repository may be that of a folder above, into which this one was copied.
  if [[ $(git -C "$root" rev-parse --show-toplevel 2>/dev/null) == "$root" ]]; then
    git -C "$root" describe --always --dirty --abbrev=12 --exclude '*'
  else
    echo unknown
  fi
}

# overwrite PROGRAM SECTION OFFSET: puts standard input over bytes of a section. GNU objcopy does so too, and drops GNU_RELRO.
overwrite() {
  local place
  place=$(LC_ALL=C readelf --wide --section-headers "$1" | sed -nE "s/^ *\[ *[0-9]+\] $2 +[A-Z]+ +[0-9a-f]+ ([0-9a-f]+) .*/\1/p")
  [[ -n $place ]] || { say "$1 has no section $2" && return 1; }
  dd of="$1" bs=1 seek=$((16#$place + $3)) conv=notrunc status=none
}

# stamp PROGRAM: writes the commit of the sources into a finished ferry, for ferry --version.
stamp() { printf '%s\0' "$(commit)" | overwrite "$1" .ferry_commit 0; }

# reproducible PROGRAM: strips a program or library, takes out what differs with each build, and has the build id be of the
# content: the SHA-1 of the file with an id of zeros.
reproducible() {
  local digest=20 header=16 # bytes: of the id, and of what stands before it in its section
  # .swift_modhash is what the compiler's incremental builds go by; nothing reads it afterwards. GNU's strip would drop GNU_RELRO.
  llvm-objcopy --strip-unneeded --remove-section=.swift_modhash "$1"
  head -c "$digest" /dev/zero | overwrite "$1" .note.gnu.build-id "$header"
  printf %b "$(sha1sum "$1" | cut -c 1-40 | sed 's/../\\x&/g')" | overwrite "$1" .note.gnu.build-id "$header"
}

# build_nested FOLDER SCRATCH ARGUMENT…: `swift build` of a package that uses this one by path.
build_nested() {
  local folder=$1 scratch=$2
  shift 2
  # SwiftPM plans anew when the nested manifest changes, but not for new files or manifests here.
  rm -f "$scratch/release.yaml"
  quietly "$root/.build/tools/${folder//\//-}.log" \
    swift build --package-path "$root/$folder" --scratch-path "$scratch" -c release "$@"
}
