#!/usr/bin/env bash
# Runs all tests inside a program whose C++ locale groups digits, and whose C locale writes decimal commas if this machine
# can make one (Debian's package locales). locale_test.sh TESTS
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
name=de_DE.UTF-8
localedef -i de_DE -f UTF-8 "$folder/$name" 2>/dev/null || {
    echo "localedef makes no $name here: C's locale stays \"C\""
    name=C
}
LOCPATH=$folder TINYNN_TEST_LOCALE=$name "$1"
