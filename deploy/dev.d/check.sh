# shellcheck shell=bash
# Checks format, lints, the source rules that no lint covers, and the rules of deny.toml that cargo alone can check.

# All TLS and cryptography is rustls on ring; these crates bring another implementation.
BANNED='^(openssl|openssl-sys|native-tls|aws-lc-rs|aws-lc-sys|aws-lc-fips-sys) '
# The same licences are in deny.toml.
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
  say 'all checks passed'
}

check_dependencies() {
  local crates found
  crates=$(cargo tree --quiet --workspace --edges normal,build,dev --prefix none \
    --format '{p} | {l}' | grep -v " ($repository" | sed 's/ ([*])$//' | sort -u)
  [ -n "$crates" ] || die 'cargo tree lists no dependencies'
  ! found=$(grep -E "$BANNED" <<<"$crates") || die "banned (cargo tree -i NAME shows its dependents): $found"
  # A licence expression passes if all licences of one alternative are allowed. An expression with parentheses passes
  # only if every licence in it is allowed.
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
    say 'shellcheck is not installed: scripts were parsed only'
  fi
}
