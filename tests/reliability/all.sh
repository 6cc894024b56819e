#!/usr/bin/env bash
# Every command at every point of every kind of trouble. Takes hours; POINTS=60 tries a sample.
#
#   HOLOTYPE=target/release/holotype HARNESS=FOLDER tests/reliability/all.sh [MODE…]
#
# Modes: kill power fault full ext4 bystander race bitflip; all of them where none is given. power, full and ext4 need root.
set -euo pipefail
POINTS="${POINTS:-0}"
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/commands.sh"

make_base "$work/base"

one() {
    WORKS="${4:-}" LIST="${5:-}" check "$harness_mode" "$1" "$2" "${3:-}" "${extra[@]}"
}

printf '%-14s %-10s %s\n' command mode result
[[ $# -eq 0 ]] && set -- kill power fault full ext4 bystander race bitflip
for mode in "$@"; do
    extra=()
    harness_mode="$mode"
    case "$mode" in
        kill | power | full | ext4) ;;
        fault) extra=(--errors ENOSPC,EDQUOT,EIO,EROFS,EMFILE,SHORT,EINTR) ;;
        bystander)
            harness_mode=ext4
            extra=(--bystander)
            ;;
        race)
            check race writers '"$HOLOTYPE" record "$HERE/commands/more.jsonl" --commit "writer $I"' \
                '^  commit   ([0-9a-f]{64})$' --writers 16 --points 20
            continue
            ;;
        bitflip)
            flip truth --ignore '*/derived/*' --ignore '*/tmp/*' --export "sh $here/records.sh"
            flip derived --only '*/derived/*' --export "sh $here/records.sh"
            continue
            ;;
        *)
            echo "no mode '$mode'" >&2
            exit 2
            ;;
    esac
    check_init "$harness_mode" "${extra[@]}"
    commands one
done
finish
