# Prints what each command answers, reading or writing, each asked in a copy of the repository as it stands; in the end
# whether the repository is sound after a write. Files that can be rebuilt change nothing of it, damaged or not.
set -eu
ask() {
    copy="$(mktemp -d -p "$WORK")"
    cp -a .holotype "$copy"
    echo "== $*"
    (cd "$copy" && "$@" 2>/dev/null) || echo "exit $?"
    rm -rf "$copy"
}
write() {
    # How many files and bytes go is said of derived files, and is no answer.
    "$HOLOTYPE" --json "$@" | sed '/"schema":"holotype\/gc\/1"/d'
    "$HOLOTYPE" --json list annotations DRAFT
    "$HOLOTYPE" --json status
    sh "$HERE/sound.sh"
}
for rows in images annotations ratings annotators labels cases screenings; do
    ask "$HOLOTYPE" --json list "$rows" DRAFT
done
first="$("$HOLOTYPE" --json list annotations base | head -n 1 | grep -o '"id":"[^"]*"' | cut -d '"' -f 4)"
ask "$HOLOTYPE" --json list annotations HEAD~1
ask "$HOLOTYPE" --json list annotations '@{2026-01-02}' --where 'label == "WBC"'
ask "$HOLOTYPE" --json log --events
ask "$HOLOTYPE" --json status
ask "$HOLOTYPE" --json show base
ask "$HOLOTYPE" --json show "$first"
ask "$HOLOTYPE" --json diff HEAD~2 DRAFT
ask "$HOLOTYPE" --json blame "$first"
ask "$HOLOTYPE" --json blame BloodImage_00001.jpg
ask "$HOLOTYPE" --json agreement base
ask "$HOLOTYPE" --json completeness base
ask "$HOLOTYPE" --json check base
ask "$HOLOTYPE" datasheet base
ask write record "$HERE/commands/more.jsonl" --commit more
ask write import "$SAMPLES/annotations/BloodImage_00001.xml"
ask write import "$SAMPLES/annotations/BloodImage_00000.xml"
ask write add "$SAMPLES/images/BloodImage_00007.jpg"
ask write commit -m sealed
ask write revert HEAD
ask write gc
ask write index rebuild
ask write tag next -m "a name"
