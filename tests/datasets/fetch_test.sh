#!/usr/bin/env bash
# Tests datasets/fetch.sh against a local server with small stand-in files.
# Needs neither the internet nor real data. Exit code: 0 all cases are ok,
# 1 some failed, 77 python3 is missing (the usual code for "skipped").
# shellcheck disable=SC2317 # the cases are called by name
# shellcheck disable=SC2086 # $first and $archive have no spaces
set -euo pipefail
unset CDPATH

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fetch=$here/../../datasets/fetch.sh
if ! python3 -c '' 2>/dev/null; then
    echo "skipped: python3 is missing"
    exit 77
fi

tmp=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$tmp"' EXIT
mkdir "$tmp/www"

# The user's own proxy and settings for curl and wget must not matter here.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY WGETRC
export no_proxy='*'
export TINYNN_CHECKSUMS=$tmp/checksums

# Stand-ins: noise, so that each file differs and half of it is still much.
for f in {train,t10k}-{images-idx3,labels-idx1}-ubyte; do
    head -c 20000 /dev/urandom >"$tmp/$f"
    gzip -c "$tmp/$f" >"$tmp/www/$f.gz"
    for set in mnist fashion-mnist; do
        echo "$(sha256sum <"$tmp/$f" | cut -d' ' -f1)  $set/$f" >>"$TINYNN_CHECKSUMS"
    done
done
mkdir "$tmp/cifar-10-batches-bin"
for f in data_batch_{1..5}.bin test_batch.bin batches.meta.txt readme.html; do
    head -c 5000 /dev/urandom >"$tmp/cifar-10-batches-bin/$f"
done
archive=cifar-10-binary.tar.gz
tar -czf "$tmp/www/$archive" -C "$tmp" cifar-10-batches-bin
echo "$(sha256sum <"$tmp/www/$archive" | cut -d' ' -f1)  cifar10/$archive" >>"$TINYNN_CHECKSUMS"

log=$tmp/log
: >"$log"
python3 "$here/server.py" "$tmp/www" "$log" >"$tmp/port" &
server=$!
for ((i = 0; i < 50; i++)); do
    [[ ! -s $tmp/port ]] || break
    sleep 0.1
done
url=http://127.0.0.1:$(<"$tmp/port")
nobody=http://127.0.0.1:1 # no server listens on this port
first=train-images-idx3-ubyte.gz

# --- steps: each returns nonzero, with the reason in $why, if it is not so

# run CODE "MIRROR..." ARG...: runs fetch.sh and expects its exit code.
run() {
    local want=$1 mirror=$2 code=0
    shift 2
    : >"$log"
    HOME=$tmp TINYNN_MIRROR=$mirror PATH=$bin "$fetch" "$@" >"$tmp/out" 2>"$tmp/err" || code=$?
    why="exit code $code, not $want: $(tail -n 1 "$tmp/err")"
    ((code == want))
}
says() { why="no '$1' on $2: $(<"$tmp/$2")"; grep -q -e "$1" "$tmp/$2"; }
requests() { why="$(wc -l <"$log") requests, not $1"; (($(wc -l <"$log") == $1)); }
asked() { why="no request '$1' in: $(<"$log")"; grep -q -e "$1" "$log"; }
nothing_left() { why="left behind: $(cd "$data" && find . -mindepth 1)"; [[ -z $(ls -A "$data") ]]; }
absent() { why="$1 is there"; [[ ! -e $data/$1 ]]; }
# What is served and what is in the folder must be the same, to the byte.
same() { why="$1 is wrong or missing"; cmp -s "$2" "$data/$1"; }
same_mnist() {
    local f
    for f in "$tmp"/www/*-ubyte.gz; do same "${1:-mnist}/${f##*/}" "$f" || return; done
    why="left over: $(ls "$data/${1:-mnist}")"
    (($(find "$data/${1:-mnist}" -type f | wc -l) == 4))
}
same_cifar() {
    local f
    for f in "$tmp"/cifar-10-batches-bin/*.*; do same "cifar10/${f##*/}" "$f" || return; done
    absent cifar10/$archive && absent cifar10/$archive.part && absent cifar10/.unpacking
}
put_part() { mkdir -p "$data/mnist" && cat >"$data/mnist/$first.part"; }

