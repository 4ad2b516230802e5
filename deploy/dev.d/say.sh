# shellcheck shell=bash
# Messages to the user. They go to standard error, because standard output is for results.

say() {
  printf '%s\n' "$*" >&2
}

die() {
  printf 'deploy/dev: %s\n' "$*" >&2
  exit 1
}

# Runs a command and prints how long it took:  timed WHAT COMMAND...
timed() {
  local what=$1 start=$SECONDS status=0
  shift
  "$@" || status=$?
  say "$what: $((SECONDS - start)) s"
  return "$status"
}
