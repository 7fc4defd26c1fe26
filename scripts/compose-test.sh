#!/usr/bin/env bash
# Brings the compose file up for real, judges the reference sync in it, and takes everything down, whatever happens.
# Starts an engine where none answers (scripts/docker-engine.sh; needs root), and stops it again if it was started here.
# Exit code: the judge's.
set -euo pipefail
cd "$(dirname "$0")/.."

started='' single=''
if ! docker version >/dev/null 2>&1; then started=yes; fi
eval "$(scripts/docker-engine.sh start)"

compose() { docker compose --profile check "$@"; }
finish() {
  local code=$?
  if [ "$code" != 0 ]; then compose ps --all || true; compose logs --no-color --tail 40 || true; fi
  [ -z "$single" ] || docker rm --force "$single" >/dev/null
  compose down --volumes --timeout 20 || true
  [ -z "$started" ] || scripts/docker-engine.sh stop
  exit "$code"
}
trap finish EXIT

docker compose up --build --wait --wait-timeout 120
docker compose ps
compose run --rm check

# As a service container in somebody's CI: the whole sandbox from one image and its environment.
single=$(docker run --detach --init --env SYNCPROOF_UP_PARTS="crm epic hl7" --env SYNCPROOF_UP_CONTROL_TOKEN=secret "${SYNCPROOF_IMAGE:-syncproof:local}")
for _ in $(seq 40); do
  health=$(docker inspect --format '{{.State.Health.Status}}' "$single")
  [ "$health" != healthy ] || break
  sleep 0.5
done
docker logs "$single" 2>&1 | sed -n 1,12p
[ "$health" = healthy ] || { echo "the image did not start from its environment alone: $health"; exit 1; }
