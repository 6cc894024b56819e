#!/usr/bin/env bash
# These scripts notice what is wrong: programs that lie stand in for Holotype, and each of them must be found out.
#
#   HOLOTYPE=target/release/holotype HARNESS=FOLDER tests/reliability/selftest.sh [PART OF A LIAR'S NAME]
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export REAL HARNESS POINTS="${POINTS:-24}"
REAL="$(realpath "${HOLOTYPE:?the path of the program}")"
: "${HARNESS:?the folder of crashtest.py}"
liars="$(mktemp -d)"
trap 'rm -rf "$liars"' EXIT
only="${1:-}"
unnoticed=0

# liar NAME MODE COMMAND OUTCOME: a program whose COMMAND does what standard input says must be found out in that mode,
# with that outcome.
liar() {
    local program="$liars/$1" log="$liars/log"
    [[ "$1" == *"$only"* ]] || return 0
    {
        printf '#!/bin/sh\ncase " $* " in\n*" %s "*) ;;\n*) exec "$REAL" "$@" ;;\nesac\n' "${5:-$3}"
        cat
    } >"$program"
    chmod +x "$program"
    if HOLOTYPE="$program" COMMANDS="$3" bash "$here/all.sh" "$2" >"$log" 2>&1 || ! grep -q "$4" "$log"; then
        printf '%-28s %-10s NOT NOTICED\n' "$1" "$2"
        cat "$log"
        unnoticed=$((unnoticed + 1))
    else
        printf '%-28s %-10s noticed: %s\n' "$1" "$2" "$4"
    fi
}

# It works elsewhere and copies the result back, file by file.
careless='copy="$(mktemp -d)"; cp -a .holotype "$copy"; (cd "$copy" && "$REAL" "$@") && cp -a "$copy/.holotype/." .holotype; rm -rf "$copy"'
liar 'syncs nothing' power record lost <<<"$careless"
liar 'writes under the last name' kill record corrupt <<<"$careless"
liar 'exports under the last name' kill export-coco corrupt export <<<'out="$(mktemp -d)/all"
for word; do shift; case "$word" in */all) set -- "$@" "$out" ;; *) set -- "$@" "$word" ;; esac; done
"$REAL" "$@" && cat "$out" >"$REPO/all"'
liar 'leaves a lock' kill record stuck <<<'[ ! -e "$REPO/lock" ] || { echo "error: locked (os error 11)" >&2; exit 6; }
: >"$REPO/lock"; "$REAL" "$@"; status=$?; rm "$REPO/lock"; exit $status'
liar 'says that all is well' fault record lost <<<'"$REAL" "$@" 2>/dev/null || true'
liar 'keeps a copy' kill erase-image stuck erase <<<'cp -a .holotype/blobs .holotype/tmp/kept; "$REAL" "$@"'
liar 'checks nothing' truth bitflip missed verify <<<'exit 0'
# Where derived files are not as they were when it was asked first, it forgets all rows but one.
liar 'believes what is derived' derived bitflip missed list <<<'now="$(find .holotype/derived -type f | sort | xargs cat | cksum)"; seen="$(dirname "$0")/seen"
[ -e "$seen" ] || echo "$now" >"$seen"
if [ "$now" = "$(cat "$seen")" ]; then exec "$REAL" "$@"; else "$REAL" "$@" | head -n 1; fi'
liar 'works one at a time' race writers refused record <<<'[ ! -e .holotype/tmp/busy ] || { echo "error: busy" >&2; exit 4; }
: >.holotype/tmp/busy; sleep 0.05; "$REAL" "$@"; status=$?; rm -f .holotype/tmp/busy; exit $status'
echo "$unnoticed not noticed"
[[ "$unnoticed" -eq 0 ]]
