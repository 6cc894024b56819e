# The next piece of work is possible at once, as if nothing had happened.
set -eu
unset HOLOTYPE_SEED HOLOTYPE_NOW
"$HOLOTYPE" --quiet record --create "$HERE/commands/after.jsonl" --commit 'work goes on' >/dev/null
"$HOLOTYPE" --quiet status >/dev/null
