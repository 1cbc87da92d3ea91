#!/bin/bash
# Lets the service run a task definition, and waits until it is stable: deploy.sh leather-api:41
#
# ECS_CLUSTER, ECS_SERVICE  where it runs
set -euo pipefail
: "${ECS_CLUSTER:?}" "${ECS_SERVICE:?}" "${1:?a task definition}"
aws ecs update-service --cluster "$ECS_CLUSTER" --service "$ECS_SERVICE" --task-definition "$1"
if [ "${2:-wait}" = wait ]; then
    aws ecs wait services-stable --cluster "$ECS_CLUSTER" --services "$ECS_SERVICE"
fi
