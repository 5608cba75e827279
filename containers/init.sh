#!/bin/sh
# init.sh ARGUMENTS...: prepare the server and make the first administrator. The arguments are those of `lmskit init`.
# The login of the address is the server's superuser; the logins for mail and dumps get the passwords in their secrets.
set -eu
secrets=${LMSKIT_SECRETS:-/run/secrets}
empty=
for argument; do
  [ "$argument" != --empty ] || empty=--empty
done
lmskit db bootstrap --harden $empty \
  --dispatcher-password-file "$secrets/dispatcher_password" \
  --backup-password-file "$secrets/backup_password"
lmskit init --harden "$@"
lmskit sign-out
