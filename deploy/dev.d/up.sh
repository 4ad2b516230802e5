# shellcheck shell=bash
# Starts a gateway and a simulated cloud to try things out.

# About 500 resources of all kinds. A few of the 140 instances are always changing to another state.
SIMULATED=(--seed 7 --instances 140 --volumes 45 --movement 1 --account demo:demo-secret)
# Time for the first start of a debug build on a busy machine.
READY_SECONDS=60

dev_up() {
  local json='' port='' profile=dev binary=''
  data='' keep='' gateway_pid='' simulator_pid=''
  while [ $# -gt 0 ]; do
    case $1 in
      --json) json=1 ;;
      --release) profile=release ;;
      --binary) binary=${2:?--binary needs a file}; shift ;;
      --port) port=${2:?--port needs a number}; shift ;;
      --data) data=${2:?--data needs a directory}; keep=1; shift ;;
      *) die "unknown option $1" ;;
    esac
    shift
  done
  if [ -n "$binary" ]; then
    gateway=$binary
  else
    up_build "$profile"
  fi

  trap up_stop EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  up_prepare "${port:-$(free_port 8080)}"
  up_simulator
  up_register
  up_gateway
  up_login
  if [ -n "$json" ]; then
    printf '{"url":"%s","client_id":"%s","client_secret":"%s","token":"%s"}\n' \
      "$url" "$client_id" "$client_secret" "$token"
  else
    up_tell
  fi
  # If one process ends, the other is stopped too.
  wait -n "$gateway_pid" "$simulator_pid" || true
  up_failed 'a process ended unexpectedly'
}

