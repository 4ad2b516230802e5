# shellcheck shell=bash
# Runs all tests on a private MariaDB and RabbitMQ.

# Executables that take longest, which start first, so that the end does not wait for one of them.
TESTS_FIRST=tests/tests/end_to_end,gateway-core/store/tests/suite,gateway-api/tests/api
# Executables that run at once. Tests wait more than they compute, so two of them keep two processors busy.
TESTS_AT_ONCE=2
# Executables that kill their servers again and again. They wait for these, beside each other, after the others.
TESTS_THAT_KILL=tests/tests/chaos,tests/tests/once
# Executables that measure. Each runs alone, at the end.
TESTS_THAT_MEASURE=(tests/tests/many tests/tests/crowd)

dev_test() {
  local filter='' long='' argument
  for argument in "$@"; do
    case $argument in
      --long) long=1 ;;
      -*) die "unknown option $argument" ;;
      *) [ -z "$filter" ] || die 'at most one FILTER is allowed'; filter=$argument ;;
    esac
  done
  need_cargo
  packages_need "${PACKAGES_TO_BUILD[@]}" "${PACKAGES_TO_TEST[@]}"
  cd "$repository"
  test_files=$(mktemp -d) servers=''
  trap 'stop_tests; exit 130' INT
  trap 'stop_tests; exit 143' TERM
  trap 'rm -rf "$test_files"' EXIT
  timed 'built' build_tests || die 'the build failed'
  timed 'tests' run_tests "$filter" "$long"
}

# Builds all test executables and the programs that they start, and stores cargo's list of them.
build_tests() {
  cargo test --workspace --no-run --message-format=json-render-diagnostics >"$test_files/built"
}

run_tests() {
  local filter=$1 long=$2 binaries status=0 count source
  local -a slow=(--slow tests/slow_tests) last=(--then "$TESTS_THAT_KILL")
  binaries=$(target_directory)/debug
  export GATEWAY_TEST_BIN=$binaries/gateway GATEWAY_TEST_LEDGER=$test_files/ledger
  : >"$GATEWAY_TEST_LEDGER"
  for source in "${TESTS_THAT_MEASURE[@]}"; do
    last+=(--then "$source")
  done
  [ -z "$long" ] || { export GATEWAY_TEST_LONG=1; slow=(); }
  # In the background, so that the shell handles a signal at once and not after the tests.
  "$binaries/with_servers" "$binaries/run_tests" --jobs "$TESTS_AT_ONCE" --threads "$(nproc)" --first "$TESTS_FIRST" \
    "${last[@]}" "${slow[@]}" -- ${filter:+"$filter"} <"$test_files/built" &
  servers=$!
  wait "$servers" || status=$?
  # Only rustdoc compiles and runs the examples in doc comments.
  cargo test --quiet --workspace --doc --no-fail-fast ${filter:+-- "$filter"} || status=$?
  count=$(grep -c '^mysql+rabbitmq' "$GATEWAY_TEST_LEDGER" || true)
  printf '%s tests ran on MySQL + RabbitMQ\n' "$count"
  if [ "$count" = 0 ] && [ -z "$filter" ]; then
    say 'no test ran on MySQL and RabbitMQ'
    return 1
  fi
  return "$status"
}

# Stops the process that started tests and servers; they end with it.
stop_tests() {
  [ -z "$servers" ] || { kill "$servers"; wait "$servers"; } 2>/dev/null || true
  rm -rf "$test_files"
}
