# Sourced by scripts that want MNIST or a look-alike. find.hpp beside is the same for C++.
# shellcheck shell=bash

# shellcheck disable=SC2034 # used by those who source this
no_data="there is neither MNIST (datasets/fetch.sh mnist) nor Fashion-MNIST (Debian's dataset-fashion-mnist)"

# find_data NAME...: prints the first "ROOT NAME" for which ROOT/NAME holds all four files of mnist or fashion-mnist. ROOT
# is $TINYNN_DATA, this folder, or the one of Debian's packages. Fails where there is none.
find_data() {
    local root name part file
    for name; do
        for root in "${TINYNN_DATA:-}" "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)" /usr/share/datasets; do
            [[ $root ]] || continue
            for part in train t10k; do
                for file in images?idx3 labels?idx1; do
                    compgen -G "$root/$name/$part-$file-ubyte" >/dev/null ||
                        compgen -G "$root/$name/$part-$file-ubyte.gz" >/dev/null || continue 3
                done
            done
            echo "$root $name"
            return
        done
    done
    return 1
}

# use_data NAME...: sets TINYNN_DATA and $data, the NAME, to what find_data finds.
use_data() {
    local found
    found=$(find_data "$@") || return 1
    export TINYNN_DATA=${found% *} data=${found##* }
}

# data_file NAME: prints the path of a file of that data set, "t10k-images-idx3-ubyte" in whichever spelling is there.
data_file() { compgen -G "$TINYNN_DATA/$data/${1/-idx/?idx}*" | grep -E 'ubyte(\.gz)?$' | head -n 1; }
