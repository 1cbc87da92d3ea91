#!/bin/bash
# Lets a deployment run an image: release.sh DEPLOYMENT IMAGE
set -euo pipefail
kubectl --namespace=ideation set image "deployment/${1:?a deployment}" "*=${2:?an image}"
