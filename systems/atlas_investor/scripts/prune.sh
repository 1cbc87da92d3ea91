#!/bin/bash
# Keeps the last 4 weekly and the last 12 monthly backups, and daily ones for 7 days,
# which the plan does not state; never drops the newest.
#
# BACKUP_BUCKET  the bucket, without s3://
set -euo pipefail
: "${BACKUP_BUCKET:?}"

# of the whole bucket: a listing of an empty folder ends with an error, as one that was refused does
listing=$(aws s3 ls --recursive "s3://$BACKUP_BUCKET/")

names() {
    sed -n "s,.* $1/\\(atlas-[0-9]\\{8\\}T[0-9]\\{6\\}Z\\.sql\\.enc\\)\$,\\1,p" <<<"$listing" | sort
}
# all but the last so many
keep() {
    names "$1" | head -n "-$2" | while read -r name; do
        aws s3 rm "s3://$BACKUP_BUCKET/$1/$name"
        aws s3 rm "s3://$BACKUP_BUCKET/$1/$name.sha256"
    done
}

keep daily 7
keep weekly 4
keep monthly 12
