# shellcheck shell=bash
# Installs Debian packages that are missing, without letting any of them start a service.

# For building and running: a C compiler and linker for crates with C code, MySQL's client library, and curl.
PACKAGES_TO_BUILD=(build-essential pkg-config libmariadb-dev curl)
# For tests: the two servers, a third-party AMQP client, and pip, which fetches recorded documents.
PACKAGES_TO_TEST=(mariadb-server-core mariadb-client-core rabbitmq-server python3-pika python3-pip)

# Package scripts run this program before they start a service; exit status 101 forbids the start.
POLICY=/usr/sbin/policy-rc.d

packages_missing() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || printf '%s\n' "$package"
  done
}

packages_need() {
  local missing
  command -v dpkg-query >/dev/null || {
    say "this is not Debian; install: $*"
    return 0
  }
  mapfile -t missing < <(packages_missing "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  packages_install "${missing[@]}" ||
    die "could not install ${missing[*]}; as root: apt-get install --no-install-recommends ${missing[*]}"
}

packages_install() {
  local status=0 ours=no
  if [ ! -e "$POLICY" ] && [ ! -L "$POLICY" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null || return 1
    as_root chmod 755 "$POLICY"
    ours=yes
  fi
  # The machine's package lists are tried first: they are usually recent, and an update takes half a minute.
  apt_install "$@" 2>/dev/null || { as_root apt-get -qq update && apt_install "$@"; } || status=$?
  [ "$ours" = no ] || as_root rm -f "$POLICY"
  return "$status"
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold install "$@" >/dev/null
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "root is required, and sudo is not installed"
    return 1
  fi
}
