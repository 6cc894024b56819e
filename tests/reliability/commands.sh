# The commands under test, one a function call: each NAME COMMAND [KEY=VALUE…], as check in lib.sh has them. To be sourced.

# Each command that writes, from one of the small repositories.
commands() {
    local run="$1"
    taking_in "$run"
    describing "$run"
    sealing "$run"
    giving_out "$run"
    upkeep "$run"
}

taking_in() {
    local run="$1"
    local status='"$HOLOTYPE" --quiet status >/dev/null'
    # What is no repository yet is sound: nothing was acknowledged. What is one is checked like any other.
    "$run" init '"$HOLOTYPE" init . --name cells' base=empty list="if $status 2>/dev/null; then echo made; echo acknowledged; fi" \
        sound="if [ -e .holotype/format ]; then sh $here/sound.sh; fi" works="$status 2>/dev/null || \"\$HOLOTYPE\" init . --name cells; $status"
    "$run" add '"$HOLOTYPE" add "$SAMPLES/images/BloodImage_00007.jpg" "$SAMPLES/images/BloodImage_00010.jpg"'
    "$run" add-no-copy '"$HOLOTYPE" add --no-copy "$SAMPLES/images"' 'again="$HOLOTYPE" checkout DRAFT "$REPO/a copy"'
    "$run" import '"$HOLOTYPE" import "$SAMPLES/annotations/BloodImage_00001.xml" --annotator "expert 3=human" --commit more' commit
    "$run" import-draft '"$HOLOTYPE" import "$SAMPLES/annotations/BloodImage_00001.xml"'
    "$run" record '"$HOLOTYPE" record "$HERE/commands/more.jsonl" --commit more' commit
    "$run" record-draft '"$HOLOTYPE" record "$HERE/commands/more.jsonl"'
    "$run" metadata '"$HOLOTYPE" metadata "$HERE/commands/facts.csv"'
}

describing() {
    local run="$1"
    "$run" set '"$HOLOTYPE" set dataset license=CC-BY-4.0 title=Cells'
    "$run" set-author '"$HOLOTYPE" set author "Bea Example <bea@example.org>"' "list=ALSO='cat .holotype/local/author.json 2>/dev/null || true' sh $here/records.sh"
    "$run" vocabulary '"$HOLOTYPE" metadata "$HERE/commands/facts.csv" && "$HOLOTYPE" vocabulary map scanner cs2=CS2'
    "$run" split-create '"$HOLOTYPE" split create main --ratio 1:1 --seed 1'
    "$run" split-freeze '"$HOLOTYPE" split create main --ratio 1:1 --seed 1 && "$HOLOTYPE" split freeze main test'
    "$run" consensus '"$HOLOTYPE" consensus --rule majority --record'
    "$run" sign-off '"$HOLOTYPE" check sign-off pilot --reason "done on paper"'
    "$run" waive '"$HOLOTYPE" check waive HT-Q101 --reason "not known" --until 2027-06-30'
    "$run" cite-query "\"\$HOLOTYPE\" cite --query 'label == \"RBC\"'"
    "$run" derive '"$HOLOTYPE" derive --from "$WORK/published/cells-1.0.0"' base=released
    "$run" withdraw '"$HOLOTYPE" errata 1.0.0 --withdraw "wrong labels" --replaced-by 1.1.0' base=released
    # Where the package is there, it can be answered.
    local opening='"$HOLOTYPE" round open --annotator human-2 --round 2 --seed 7 --sample 5 --blinded --out "$REPO/round"'
    "$run" round-open "$opening" makes=round works="{ [ -e round ] || $opening; } && cp -r round answers && python3 \"\$HERE/answer.py\" answers &&
        \"\$HOLOTYPE\" round close answers && sh $here/works.sh"
    "$run" round-close '"$HOLOTYPE" round close "$WORK/answers"' base=rounds
    "$run" datasheet-form '"$HOLOTYPE" datasheet edit "$REPO/form.toml"' makes=form.toml \
        works="{ [ -e form.toml ] || \"\$HOLOTYPE\" datasheet edit form.toml; } && sh $here/works.sh"
}

sealing() {
    local run="$1"
    "$run" commit '"$HOLOTYPE" commit -m sealed' commit
    "$run" tag '"$HOLOTYPE" tag next -m "a name"'
    # These draft or say that rows go, so only what is committed must stay.
    "$run" revert '"$HOLOTYPE" revert HEAD' "list=REV=HEAD sh $here/records.sh"
    local none="\"\$HOLOTYPE\" status --json | grep -o '\"draft\":{\"events\":0}' || true"
    "$run" discard '"$HOLOTYPE" discard --yes' "list=REV=HEAD ALSO='$none' sh $here/records.sh"
}

giving_out() {
    local run="$1" words command
    for words in '' '--archive tar.zst' '--with-images --archive zip'; do
        command='"$HOLOTYPE" release 1.0.0 base --out "$REPO/releases" '"$words"
        "$run" "release${words:+-${words##* }}" "$command" makes="releases/cells-1.0.0${words:+ releases/cells-1.0.0.${words##* }}" \
            again="$command"' && "$HOLOTYPE" verify --release "$REPO"/releases/cells-1.0.0'
    done
    command='"$HOLOTYPE" resolve "$("$HOLOTYPE" cite 1.0.0)" --out "$REPO/resolved"'
    "$run" resolve "$command" base=released makes=resolved/cells-1.0.0 again="[ -e resolved/cells-1.0.0 ] || $command"
    for words in coco csv parquet sliderunner; do
        command='"$HOLOTYPE" export base --format '"$words"' --out "$REPO/all"'
        "$run" "export-$words" "$command" makes=all again="$command --overwrite"
    done
    for words in geojson yolo; do
        command='"$HOLOTYPE" export base --format '"$words"' --out "$REPO/all"'
        "$run" "export-$words" "$command" makes=all again="[ -e all ] || $command"
    done
    command='"$HOLOTYPE" checkout base "$REPO/copy"'
    "$run" checkout "$command" makes=copy again="[ -e copy ] || $command"
}

