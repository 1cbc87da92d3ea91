#!/bin/bash
# Restores a dump from the bucket: db_restore.sh ideation-20270101T030000Z.dump
#
# DATABASE_URL   the database to restore into
# BACKUP_BUCKET  the bucket, without s3://
set -euo pipefail
: "${DATABASE_URL:?}" "${BACKUP_BUCKET:?}" "${1:?the key of a backup}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
aws s3 cp "s3://$BACKUP_BUCKET/$1" "$folder/backup.dump"
aws s3 cp "s3://$BACKUP_BUCKET/$1.sha256" "$folder/backup.dump.sha256"
echo "$(cut -c-64 "$folder/backup.dump.sha256")  $folder/backup.dump" | sha256sum --check --quiet
pg_restore --file=/dev/null "$folder/backup.dump"
pg_restore --clean --if-exists --no-owner --exit-on-error --single-transaction \
    --dbname="$DATABASE_URL" "$folder/backup.dump"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$DATABASE_URL" --command='ANALYZE'
