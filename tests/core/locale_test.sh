#!/usr/bin/env bash
# Runs all tests inside a program whose C locale writes decimal commas, if this machine can make one (Debian's package
# locales). locale_test.sh TESTS
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
localedef -i de_DE -f UTF-8 "$folder/de_DE.UTF-8" 2>/dev/null || {
    echo "skipped: localedef makes no de_DE.UTF-8 here"
    exit 77
}
LOCPATH=$folder TINYNN_TEST_LOCALE=de_DE.UTF-8 "$1"
