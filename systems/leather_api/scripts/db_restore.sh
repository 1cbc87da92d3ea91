#!/bin/bash
# Restores a backup from the bucket: db_restore.sh daily/leather_api-20270101T020000Z.dump
# Nothing is touched before the backup is here, whole, and what is there now is in safety/.
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
# reads every block of it, which a list of contents does not
pg_restore --file=/dev/null "$folder/backup.dump"

safety=before-restore-$(date -u +%Y%m%dT%H%M%SZ).dump
pg_dump --format=custom --dbname="$DATABASE_URL" --file="$folder/$safety"
(cd "$folder" && sha256sum "$safety" >"$safety.sha256")
aws s3 cp "$folder/$safety.sha256" "s3://$BACKUP_BUCKET/safety/$safety.sha256"
aws s3 cp "$folder/$safety" "s3://$BACKUP_BUCKET/safety/$safety"

pg_restore --clean --if-exists --no-owner --exit-on-error --single-transaction \
    --dbname="$DATABASE_URL" "$folder/backup.dump"
psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname="$DATABASE_URL" --command='ANALYZE'
