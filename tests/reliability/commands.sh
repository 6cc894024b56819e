# The commands under test, one a function call: each NAME COMMAND [ACKNOWLEDGEMENT] [WORKS] [LIST]. To be sourced.
# A command runs below sh in a copy of the base repository ($REPO). What it acknowledges, its regular expression finds;
# where nothing is printed that a list could show, the exit status is the acknowledgement.

again() { printf 'sh %s/works.sh && { %s; }' "$here" "$1"; }

commands() {
    local run="$1"
    # The text names what was committed by the first digits of its id; the second line has them all.
    local commit='^  commit   ([0-9a-f]{64})$'
    "$run" add '"$HOLOTYPE" add "$SAMPLES/images/BloodImage_00007.jpg" "$SAMPLES/images/BloodImage_00010.jpg"'
    "$run" import '"$HOLOTYPE" import "$SAMPLES/annotations/BloodImage_00001.xml" --annotator "expert 3=human" --commit more' "$commit"
    "$run" import-draft '"$HOLOTYPE" import "$SAMPLES/annotations/BloodImage_00001.xml"'
    "$run" record '"$HOLOTYPE" record "$HERE/commands/more.jsonl" --commit more' "$commit"
    "$run" record-draft '"$HOLOTYPE" record "$HERE/commands/more.jsonl"'
    "$run" set '"$HOLOTYPE" set dataset license=CC-BY-4.0 title=Cells'
    "$run" commit '"$HOLOTYPE" commit -m sealed' "$commit"
    "$run" tag '"$HOLOTYPE" tag next -m "a name"' 'as (next)'
    # It drafts that rows go, so only what is committed must stay.
    "$run" revert '"$HOLOTYPE" revert HEAD' '' '' "REV=HEAD sh $here/records.sh"
    "$run" release '"$HOLOTYPE" release 1.0.0 base --out "$REPO/releases"' '' "$(again '"$HOLOTYPE" release 1.0.0 base --out "$REPO/releases" && "$HOLOTYPE" verify --release "$REPO"/releases/cells-1.0.0')"
    "$run" export '"$HOLOTYPE" export base --format coco --out "$REPO/all.json"' '' "$(again '"$HOLOTYPE" export base --format coco --out "$REPO/all.json" --overwrite')"
    "$run" checkout '"$HOLOTYPE" checkout base "$REPO/copy"' '' "$(again '"$HOLOTYPE" checkout base "$REPO/second copy"')"
    "$run" gc '"$HOLOTYPE" gc --grace 0' '' "$(again '"$HOLOTYPE" gc --grace 0')"
    "$run" index-rebuild '"$HOLOTYPE" index rebuild' '' "$(again '"$HOLOTYPE" index rebuild')"
    # An erasure wants no draft.
    "$run" erase-image '"$HOLOTYPE" commit -m sealed && "$HOLOTYPE" erase BloodImage_00001.jpg --reason "consent withdrawn" --yes'
    "$run" erase-person '"$HOLOTYPE" commit -m sealed && "$HOLOTYPE" erase "expert 1" --reason "asked for it" --yes'
}

# Each begins where there is nothing, so it has a base, a list and an end of its own.
check_init() {
    mkdir -p "$work/empty"
    local status='"$HOLOTYPE" --quiet status >/dev/null'
    # What is no repository yet is sound: nothing was acknowledged. What is one is checked like any other.
    local sound="if [ -e .holotype/format ]; then sh $here/sound.sh; fi"
    local options=(--repo "$work/empty" --cmd '"$HOLOTYPE" init . --name cells' --list "if $status 2>/dev/null; then echo made; fi"
        --verify "$sound" --works "$status 2>/dev/null || \"\$HOLOTYPE\" init . --name cells; $status" --points "$POINTS" --jobs "$JOBS")
    local log="$work/log" result=0
    python3 "$HARNESS/crashtest.py" "$1" "${options[@]}" "${@:2}" >"$log" 2>&1 || result=$?
    tell init "$1" "$result" "$log"
}
