#!/bin/bash
# Backs the database up to the bucket: every night to daily/, on Sundays to weekly/ too,
# on the first of a month to monthly/ too. Then drops what is older than promised.
#
# DATABASE_URL   the database
# BACKUP_BUCKET  the bucket, without s3://
set -euo pipefail
: "${DATABASE_URL:?}" "${BACKUP_BUCKET:?}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
name=leather_api-$(date -u +%Y%m%dT%H%M%SZ).dump

pg_dump --format=custom --dbname="$DATABASE_URL" --file="$folder/$name"
# the list of contents is no proof, but a file without one is no dump
pg_restore --list "$folder/$name" >"$folder/contents"
[ -s "$folder/contents" ]
(cd "$folder" && sha256sum "$name" >"$name.sha256")

# the checksum first: a backup that is there has one
send() {
    aws s3 cp "$folder/$name.sha256" "s3://$BACKUP_BUCKET/$1/$name.sha256"
    aws s3 cp "$folder/$name" "s3://$BACKUP_BUCKET/$1/$name"
}
send daily
if [ "$(date -u +%u)" = 7 ]; then send weekly; fi
if [ "$(date -u +%d)" = 01 ]; then send monthly; fi
"$(dirname -- "$0")/db_prune.sh"
