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

aws s3 cp "$folder/$name" "s3://$BACKUP_BUCKET/daily/$name"
if [ "$(date -u +%u)" = 7 ]; then
    aws s3 cp "$folder/$name" "s3://$BACKUP_BUCKET/weekly/$name"
fi
if [ "$(date -u +%d)" = 01 ]; then
    aws s3 cp "$folder/$name" "s3://$BACKUP_BUCKET/monthly/$name"
fi
"$(dirname -- "$0")/prune.sh"