upkeep() {
    local run="$1" what command
    "$run" gc '"$HOLOTYPE" gc --grace 0' 'again="$HOLOTYPE" gc --grace 0'
    "$run" index-rebuild '"$HOLOTYPE" index rebuild' 'again="$HOLOTYPE" index rebuild'
    # An erasure wants no draft. Once it is acknowledged, or given a second time after a crash, nothing is left.
    for what in BloodImage_00001.jpg 'expert 1'; do
        command="\"\$HOLOTYPE\" erase '$what' --reason 'consent withdrawn' --yes"
        "$run" "erase-$([[ "$what" == *.jpg ]] && echo image || echo person)" "\"\$HOLOTYPE\" commit -m sealed && $command" \
            "list=ALSO=\"sh $here/gone.sh '$what'\" sh $here/records.sh" \
            again="{ \"\$HOLOTYPE\" commit -m sealed || true; $command || true; } >/dev/null 2>&1; sh $here/gone.sh '$what' | grep gone"
    done
    # What is damaged already is no news; whatever else is, is.
    command='"$HOLOTYPE" repair --from "$WORK/small"'
    "$run" repair "$command" base=damaged sound="sh $here/damaged.sh" again="$command && sh $here/sound.sh"
}

# What puts right what a crash left, and is killed in turn.
recovery() {
    local run="$1" command
    # A reader goes on with it, too, and acknowledges nothing of it: it answers where nothing can be written.
    "$run" erase-goes-on '"$HOLOTYPE" record "$HERE/commands/more.jsonl"' base=half-erased "list=ALSO='sh $here/gone.sh BloodImage_00001.jpg' sh $here/records.sh" \
        again="sh $here/gone.sh BloodImage_00001.jpg | grep gone"
    command='"$HOLOTYPE" release 1.0.0 base --out "$REPO/releases"'
    "$run" release-again "$command" base=half-released makes=releases/cells-1.0.0 again="$command"
    # What is sealed already is not sealed twice, and what comes next is drafted anew.
    "$run" record-again '"$HOLOTYPE" record "$HERE/commands/more.jsonl"' base=half-committed
    "$run" commit-again '"$HOLOTYPE" record "$HERE/commands/more.jsonl" && "$HOLOTYPE" commit -m sealed' commit base=half-recorded
    command='"$HOLOTYPE" repair --from "$WORK/small"'
    "$run" repair-again "$command" base=half-repaired sound="sh $here/damaged.sh" again="$command && sh $here/sound.sh"
}

# Several commands, one after the other.
scripts() {
    local run="$1"
    "$run" taking-in '"$HOLOTYPE" add "$SAMPLES/images/BloodImage_00007.jpg" && "$HOLOTYPE" import "$SAMPLES/annotations/BloodImage_00001.xml" --annotator "expert 3=human" --commit more && "$HOLOTYPE" commit -m sealed' commit
    # It takes back rows that it made itself, none of the base's.
    "$run" correcting '"$HOLOTYPE" record "$HERE/commands/more.jsonl" --commit more && "$HOLOTYPE" record "$HERE/commands/after.jsonl" --commit after && "$HOLOTYPE" revert HEAD && "$HOLOTYPE" set dataset license=CC-BY-4.0 && "$HOLOTYPE" commit -m undone && "$HOLOTYPE" tag next -m "a name"' commit
    local release='"$HOLOTYPE" release 1.0.0 base --out "$REPO/releases"' export='"$HOLOTYPE" export base --format coco --out "$REPO/all.json"'
    local checkout='"$HOLOTYPE" checkout base "$REPO/copy"'
    "$run" publishing "$release && $export && $checkout"' && "$HOLOTYPE" commit -m sealed &&
        "$HOLOTYPE" erase BloodImage_00001.jpg --reason asked --yes && "$HOLOTYPE" gc --grace 0 && "$HOLOTYPE" index rebuild' \
        makes='releases/cells-1.0.0 all.json copy' \
        again="{ [ -e releases/cells-1.0.0 ] || $release; } && { [ -e all.json ] || $export; } && { [ -e copy ] || $checkout; }"
}

# Many at once: all write; or writers, readers and upkeep together, of which the readers die in their work.
races() {
    local record='"$HOLOTYPE" record "$HERE/commands/more.jsonl" --commit "writer $I"'
    check race writers "$record" commit --writers 16 --points "$1"
    # An index that another one builds is not rebuilt now: that is said (6), and nothing depends on it.
    check race mixed 'reading() { while :; do timeout -s KILL 0.01 "$HOLOTYPE" --json list annotations; done >/dev/null 2>&1; }
        case $((I % 4)) in
        0) "$HOLOTYPE" gc --grace 0 && "$HOLOTYPE" export base --format csv --out "$REPO/$I.csv" && { "$HOLOTYPE" index rebuild || [ $? -eq 6 ]; } ;;
        1) "$HOLOTYPE" add "$SAMPLES/images" && '"$record"' ;;
        *) reading & reader=$!; '"$record"'; status=$?; kill -9 $reader; exit $status ;;
        esac' commit --writers 16 --points "$1"
}
