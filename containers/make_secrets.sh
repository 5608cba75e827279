#!/bin/sh
# make_secrets.sh [FOLDER]: make the passwords that compose.yaml mounts, except those that exist. By default the folder is secrets.
# Services run as users of their own, so the files can be read by all, and the folder by no one but you.
set -eu
folder=${1:-secrets}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"
for name in postgres dispatcher backup refresh; do
  file=$folder/${name}_password
  [ -s "$file" ] || head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$file"
done
[ -e "$folder/smtp_password" ] || : > "$folder/smtp_password"
chmod 444 "$folder"/*_password
