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
# The packages would start servers of their own; the tests start theirs, on loopback. Debian asks
# this script first (invoke-rc.d(8)); one that is there already is left alone.
POLICY=/usr/sbin/policy-rc.d
if [ ! -e "$POLICY" ]; then
    printf '#!/bin/sh\nexit 101\n' | $run tee "$POLICY" > /dev/null
    $run chmod 755 "$POLICY"
    trap '$run rm -f "$POLICY"' EXIT
fi
$run apt-get -qq update
$run apt-get -qq install -y --no-install-recommends $PACKAGES > /dev/null
