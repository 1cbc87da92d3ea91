#!/bin/bash
# Restores a backup from the bucket with psql: restore.sh daily/atlas-20270101T020000Z.sql.enc
#
# DATABASE_URL   the database to restore into: an empty one
# BACKUP_BUCKET  the bucket, without s3://
# BACKUP_KEY     what the dump was encrypted with
set -euo pipefail
: "${DATABASE_URL:?}" "${BACKUP_BUCKET:?}" "${BACKUP_KEY:?}" "${1:?the key of a backup}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
aws s3 cp "s3://$BACKUP_BUCKET/$1" "$folder/dump.sql.enc"
aws s3 cp "s3://$BACKUP_BUCKET/$1.sha256" "$folder/dump.sql.enc.sha256"
echo "$(cut -c-64 "$folder/dump.sql.enc.sha256")  $folder/dump.sql.enc" | sha256sum --check --quiet
openssl enc -d -aes-256-cbc -pbkdf2 -pass env:BACKUP_KEY -in "$folder/dump.sql.enc" -out "$folder/dump.sql"
tail -n 5 "$folder/dump.sql" | grep '^-- PostgreSQL database dump complete' >/dev/null
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --single-transaction \
    --dbname="$DATABASE_URL" --file="$folder/dump.sql"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$DATABASE_URL" --command='ANALYZE'
