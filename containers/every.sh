#!/bin/sh
# every.sh SECONDS COMMAND...: run a command, again SECONDS after it has ended, and so on, whether or not it succeeds.
# SIGTERM is passed on to the command, and ends this script when the command has ended.
set -u
seconds=$1
shift
child=
stop() {
  trap - TERM INT
  [ -z "$child" ] || { kill -TERM "$child" && wait "$child"; } 2>/dev/null
  exit 0
}
trap stop TERM INT
while :; do
  "$@" &
  child=$!
  wait "$child" || echo "Exit status $? of: $*. Tried again in $seconds seconds." >&2
  sleep "$seconds" &
  child=$!
  wait "$child"
done
