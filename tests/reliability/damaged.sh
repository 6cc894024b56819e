# Of the repository, only what make_base damaged may be damaged: those are the files that differ from a healthy copy's.
set -eu
report="$("$HOLOTYPE" verify --json)" || [ $? -eq 1 ]
for object in $(printf '%s' "$report" | grep -o '"object":"[^"]*","severity":"error"' | cut -d '"' -f 4); do
    if cmp -s "$WORK/small/.holotype/$object" "$WORK/damaged/.holotype/$object"; then
        echo "also damaged: $object" >&2
        exit 1
    fi
done
"$HOLOTYPE" --quiet status >/dev/null
