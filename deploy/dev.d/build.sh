# shellcheck shell=bash
# Cargo, and where it puts what it builds.

need_cargo() {
  command -v cargo >/dev/null || die "cargo is not in PATH: install Rust from https://rustup.rs"
}

target_directory() {
  cargo metadata --quiet --format-version 1 --no-deps --manifest-path "$repository/Cargo.toml" |
    json_word target_directory
}

# The value of one key whose value is a plain word, out of JSON on standard input:  json_word KEY
json_word() {
  sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" | head -n 1
}
