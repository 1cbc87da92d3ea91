#!/bin/bash
# Dumps the database into the bucket, beside the provider's own snapshots.
#
# DATABASE_URL   the database
# BACKUP_BUCKET  the bucket, without s3://
set -euo pipefail
: "${DATABASE_URL:?}" "${BACKUP_BUCKET:?}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
name=ideation-$(date -u +%Y%m%dT%H%M%SZ).dump
pg_dump --format=custom --dbname="$DATABASE_URL" --file="$folder/$name"
pg_restore --file=/dev/null "$folder/$name"
(cd "$folder" && sha256sum "$name" >"$name.sha256")
# the checksum first: a backup that is there has one
aws s3 cp "$folder/$name.sha256" "s3://$BACKUP_BUCKET/$name.sha256"
aws s3 cp "$folder/$name" "s3://$BACKUP_BUCKET/$name"
