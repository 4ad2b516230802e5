# shellcheck shell=bash
# Format, lints, the rules of the source that no lint knows, and those of deny.toml that cargo itself can check.

# One implementation of TLS and cryptography, without a C library of its own: ring.
BANNED='^(openssl|openssl-sys|native-tls|aws-lc-rs|aws-lc-sys|aws-lc-fips-sys) '
# As in deny.toml.
LICENCES='Apache-2.0|BSD-2-Clause|BSD-3-Clause|BSL-1.0|CDLA-Permissive-2.0|ISC|MIT|Unicode-3.0|Unlicense|Zlib'
REGISTRY='registry+https://github.com/rust-lang/crates.io-index'

dev_check() {
  [ $# -eq 0 ] || die "check takes no arguments"
  need_cargo
  packages_need "${PACKAGES_TO_BUILD[@]}"
  cd "$repository"
  timed 'format' cargo fmt --all --check
  timed 'lints' cargo clippy --quiet --workspace --all-targets -- -D warnings
  timed 'source' cargo run --quiet --package gateway-source-check
  check_dependencies
  check_scripts
  say 'all is well'
}

check_dependencies() {
  local crates found
  crates=$(cargo tree --quiet --workspace --edges normal,build,dev --prefix none \
    --format '{p} | {l}' | grep -v " ($repository" | sed 's/ ([*])$//' | sort -u)
  [ -n "$crates" ] || die 'cargo tree tells of no dependency at all'
  ! found=$(grep -E "$BANNED" <<<"$crates") || die "banned (cargo tree -i NAME says who wants it): $found"
  # An expression is fine when one of its alternatives consists of allowed licences; one with parentheses
  # only when every licence in it is allowed.
  found=$(awk -F ' [|] ' -v allowed="^($LICENCES)\$" '
    { fine = 0
      separators = $2 ~ /[(]/ ? "^$" : " OR |/| / "
      count = split($2, alternatives, separators)
      for (i = 1; i <= count; i++) {
        whole = 1
        parts = split(alternatives[i], words, / AND | OR /)
        for (j = 1; j <= parts; j++) { gsub(/[() ]/, "", words[j]); if (words[j] !~ allowed) whole = 0 }
        fine = fine || whole
      }
      if (!fine) print }' <<<"$crates")
  [ -z "$found" ] || die "licences that are not allowed: $found"
  ! found=$(grep '^source = ' Cargo.lock | grep -vF "\"$REGISTRY\"") || die "not from crates.io: $found"
  say "dependencies: $(wc -l <<<"$crates") crates, nothing banned"
}

check_scripts() {
  local script
  for script in deploy/dev deploy/dev.d/*.sh .ci/run; do
    bash -n "$script" || die "$script does not parse"
  done
  if command -v shellcheck >/dev/null; then
    shellcheck --external-sources --check-sourced deploy/dev .ci/run
  else
    say 'shellcheck is not installed: scripts were only parsed'
  fi
}
