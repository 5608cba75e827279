#!/bin/sh
# start_postgres.sh postgres ARGUMENTS...: before the image's own entrypoint, refuse what would begin an empty cluster instead of
# a full one, and switch on TLS, and nothing else, if there is a key.
set -eu
volume=${LMSKIT_VOLUME:-/var/lib/postgresql}
secrets=${LMSKIT_SECRETS:-/run/secrets}
rules=${LMSKIT_RULES:-/etc/lmskit/pg_hba.conf}
private=${LMSKIT_PRIVATE:-/run/postgresql}
entrypoint=${LMSKIT_ENTRYPOINT:-docker-entrypoint.sh}
: "${PGDATA:?the image says where the data are}" "${PG_MAJOR:?the image says which PostgreSQL it has}"

if [ -s "$PGDATA/PG_VERSION" ]; then
  found=$(cat "$PGDATA/PG_VERSION")
  if [ "$found" != "$PG_MAJOR" ]; then
    echo "The data in $PGDATA are of PostgreSQL $found, and this image has PostgreSQL $PG_MAJOR. Nothing was changed." \
      "Start the image of PostgreSQL $found again, or upgrade: docs/containers.md, \"A new major version\"." >&2
    exit 1
  fi
elif [ "${LMSKIT_NEW_CLUSTER:-}" != "$PG_MAJOR" ]; then
  # The image before PostgreSQL 18 kept its data in the volume itself or in its folder data, later ones in VERSION/docker.
  for other in "$volume" "$volume"/data "$volume"/*/docker "$volume"/*/data; do
    if [ -s "$other/PG_VERSION" ]; then
      echo "There are no data in $PGDATA, but those of PostgreSQL $(cat "$other/PG_VERSION") are in $other, and an empty cluster beside" \
        "them would look as if all data were lost. Nothing was changed. Start the image of that version again, or upgrade:" \
        "docs/containers.md, \"A new major version\"." >&2
      exit 1
    fi
  done
fi

if [ -s "$secrets/server_key" ]; then
  # PostgreSQL takes a key only from a file of its own user that no one else can read; a secret may belong to anyone.
  (umask 077 && cat "$secrets/server_key" > "$private/server.key")
  set -- "$@" -c ssl=on -c ssl_min_protocol_version=TLSv1.2 \
    -c "ssl_cert_file=$secrets/server_certificate" -c "ssl_key_file=$private/server.key" -c "hba_file=$rules"
fi
exec "$entrypoint" "$@"
