# shellcheck shell=bash
# What the gateway costs above the broker, measured on servers of its own.

dev_bench() {
  need_cargo
  packages_need "${PACKAGES_TO_BUILD[@]}" "${PACKAGES_TO_TEST[@]}"
  cd "$repository"
  timed 'built' build_bench || die 'the build failed'
  local binaries
  binaries=$(target_directory)/release
  timed 'measured' env GATEWAY_TEST_BIN="$binaries/gateway" "$binaries/bench" "$@"
}

# The profile that is shipped. Both in one build, so that they share what they depend on.
build_bench() {
  cargo build --quiet --release --package gateway-api --bin gateway --package gateway-tests --bin bench
}
