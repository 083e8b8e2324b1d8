#!/usr/bin/env bash
# The first program that the README shows is, to the letter, the one that is compiled. readme_test.sh PROJECT_FOLDER
set -euo pipefail
cd "$1"
program=examples/prune_simple_cnn.cpp
diff <(awk '/^```cpp/ && !shown++ { inside = 1; next } /^```/ { inside = 0 } inside' README.md) "$program" || {
    echo "README.md and $program differ"
    exit 1
}
echo "README.md shows $program as it is"
