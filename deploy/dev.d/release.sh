# shellcheck shell=bash
# Builds the shipped binary, with its debug information in a file beside it.

dev_release() {
  local out='' built
  while [ $# -gt 0 ]; do
    case $1 in
      --out) out=${2:?--out needs a directory}; shift ;;
      *) die "unknown option $1" ;;
    esac
    shift
  done
  need_cargo
  packages_need "${PACKAGES_TO_BUILD[@]}"
  cd "$repository"
  timed 'built' cargo build --locked --package gateway-api --bin gateway --release || die 'the build failed'
  built=$(target_directory)/release/gateway
  out=${out:-$(target_directory)/shipped}
  mkdir -p "$out"
  # Backtraces read line numbers from gateway.debug if it is beside the binary.
  objcopy --only-keep-debug "$built" "$out/gateway.debug"
  (cd "$out" && objcopy --strip-debug --add-gnu-debuglink=gateway.debug "$built" gateway)
  du -h "$out/gateway" "$out/gateway.debug"
}