up_build() {
  local profile=$1
  need_cargo
  packages_need "${PACKAGES_TO_BUILD[@]}"
  timed 'built' cargo build --quiet --manifest-path "$repository/Cargo.toml" \
    --package gateway-api --bin gateway --profile "$profile" || die 'the build failed'
  gateway=$(target_directory)/${profile/#dev/debug}/gateway
}

# Creates the data directory, and sets the environment of all later commands.
up_prepare() {
  if [ -n "$keep" ]; then
    mkdir -p "$data"
    data=$(cd "$data" && pwd)
  else
    data=$(mktemp -d "${TMPDIR:-/tmp}/gateway-dev.XXXXXX")
  fi
  chmod 700 "$data"
  url=http://127.0.0.1:$1
  local variable
  for variable in $(compgen -e GATEWAY_ || true); do unset "$variable"; done
  export GATEWAY_DATABASE_URL=sqlite:$data/gateway.db GATEWAY_BUS_URL=memory:
  export GATEWAY_KEYRING_FILE=$data/keyring.json GATEWAY_FRONT_LISTEN=127.0.0.1:$1
  # A simulated cloud may be polled often.
  export GATEWAY_POLLER_INTERVAL_SECONDS=10 GATEWAY_POLLER_MOVING_INTERVAL_SECONDS=2
}

up_simulator() {
  # A kept directory stores the port, because the cloud was registered with it.
  local port
  port=$(cat "$data/simulator-port" 2>/dev/null || free_port 18080)
  printf '%s\n' "$port" >"$data/simulator-port"
  cloud=http://127.0.0.1:$port
  "$gateway" simulator --listen "127.0.0.1:$port" "${SIMULATED[@]}" >"$data/simulator.log" 2>&1 &
  simulator_pid=$!
  until_true 'the simulated cloud listens' listens "$port"
}

# Runs before the gateway starts, because SQLite allows one writer at a time.
up_register() {
  local made
  "$gateway" migrate >"$data/migrate.log" 2>&1 || die "gateway migrate: $(tail -n 5 "$data/migrate.log")"
  if [ ! -s "$data/client.json" ]; then
    made=$("$gateway" client create dev --json) || die 'the client could not be registered'
    "$gateway" cloud add simulated --driver simulator --endpoint "$cloud" --json >/dev/null ||
      die 'the cloud could not be registered'
    # Written last: the file marks both registrations as done.
    (umask 077 && printf '%s\n' "$made" >"$data/client.json")
  fi
  client_id=$(json_word client_id <"$data/client.json")
  client_secret=$(json_word client_secret <"$data/client.json")
}

up_gateway() {
  "$gateway" up >"$data/gateway.log" 2>&1 &
  gateway_pid=$!
  until_true 'the gateway answers' curl -fsS --max-time 5 -o "$data/live" "$url/live"
}

up_login() {
  local answer
  until_true 'a handler takes requests' is_answered
  token=$(json_word token <<<"$answer")
  [ -n "$token" ] || up_failed "no token: $answer"
  until_true 'the first listing is complete' is_listed
}

# The front starts before the handler and answers `no-handler` until the handler is ready.
is_answered() {
  answer=$(curl -sS --max-time 60 -u "$client_id:$client_secret" -H 'Content-Type: application/json' \
    -d '{"credentials":[{"cloud":"simulated","credential":{"method":"access_key","access_key_id":"demo","secret_access_key":"demo-secret"}}]}' \
    "$url/v1/check_credentials") && [[ $answer != *no-handler* ]]
}

is_listed() {
  local answer
  answer=$(curl -fsS --max-time 5 -H "Authorization: Bearer $token" "$url/v1/instances?limit=1") || return 1
  position=$(sed -n 's/.*"position" *: *\([0-9]*\).*/\1/p' <<<"$answer")
  [[ $answer == *'"fresh"'* ]]
}

up_tell() {
  cat <<TEXT

Cloud Gateway listens on $url and follows a simulated cloud ($cloud).
Its data and logs are in $data${keep:+, and stay there}. Ctrl-C stops everything.

Client  $client_id, secret $client_secret
Token   $token

For the command line ($gateway):

  export GATEWAY_URL=$url GATEWAY_TOKEN=$token

Four things to try, in another terminal:

  URL=$url TOKEN=$token CLOUD=$cloud

1. List: answered from the store, with its age.
  curl -s -H "Authorization: Bearer \$TOKEN" "\$URL/v1/instances?limit=3"

2. Follow: all changes since then. Continue from the last "position".
  curl -s -H "Authorization: Bearer \$TOKEN" "\$URL/v1/events?after=${position:-0}"

3. Create a volume: if the request is sent again with the same key, no second one is created.
  curl -s -H "Authorization: Bearer \$TOKEN" -H 'Idempotency-Key: try-1' -d '{"name":"mine","size_gib":5}' "\$URL/v1/volumes"
  curl -s -H "Authorization: Bearer \$TOKEN" "\$URL/v1/volumes?name=mine"

4. Break the cloud's clock by 302 s, and see it rejected under "scopes" after the next poll.
  curl -s -X PUT -H 'Content-Type: application/json' -d '[{"fault":"skew","seconds":302}]' "\$CLOUD/control/faults"
  sleep 12; curl -s -H "Authorization: Bearer \$TOKEN" "\$URL/v1/instances?limit=1"
  curl -s -X DELETE "\$CLOUD/control/faults"        # and it recovers by itself
TEXT
}

up_stop() {
  local pid
  trap '' INT TERM
  for pid in "$gateway_pid" "$simulator_pid"; do
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  done
  wait 2>/dev/null || true
  [ -n "$keep" ] || [ -z "$data" ] || rm -rf -- "$data"
}

up_failed() {
  local log
  for log in simulator gateway; do
    [ ! -s "$data/$log.log" ] || { say "--- $log"; tail -n 20 "$data/$log.log" >&2; }
  done
  die "$1"
}

# Repeats a command until it succeeds:  until_true WHAT COMMAND...
until_true() {
  local what=$1 end=$((SECONDS + READY_SECONDS)) pid
  shift
  until "$@" 2>/dev/null; do
    for pid in $simulator_pid $gateway_pid; do
      kill -0 "$pid" 2>/dev/null || up_failed "a process ended before $what"
    done
    [ $SECONDS -lt $end ] || up_failed "waited $READY_SECONDS s until $what"
    sleep 0.2
  done
}

listens() {
  (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null
}

# The first port from $1 on that nobody listens on.
free_port() {
  local port=$1
  while listens "$port"; do port=$((port + 1)); done
  printf '%s\n' "$port"
}
