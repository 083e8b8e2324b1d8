#!/usr/bin/env bash
# Tests that bash completes the command's options, by the script that `tinynn completion` prints. completion_test.sh TINYNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1

succeeds "$tinynn" completion
cp "$out/stdout" "$out/completion.bash"
# shellcheck disable=SC1091
source "$out/completion.bash"
complete -p tinynn >/dev/null || complain "nothing is registered for tinynn"

# completes EXPECTED WORD...: what the last word may become, in any order.
completes() {
    local expected=$1 found
    shift
    COMP_WORDS=(tinynn "$@") COMP_CWORD=$#
    COMPREPLY=()
    _tinynn
    found=$(printf '%s\n' "${COMPREPLY[@]}" | sort | xargs)
    [[ $found == "$expected" ]] || complain "tinynn $*: \"$found\", expected \"$expected\""
}
completes 'compact completion' com
completes '--lr --lr-schedule' train --lr
completes 'taylor' prune --criterion ta
completes 'block:' prune --model lenet-5 --granularity b
completes 'before-finetune' prune --delete b
completes 'onnx' export --format o
completes 'mnist' eval --data m
completes '' prune --sparsity ''
completes '' train nonsense

# Whatever the help lists is completed, and each command is there.
for command in $("$tinynn" --help | sed -n '/Subcommands:/,$ s/^  \([a-z]*\) .*/\1/p'); do
    completes "$command" "$command"
    for option in $("$tinynn" "$command" --help | grep -oE '^  (-h,)?--[a-z0-9-]+' | grep -oE -- '--.*'); do
        COMP_WORDS=(tinynn "$command" "$option") COMP_CWORD=2
        _tinynn
        [[ " ${COMPREPLY[*]} " == *" $option "* ]] || complain "$command $option is not completed"
    done
done

((failed == 0)) && echo "all is well"
exit $failed
