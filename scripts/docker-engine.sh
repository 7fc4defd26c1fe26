#!/usr/bin/env bash
# A Docker engine without a service manager: Debian's dockerd, started by hand as root in a work folder of its own, for
# machines that have no engine (build machines, sandboxes). Where an engine answers already, nothing is started.
#
#   scripts/docker-engine.sh start    starts it; prints the two exports that point a shell at it
#   eval "$(scripts/docker-engine.sh env)"
#   scripts/docker-engine.sh stop     stops it; containers and images stay in the work folder
#
# SYNCPROOF_DOCKER_DIR   the work folder (default /var/tmp/syncproof-docker; needs a file system that overlay2 accepts)
set -euo pipefail

WORK=${SYNCPROOF_DOCKER_DIR:-/var/tmp/syncproof-docker}
BASE=node:24-bookworm-slim
HERE=$(cd "$(dirname "$0")/.." && pwd)

say() { echo "docker-engine: $*" >&2; }
need_root() { [ "$(id -u)" = 0 ] || { say "starting an engine needs root"; exit 2; }; }

print_env() {
  if [ -S "$WORK/docker.sock" ]; then echo "export DOCKER_HOST=unix://$WORK/docker.sock"; fi
  if [ -d "$WORK/cfg" ]; then echo "export DOCKER_CONFIG=$WORK/cfg"; fi
}

install_engine() {
  local missing=()
  command -v dockerd >/dev/null || missing+=(docker.io)
  command -v docker >/dev/null || missing+=(docker.io)
  command -v iptables >/dev/null || missing+=(iptables)
  [ ${#missing[@]} = 0 ] && return
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

start_daemon() {
  mkdir -p "$WORK/cfg"
  # Machines of this kind lack CAP_SYS_RESOURCE: containers cannot have more open files than the hard limit here.
  local files
  files=$(ulimit -Hn)
  [ "$files" = unlimited ] && files=1048576
  setsid dockerd --data-root "$WORK/data" --exec-root "$WORK/exec" -H "unix://$WORK/docker.sock" --pidfile "$WORK/pid" \
    --default-ulimit "nofile=$files:$files" >"$WORK/log" 2>&1 </dev/null &
  for _ in $(seq 60); do
    DOCKER_HOST=unix://$WORK/docker.sock docker version >/dev/null 2>&1 && return
    sleep 0.5
  done
  say "dockerd did not come up; the end of $WORK/log:"
  tail -n 20 "$WORK/log" >&2
  exit 1
}

# Debian's stable release of 2023 has only compose v1: v2 and buildx are taken from the next release's packages (they need
# nothing but libc), by name through apt in a configuration of its own, unpacked and not installed.
install_compose() {
  docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1 && return
  say "unpacking compose v2 and buildx"
  local apt=$WORK/apt keyring=/usr/share/keyrings/debian-archive-keyring.gpg uri
  uri=$(apt-get indextargets --format '$(REPO_URI) $(LABEL) $(CODENAME)' 'Created-By: Packages' |
    awk '$2 == "Debian" && $3 !~ /-/ && !seen { print $1; seen = 1 }')
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/debs" "$WORK/cfg/cli-plugins"
  echo "deb [signed-by=$keyring] $uri trixie main" >"$apt/sources.list"
  local options=(-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache")
  apt-get "${options[@]}" update -qq
  (cd "$apt/debs" && apt-get "${options[@]}" download -qq docker-compose/trixie docker-buildx/trixie)
  for deb in "$apt"/debs/*.deb; do dpkg-deb -x "$deb" "$apt/unpacked"; done
  cp "$apt"/unpacked/usr/libexec/docker/cli-plugins/docker-{compose,buildx} "$WORK/cfg/cli-plugins/"
  chmod +x "$WORK"/cfg/cli-plugins/*
}

# Without a registry the base image is made here: Debian's minimal system, the pinned Node of node_modules and npm.
import_base() {
  docker image inspect "$BASE" >/dev/null 2>&1 && return
  if timeout 60 docker pull -q "$BASE" >/dev/null 2>&1; then say "pulled $BASE"; return; fi
  local node=$HERE/node_modules/node/bin/node root=$WORK/rootfs
  [ -x "$node" ] || { say "no registry in reach and no pinned Node in node_modules: run npm ci first"; exit 2; }
  say "no registry in reach: importing $BASE from Debian's packages and the pinned Node"
  command -v debootstrap >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
  if [ ! -e "$root/etc/debian_version" ]; then
    rm -rf "$root"
    debootstrap --variant=minbase bookworm "$root" >"$WORK/debootstrap.log" 2>&1
  fi
  mkdir -p "$root/usr/local/bin" "$root/usr/local/lib/node_modules" "$root/etc/ssl/certs"
  cp "$node" "$root/usr/local/bin/node"
  cp -a "$(npm root -g)/npm" "$root/usr/local/lib/node_modules/"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
  # A package mirror with a certificate authority of its own must be trusted inside, too.
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  tar -C "$root" -c . | docker import -c 'CMD ["node"]' -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    -c 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - "$BASE" >/dev/null
}

case ${1:-} in
  start)
    if docker version >/dev/null 2>&1; then
      say "an engine answers already"
    else
      need_root
      install_engine
      mkdir -p "$WORK"
      export DOCKER_HOST=unix://$WORK/docker.sock
      docker version >/dev/null 2>&1 || start_daemon
    fi
    mkdir -p "$WORK/cfg"
    # Plug-ins that the user has already win over unpacked ones.
    docker compose version >/dev/null 2>&1 || export DOCKER_CONFIG=$WORK/cfg
    install_compose
    import_base
    say "$(docker version --format 'engine {{.Server.Version}}'), $(docker compose version | head -n 1)"
    print_env
    ;;
  env) print_env ;;
  stop)
    if [ -f "$WORK/pid" ]; then
      pid=$(cat "$WORK/pid")
      kill "$pid" 2>/dev/null || true
      for _ in $(seq 60); do [ -d "/proc/$pid" ] || break; sleep 0.5; done
      say "stopped"
    else
      say "no engine of ours is running"
    fi
    ;;
  *)
    say "usage: scripts/docker-engine.sh start | env | stop"
    exit 2
    ;;
esac
