#!/bin/sh
# What the tests need beyond Python and Node.js packages: a browser, a display without a screen, networks of namespaces,
# a TURN server, and the libraries of PyAudio, OpenCV and MediaPipe.
# Installs what is missing where it may (root on Debian), else says what to install.
set -e
missing=
have() { command -v "$1" >/dev/null 2>&1; }
library() { ldconfig -p | grep -q "$1"; }

have chromium || have chromium-browser || have google-chrome || missing="$missing chromium"
[ -f /usr/include/portaudio.h ] || missing="$missing portaudio19-dev"
have cc || missing="$missing gcc libc6-dev"
python3 - <<'PY' || missing="$missing python3-dev"
import pathlib, sys, sysconfig
sys.exit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").is_file())
PY
library libGL.so.1 || missing="$missing libgl1"
library libEGL.so.1 || missing="$missing libegl1"
library libGLESv2.so.2 || missing="$missing libgles2"
have Xvfb || missing="$missing xvfb"
have ip || missing="$missing iproute2"
have nft || missing="$missing nftables"
have turnserver || missing="$missing coturn"

[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && have apt-get; then
    echo "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "the tests need these system packages (Debian's names):$missing" >&2
    echo "install them first:  sudo apt-get install$missing" >&2
    exit 1
fi
