# shellcheck shell=bash
# Installs Debian packages that are missing, without letting any of them start a service.

# To build and to run: a C compiler and linker for the crates with C in them, and MySQL's client library.
PACKAGES_TO_BUILD=(build-essential pkg-config libmariadb-dev curl)
# To test: the two servers, a program that is not ours to speak AMQP with, and what fetches recorded documents.
PACKAGES_TO_TEST=(mariadb-server-core mariadb-client-core rabbitmq-server python3-pika python3-pip)

# What a package's scripts ask before they start a service; 101 says no.
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
    say "this is no Debian: make sure that these are installed: $*"
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
  # The lists of the machine are tried first: they are usually good, and fetching them costs half a minute.
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
    say "this needs root, and there is no sudo here"
    return 1
  fi
}
