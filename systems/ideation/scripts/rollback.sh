#!/bin/bash
# Goes back to the release before, and waits until it serves: rollback.sh DEPLOYMENT
set -euo pipefail
kubectl --namespace=ideation rollout undo "deployment/${1:?a deployment}"
kubectl --namespace=ideation rollout status "deployment/$1" --timeout=300s
