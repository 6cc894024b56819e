# Prints one line for each thing that was acknowledged: every event, commits, tags, the rows of the present state, or of
# REV, by their ids, and what was made for the user. Where all of DONE is among it, a last line says so.
set -eu
version="${REV:-DRAFT}"
print() {
    facts="$(
        "$HOLOTYPE" log --json
        [ "$version" != DRAFT ] || "$HOLOTYPE" status --json
    )"
    # An event stays, in a commit or in the draft.
    printf '%s' "$facts" | grep -o '"commit":"[0-9a-f]*"\|"events":[0-9]*' | awk -F : '
        $1 == "\"events\"" { events += $2 }
        $1 == "\"commit\"" { print }
        END { for (n = 1; n <= events; n++) print "event " n }'
    rows="$(
        for file in .holotype/refs/tags/*; do "$HOLOTYPE" --json show "${file##*/}"; done
        for rows in images annotations ratings annotators labels cases slides splits screenings; do
            "$HOLOTYPE" --json list "$rows" "$version"
        done
    )"
    printf '%s\n' "$rows" | sed -e 's/.*"id":"\([^"]*\)".*"schema":"holotype.list-\([a-z]*\).*/\2 \1/' \
        -e 's/.*\("commit":"[0-9a-f]*"\).*/tagged \1/'
    if [ -n "${ALSO:-}" ]; then sh -c "$ALSO"; fi
    for made in ${MAKES:-}; do
        if [ -e "$REPO/$made" ]; then (cd "$REPO" && find "$made" -type f -exec sha256sum {} +); fi
    done
}
all="$(print)"
printf '%s\n' "$all"
if [ -n "${DONE:-}" ] && [ -z "$(printf '%s\n' "$all" | sort -u | comm -13 - "$DONE")" ]; then echo acknowledged; fi
