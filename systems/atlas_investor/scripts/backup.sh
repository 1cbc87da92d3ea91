#!/bin/bash
# Dumps the database, encrypted, into daily/ of the bucket; on Sundays into weekly/ too,
# on the first of a month into monthly/ too. migrate.sh runs it before every migration.
#
# DATABASE_URL   the database
# BACKUP_BUCKET  the bucket, without s3://
# BACKUP_KEY     what the dump is encrypted with
set -euo pipefail
: "${DATABASE_URL:?}" "${BACKUP_BUCKET:?}" "${BACKUP_KEY:?}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
name=atlas-$(date -u +%Y%m%dT%H%M%SZ).sql.enc

pg_dump --format=plain --dbname="$DATABASE_URL" --file="$folder/dump.sql"
tail -n 5 "$folder/dump.sql" | grep '^-- PostgreSQL database dump complete' >/dev/null
openssl enc -aes-256-cbc -pbkdf2 -salt -pass env:BACKUP_KEY -in "$folder/dump.sql" -out "$folder/$name"
# this cipher does not tell when a byte of it was changed
(cd "$folder" && sha256sum "$name" >"$name.sha256")

# the checksum first: a backup that is there has one
send() {
    aws s3 cp "$folder/$name.sha256" "s3://$BACKUP_BUCKET/$1/$name.sha256"
    aws s3 cp "$folder/$name" "s3://$BACKUP_BUCKET/$1/$name"
}
send daily
if [ "$(date -u +%u)" = 7 ]; then send weekly; fi
if [ "$(date -u +%d)" = 01 ]; then send monthly; fi
"$(dirname -- "$0")/prune.sh"
