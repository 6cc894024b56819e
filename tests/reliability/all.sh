#!/usr/bin/env bash
# Every command that writes, at every point of every kind of trouble. POINTS=60 tries a sample.
#
#   HOLOTYPE=target/release/holotype HARNESS=FOLDER tests/reliability/all.sh [MODE…]
#
# Modes: kill power fault full ext4 bystander xfs race truth derived; all but xfs where none is given. power, full, ext4,
# bystander and xfs need root. Optional:
#   COMMANDS  the names of the commands to try, of those in commands.sh; all
#   BASE      many: the repository of hundreds of images in place of the small one
#   RESULTS   and the rest: see lib.sh. With RESULTS a run that was ended goes on where it was; table.sh prints the table.
set -euo pipefail
POINTS="${POINTS:-0}"
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/commands.sh"

one() {
    check "$mode" "$@"
}

[[ $# -eq 0 ]] && set -- kill full ext4 bystander power fault truth derived race
for mode in "$@"; do
    base="${BASE:-small}"
    case "$mode" in
        kill | power | fault | full | ext4 | bystander | xfs)
            commands one
            recovery one
            scripts one
            ;;
        race) races 20 ;;
        # Who trusts a file that can be rebuilt gives a wrong answer before anyone has checked it.
        truth) flip "$base" truth --per-file 32 --ignore '*/derived/*' --ignore '*/tmp/*' --verify "sh $here/sound.sh" --export "sh $here/records.sh" ;;
        derived) flip "$base-indexed" derived --per-file 32 --only '*/derived/*' --verify true --export "sh $here/answers.sh" ;;
        *)
            echo "no mode '$mode'" >&2
            exit 2
            ;;
    esac
done
finish
