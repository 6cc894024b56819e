# The repository is sound: every file is checked, and every snapshot is what its events give.
set -eu
"$HOLOTYPE" --quiet verify --replay >&2
"$HOLOTYPE" --quiet status >/dev/null
