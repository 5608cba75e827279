#!/bin/sh
# signed_in.sh LOGIN PROGRAM ARGUMENTS...: run pg_dump, psql or another program of PostgreSQL with a login that has a secret:
# postgres, the superuser, or lmskit_backup. The password is in no argument and no variable.
set -eu
secrets=${LMSKIT_SECRETS:-/run/secrets}
PGUSER=$1
shift
PGPASSFILE=$(mktemp)
trap 'rm -f "$PGPASSFILE"' EXIT
{
  printf '*:*:*:%s:' "$PGUSER"
  sed 's/[\\:]/\\&/g' "$secrets/${PGUSER#lmskit_}_password"
} > "$PGPASSFILE"
export PGUSER PGPASSFILE
"$@"
