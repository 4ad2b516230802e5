# shellcheck shell=bash
# All tests, with servers of their own.

dev_test() {
  local filter='' long='' argument
  for argument in "$@"; do
    case $argument in
      --long) long=1 ;;
      -*) die "test does not know $argument" ;;
      *) [ -z "$filter" ] || die 'one FILTER at most'; filter=$argument ;;
    esac
  done
  need_cargo
  packages_need "${PACKAGES_TO_BUILD[@]}" "${PACKAGES_TO_TEST[@]}"
  cd "$repository"
  timed 'built' build_tests || die 'the build failed'
  timed 'tests' run_tests "$filter" "$long"
}

build_tests() {
  cargo test --workspace --no-run && cargo build --workspace --bins
}

run_tests() {
  local filter=$1 long=$2 binaries status=0 count
  binaries=$(target_directory)/debug
  ledger=$(mktemp) servers=''
  trap 'stop_tests; exit 130' INT
  trap 'stop_tests; exit 143' TERM
  trap 'rm -f "$ledger"' EXIT
  export GATEWAY_TEST_BIN=$binaries/gateway GATEWAY_TEST_LEDGER=$ledger
  [ -z "$long" ] || export GATEWAY_TEST_LONG=1
  # In the background, so that a signal is served at once and not when the tests are over.
  "$binaries/with_servers" cargo test --workspace --no-fail-fast -- \
    --test-threads="$(nproc)" ${filter:+"$filter"} &
  servers=$!
  wait "$servers" || status=$?
  count=$(grep -c '^mysql+rabbitmq' "$ledger" || true)
  printf '%s tests ran on MySQL + RabbitMQ\n' "$count"
  if [ "$count" = 0 ] && [ -z "$filter" ]; then
    say 'none ran on the servers that are the product: this is a failure'
    return 1
  fi
  return "$status"
}

# The tests and the servers end with the process that started them.
stop_tests() {
  [ -z "$servers" ] || { kill "$servers"; wait "$servers"; } 2>/dev/null || true
  rm -f "$ledger"
}
