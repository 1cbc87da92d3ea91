#!/bin/bash
# Restores a backup from the bucket into an empty database: restore.sh mdc-20270101T020000Z.sql.gz
#
# DATABASE_URL   the database to restore into
# BACKUP_BUCKET  the bucket, without s3://
set -euo pipefail
: "${DATABASE_URL:?}" "${BACKUP_BUCKET:?}" "${1:?the key of a backup}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
aws s3 cp "s3://$BACKUP_BUCKET/$1" "$folder/backup.sql.gz"
aws s3 cp "s3://$BACKUP_BUCKET/$1.sha256" "$folder/backup.sql.gz.sha256"
echo "$(cut -c-64 "$folder/backup.sql.gz.sha256")  $folder/backup.sql.gz" | sha256sum --check --quiet
gunzip -c "$folder/backup.sql.gz" >"$folder/backup.sql"
tail -n 5 "$folder/backup.sql" | grep '^-- PostgreSQL database dump complete' >/dev/null
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --single-transaction \
    --dbname="$DATABASE_URL" --file="$folder/backup.sql"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$DATABASE_URL" --command='ANALYZE'
