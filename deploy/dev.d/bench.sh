# shellcheck shell=bash
# Measures what the gateway costs above the bare broker, on a private MariaDB and RabbitMQ.

dev_bench() {
  local profile=bench-fast
  local -a passed=()
  while [ $# -gt 0 ]; do
    case $1 in
      --release) profile=release ;;
      *) passed+=("$1") ;;
    esac
    shift
  done
  need_cargo
  packages_need "${PACKAGES_TO_BUILD[@]}" "${PACKAGES_TO_TEST[@]}"
  cd "$repository"
  timed 'built' build_bench "$profile" || die 'the build failed'
  local binaries
  binaries=$(target_directory)/$profile
  timed 'measured' env GATEWAY_TEST_BIN="$binaries/gateway" "$binaries/bench" "${passed[@]}"
}

# Builds both in one command, so that their dependencies are built once.
build_bench() {
  cargo build --quiet --profile "$1" --package gateway-api --bin gateway --package gateway-tests --bin bench
}
