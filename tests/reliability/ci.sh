#!/usr/bin/env bash
# Three composite scripts under sudden death, loss of power and failing calls, POINTS of each; then damage and a race.
# all.sh does the same for every command and every point.
#
#   HOLOTYPE=target/release/holotype HARNESS=FOLDER tests/reliability/ci.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/commands.sh"

one() {
    check "$mode" "$@"
}

for mode in kill power fault; do
    scripts one
done
races 2
flip small truth --ignore '*/derived/*' --ignore '*/tmp/*' --verify "sh $here/sound.sh" --export "sh $here/records.sh"
flip small-indexed derived --only '*/derived/*' --verify true --export "sh $here/answers.sh"
finish
