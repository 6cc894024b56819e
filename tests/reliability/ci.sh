#!/usr/bin/env bash
# Three composite scripts under sudden death, loss of power and failing calls, POINTS of each; then damage and a race.
# all.sh does the same for every command and every point.
#
#   HOLOTYPE=target/release/holotype HARNESS=FOLDER tests/reliability/ci.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_base "$work/base"

taking_in='"$HOLOTYPE" add "$SAMPLES/images/BloodImage_00007.jpg" && "$HOLOTYPE" import "$SAMPLES/annotations/BloodImage_00001.xml" --annotator "expert 3=human" --commit more && "$HOLOTYPE" commit -m sealed'
correcting='"$HOLOTYPE" record "$HERE/commands/more.jsonl" --commit more && "$HOLOTYPE" record "$HERE/commands/after.jsonl" --commit after && "$HOLOTYPE" revert HEAD && "$HOLOTYPE" set dataset license=CC-BY-4.0 && "$HOLOTYPE" commit -m undone && "$HOLOTYPE" tag next -m "a name"'
publishing='"$HOLOTYPE" release 1.0.0 base --out "$REPO/releases" && "$HOLOTYPE" export base --format coco --out "$REPO/all.json" && "$HOLOTYPE" checkout base "$REPO/copy" && "$HOLOTYPE" commit -m sealed && "$HOLOTYPE" erase BloodImage_00001.jpg --reason asked --yes && "$HOLOTYPE" gc --grace 0 && "$HOLOTYPE" index rebuild'
commit='^  commit   ([0-9a-f]{64})$'

printf '%-14s %-10s %s\n' script mode result
for mode in kill power fault; do
    check "$mode" taking-in "$taking_in" "$commit"
    # It takes back rows that it made itself, none of the base's.
    check "$mode" correcting "$correcting" "$commit"
    check "$mode" publishing "$publishing"
done
check race writers '"$HOLOTYPE" record "$HERE/commands/more.jsonl" --commit "writer $I"' "$commit" --writers 16 --points 2
flip truth --ignore '*/derived/*' --ignore '*/tmp/*' --export "sh $here/records.sh" --points "$POINTS"
finish
