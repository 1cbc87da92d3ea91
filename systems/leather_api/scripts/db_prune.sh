#!/bin/bash
# Drops backups older than promised: daily/ 7 days, weekly/ 30 days, monthly/ 90 days.
# The newest of each folder stays, however old it is: a backup that stopped must not empty it.
#
# BACKUP_BUCKET  the bucket, without s3://
set -euo pipefail
: "${BACKUP_BUCKET:?}"

# of the whole bucket: a listing of an empty folder ends with an error, as one that was refused does
listing=$(aws s3 ls --recursive "s3://$BACKUP_BUCKET/")

prune() {
    folder=$1
    # seven days are today and six before: what is of the day that long ago goes
    oldest=$(date -u -d "$(date -u +%F) - $2 days" +%Y%m%d)
    sed -n "s,.* $folder/\\(leather_api-[0-9]\\{8\\}T[0-9]\\{6\\}Z\\.dump\\)\$,\\1,p" <<<"$listing" | sort | sed '$d' |
        while read -r name; do
            day=${name#leather_api-}
            if [ "${day%%T*}" -le "$oldest" ]; then
                aws s3 rm "s3://$BACKUP_BUCKET/$folder/$name"
                aws s3 rm "s3://$BACKUP_BUCKET/$folder/$name.sha256"
            fi
        done
}

prune daily 7
prune weekly 30
prune monthly 90
