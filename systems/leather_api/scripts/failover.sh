#!/bin/bash
# Lets the standby region serve: its replica becomes the database, the service runs, the name leads there.
#
# STANDBY_REGION            the region; the document's Terraform has but one
# STANDBY_DATABASE          the replica that is there
# ECS_CLUSTER, ECS_SERVICE  where the service runs, in every region
# ZONE_ID, HOST, STANDBY    the hosted zone, the system's name in it, and what it is to lead to
set -euo pipefail
: "${STANDBY_REGION:?}" "${STANDBY_DATABASE:?}" "${ECS_CLUSTER:?}" "${ECS_SERVICE:?}"
: "${ZONE_ID:?}" "${HOST:?}" "${STANDBY:?}"
export AWS_DEFAULT_REGION=$STANDBY_REGION

aws rds promote-read-replica --db-instance-identifier "$STANDBY_DATABASE"
aws rds wait db-instance-available --db-instance-identifier "$STANDBY_DATABASE"
aws ecs update-service --cluster "$ECS_CLUSTER" --service "$ECS_SERVICE" --desired-count 2
aws ecs wait services-stable --cluster "$ECS_CLUSTER" --services "$ECS_SERVICE"
change='{"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {"Name": "%s", "Type": "CNAME", "TTL": 60,
    "ResourceRecords": [{"Value": "%s"}]}}]}'
# shellcheck disable=SC2059 - the format is the template
aws route53 change-resource-record-sets --hosted-zone-id "$ZONE_ID" \
    --change-batch "$(printf "$change" "$HOST" "$STANDBY")"
