#!/bin/sh
# What `make test-docker` needs beyond Python packages: debootstrap, Caddy, and Compose, whose plugin is a static program
# that Debian's next release has. Installs what is missing where it may (root on Debian), else says what to install.
set -eu
tools=build/docker-tools
missing=
command -v debootstrap >/dev/null || missing="$missing debootstrap"
command -v caddy >/dev/null || missing="$missing caddy"
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "install these first:$missing" >&2
        exit 1
    fi
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
docker compose version >/dev/null 2>&1 && exit 0
[ -x $tools/docker-compose ] && exit 0
mkdir -p $tools/lists/partial $tools/cache/archives/partial
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" >$tools/sources.list
trixie="-o Dir::Etc::sourcelist=$PWD/$tools/sources.list -o Dir::Etc::sourceparts=/dev/null -o Dir::State::Lists=$PWD/$tools/lists -o Dir::Cache=$PWD/$tools/cache"
# shellcheck disable=SC2086
apt-get $trixie update -qq
# shellcheck disable=SC2086
(cd $tools && apt-get $trixie download -qq docker-compose)
dpkg --fsys-tarfile $tools/docker-compose_*.deb | tar --extract --to-stdout ./usr/libexec/docker/cli-plugins/docker-compose >$tools/docker-compose
chmod +x $tools/docker-compose
rm -rf $tools/lists $tools/cache $tools/docker-compose_*.deb
