#!/bin/bash
# Goes back to the image that ran before: it is tagged on the server, not pulled.
set -euo pipefail
docker tag atlas-investor:previous atlas-investor:latest
docker compose up --detach --no-build web worker
