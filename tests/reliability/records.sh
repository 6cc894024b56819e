# Prints one line for each thing that was acknowledged: commits, tags, and the rows of the present state, or of REV,
# by their ids.
set -eu
"$HOLOTYPE" log --json | grep -o '"commit":"[0-9a-f]*"' || true
for tag in base erased next; do
    "$HOLOTYPE" --json show "$tag" 2>/dev/null | grep -o '"commit":"[0-9a-f]*"' | sed "s/^/tag $tag /" || true
done
for rows in images annotations ratings annotators labels cases; do
    "$HOLOTYPE" --json list "$rows" "${REV:-DRAFT}" | grep -o '"id":"[^"]*"' | sed "s/^/$rows /"
done