# --- the cases; each starts with an empty folder $data

case_good_files() { run 0 "$url/good" mnist "$data" && same_mnist && requests 4; }
case_fashion_mnist() { run 0 "$url/good" fashion-mnist "$data" && same_mnist fashion-mnist; }
case_second_run_fetches_nothing() {
    run 0 "$url/good" mnist "$data" && run 0 "$url/good" mnist "$data" && requests 0 && same_mnist
}
case_folder_with_spaces() { data="$data/my data" && run 0 "$url/good/" mnist "$data" && same_mnist; }
case_wrong_checksum() {
    run 1 "$url/wrong" mnist "$data" && absent mnist/$first && absent mnist/$first.part &&
        says "mnist/$first from $url/wrong: wrong SHA-256, expected [0-9a-f]*, got " err &&
        says "could not fetch mnist/$first; put .* by hand" err && nothing_left
}
case_wrong_then_good_mirror() {
    run 0 "$url/wrong $url/good" mnist "$data" && says 'wrong SHA-256' err && same_mnist
}
case_missing_then_good_mirror() { run 0 "$url/missing $url/good" mnist "$data" && same_mnist; }
case_no_server_then_good_mirror() { run 0 "$nobody $url/good" mnist "$data" && same_mnist; }
case_cut_then_resumed() {
    run 1 "$url/cut" mnist "$data" && absent mnist/$first || return
    why="no part was kept" && [[ -s $data/mnist/$first.part ]] || return
    run 0 "$url/good" mnist "$data" && asked "$first bytes=[1-9]" && requests 4 && same_mnist
}
case_cut_then_next_mirror_resumes() {
    run 0 "$url/cut $url/good" mnist "$data" && asked "/good/$first bytes=[1-9]" && same_mnist
}
case_resume_without_range_support() {
    head -c 9000 "$tmp/www/$first" | put_part &&
        run 0 "$url/norange" mnist "$data" && same_mnist
}
case_short_rubbish_part() {
    head -c 9000 /dev/urandom | put_part && run 0 "$url/good" mnist "$data" &&
        asked "$first bytes=9000-" && asked "$first -" && same_mnist
}
case_long_rubbish_part() {
    head -c 90000 /dev/urandom | put_part && run 0 "$url/good" mnist "$data" && same_mnist
}
case_complete_part_needs_no_request() {
    put_part <"$tmp/www/$first" && run 0 "$url/good" mnist "$data" && requests 3 && same_mnist
}
case_part_survives_a_missing_mirror() {
    head -c 9000 "$tmp/www/$first" | put_part && run 1 "$url/missing $nobody" mnist "$data" &&
        says 'could not fetch' err &&
        head -c 9000 "$tmp/www/$first" >"$tmp/want" && same mnist/$first.part "$tmp/want"
}
case_no_server_at_all() {
    local begin=$SECONDS
    run 1 "$nobody" fashion-mnist "$data" && says 'could not fetch fashion-mnist/.*by hand.*dataset-fashion-mnist' err &&
        nothing_left || return
    why="it took $((SECONDS - begin)) s" && ((SECONDS - begin < 4))
}
case_missing_leaves_nothing() { run 1 "$url/missing" mnist "$data" && nothing_left; }
case_failure_leaves_no_new_folders() { run 1 "$nobody" mnist "$data/new folder/of mine" && nothing_left; }
case_failure_leaves_the_folders_that_were_there() {
    mkdir -p "$data/mine/mnist" && run 1 "$nobody" mnist "$data/mine" && why="mine/mnist is gone" && [[ -d $data/mine/mnist ]]
}
case_stopped_before_the_first_byte() {
    why="it was not stopped"
    (HOME=$tmp TINYNN_MIRROR=$url/silent PATH=$bin exec "$fetch" mnist "$data" 2>/dev/null) &
    local pid=$! i
    for ((i = 0; i < 50; i++)); do
        if asked "/silent/$first"; then break; fi
        sleep 0.1
    done
    kill "$pid" && ! wait "$pid" && nothing_left
}
case_damaged_file_is_fetched_again() {
    run 0 "$url/good" mnist "$data" || return
    printf x | dd of="$data/mnist/$first" bs=1 seek=5000 conv=notrunc status=none
    run 0 "$url/good" mnist "$data" && says "$first is damaged" err && same_mnist
}
case_damaged_file_does_not_stay() {
    mkdir "$data/mnist" && echo rubbish >"$data/mnist/$first" &&
        run 1 "$nobody" mnist "$data" && absent mnist/$first
}
case_another_run_is_at_work() {
    mkdir "$data/mnist"
    exec 8<"$data/mnist"
    flock 8
    run 1 "$url/good" mnist "$data" && says 'another fetch.sh is at work' err && requests 0
}
case_cifar10() { run 0 "$url/good" cifar10 "$data" && same_cifar && requests 1; }
case_cifar10_second_run_fetches_nothing() {
    run 0 "$url/good" cifar10 "$data" && run 0 "$url/good" cifar10 "$data" && requests 0 && same_cifar
}
case_cifar10_archive_put_by_hand() {
    mkdir "$data/cifar10" && cp "$tmp/www/$archive" "$data/cifar10" &&
        run 0 "$nobody" cifar10 "$data" && same_cifar
}
case_cifar10_damaged_file() {
    run 0 "$url/good" cifar10 "$data" || return
    echo x >>"$data/cifar10/data_batch_3.bin"
    run 1 "$nobody" cifar10 "$data" && absent cifar10/data_batch_3.bin &&
        run 0 "$url/good" cifar10 "$data" && same_cifar
}
case_cifar10_wrong_checksum() {
    run 1 "$url/wrong" cifar10 "$data" && says 'wrong SHA-256' err &&
        nothing_left
}
case_cifar10_interrupted_while_unpacking() {
    mkdir -p "$data/cifar10/.unpacking" && echo half >"$data/cifar10/.unpacking/test_batch.bin" &&
        run 0 "$url/good" cifar10 "$data" && same_cifar
}
case_wrong_usage() {
    run 2 "$url/good" imagenet "$data" && says Usage err && run 2 "$url/good" && says Usage err &&
        run 2 "$url/good" --quick mnist && run 2 "$url/good" mnist a b && requests 0
}
case_help() { run 0 "$url/good" --help && says Usage out && why="text on stderr" && [[ ! -s $tmp/err ]]; }

# --- run them, with each downloader as the only one there is

failed=0
check() { # CASE
    local title=${bin##*/}/${1#case_}
    data=$tmp/data
    rm -rf "$data"
    mkdir "$data"
    why=
    if ("$1" || { echo "$why" >"$tmp/why"; exit 1; }); then
        echo "ok $title"
    else
        echo "FAILED $title: $(<"$tmp/why")"
        failed=1
    fi
}
# A folder with what a minimal Debian has, and nothing else.
make_bin() { # NAME TOOL...
    local tool
    bin=$tmp/bin/$1
    mkdir -p "$bin"
    shift
    for tool in bash env cat cut dirname flock gzip mkdir mv rm rmdir sha256sum tar timeout "$@"; do
        ln -s "$(command -v "$tool")" "$bin/$tool"
    done
}

for tool in curl wget; do
    if ! command -v $tool >/dev/null; then
        echo "skipped $tool: not installed"
        continue
    fi
    make_bin $tool $tool
    for c in $(compgen -A function case_); do check "$c"; done
done

neither() { run 1 "$url/good" mnist "$data" && says 'needs curl or wget' err; }
make_bin neither
check neither
exit $failed
