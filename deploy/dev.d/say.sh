# shellcheck shell=bash
# What the user is told. All of it goes to standard error: standard output is for results.

say() {
  printf '%s\n' "$*" >&2
}

die() {
  printf 'deploy/dev: %s\n' "$*" >&2
  exit 1
}

# Runs a command and tells how long it took:  timed WHAT COMMAND...
timed() {
  local what=$1 start=$SECONDS status=0
  shift
  "$@" || status=$?
  say "$what: $((SECONDS - start)) s"
  return "$status"
}
