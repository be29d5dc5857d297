#!/bin/sh
# Install the servers that the tests talk to: as root, or in CI. Elsewhere say what is missing.
set -eu
PACKAGES="dovecot-imapd dovecot-submissiond"

[ -x /usr/sbin/dovecot ] && [ -d /usr/share/doc/dovecot-submissiond ] && exit 0
if ! command -v apt-get > /dev/null; then
    echo "Not Debian: install $PACKAGES for the tests that need them."
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    run=""
elif [ "${CI:-}" = true ]; then
    run="sudo"
else
    echo "Tests that need $PACKAGES are skipped; install them with apt-get."
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
$run apt-get -qq update
# policy-rc.d keeps the package from starting a server of its own.
$run apt-get -qq install -y --no-install-recommends $PACKAGES > /dev/null
