# What ci.sh and all.sh share: repositories to start from, what must survive, and the commands under test.
# To be sourced. Wants HOLOTYPE (the program) and HARNESS (the folder of crashtest.py). Optional:
#   POINTS   how many points of each kind of trouble, 0 for all; 60
#   JOBS     how many at once; 2
#   RESULTS  a file that gets one line for each command and mode, for table.sh; what passed there already, with this
#            program and these scripts, is not done once more
#   KEEP     a folder for the repositories of failing points

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
samples="$here/../../examples/bccd"
: "${HOLOTYPE:?the path of the program}" "${HARNESS:?the folder of crashtest.py}"
HOLOTYPE="$(realpath "$HOLOTYPE")"
POINTS="${POINTS:-60}"
JOBS="${JOBS:-2}"

export HOLOTYPE SAMPLES="$samples" HERE="$here"
export HOLOTYPE_AUTHOR='Ann Example <ann@example.org>'
# Fixed, so that a run can be repeated to the byte.
export HOLOTYPE_NOW=2026-01-02T03:04:05Z SOURCE_DATE_EPOCH=1767323045
HOLOTYPE_SEED="$(printf '%064d' 7)"
export HOLOTYPE_SEED

# What was tested: the program and these scripts.
tested="$(cat "$HOLOTYPE" "$here"/*.sh "$here"/*.py "$here"/commands/* | sha256sum | cut -c 1-12)"

work="$(mktemp -d)"
export WORK="$work"
trap 'rm -rf "$work"' EXIT

# fill DIR [MANY]: a dataset with commits, a tag, a person, a case, and a draft that nobody has sealed; with MANY, a
# folder that many.py made, hundreds of images and thousands of annotations beside.
fill() {
    mkdir -p "$1"
    (
        cd "$1"
        "$HOLOTYPE" --quiet init . --name cells
        "$HOLOTYPE" --quiet add "$samples/images/BloodImage_00000.jpg" "$samples/images/BloodImage_00001.jpg"
        "$HOLOTYPE" --quiet import "$samples/annotations/BloodImage_00000.xml" --commit 'first slide'
        "$HOLOTYPE" --quiet commit -m 'two images'
        if [[ -n "${2:-}" ]]; then
            "$HOLOTYPE" --quiet add "$2/images"
            "$HOLOTYPE" --quiet commit -m 'many images'
            for part in "$2"/*.json; do
                "$HOLOTYPE" --quiet import "$part" --commit "$(basename "$part")"
            done
        fi
        "$HOLOTYPE" --quiet record --create "$here/commands/first.jsonl" --commit 'second reading'
        "$HOLOTYPE" --quiet tag base -m 'where all tests begin'
        "$HOLOTYPE" --quiet record "$here/commands/draft.jsonl"
    ) >/dev/null 2>&1
}

# make_base KIND: the repository $work/KIND, unless it is there.
#   small     a few rows of everything
#   many      300 images, 6,000 annotations, ten commits
#   released  small, and two releases of it
#   rounds    small, with a round that is open; its answers are $work/answers
#   damaged   small, with an image, an object and a person's record gone or changed; its healthy copy is $work/small
#   empty     nothing
#   half-erased, half-released, half-committed, half-recorded, half-repaired
#             one of these as a command left it that was killed in the middle
#   KIND-indexed   one of these, with an index
make_base() {
    local base="$work/$1"
    [[ ! -e "$base" ]] || return 0
    case "$1" in
        empty) mkdir "$base" ;;
        small) fill "$base" ;;
        many)
            python3 "$here/many.py" "$work/generated"
            fill "$base" "$work/generated"
            ;;
        released)
            make_base small
            cp -a "$work/small" "$base"
            (
                cd "$base"
                "$HOLOTYPE" --quiet release 1.0.0 base --out "$work/published"
                "$HOLOTYPE" --quiet commit -m sealed
                "$HOLOTYPE" --quiet release 1.1.0 --out "$work/published"
                "$HOLOTYPE" --quiet record "$here/commands/draft.jsonl"
            ) >/dev/null 2>&1
            ;;
        damaged)
            make_base small
            cp -a "$work/small" "$base"
            (
                cd "$base/.holotype"
                rm "$(find blobs -type f | sort | head -n 1)"
                printf x >>"$(find objects -type f | sort | head -n 1)"
                : >"$(find private -type f | sort | head -n 1)"
            )
            ;;
        rounds)
            make_base small
            cp -a "$work/small" "$base"
            (
                cd "$base"
                "$HOLOTYPE" --quiet round open --annotator human-2 --seed 7 --sample 5 --blinded --out "$work/answers"
                python3 "$here/answer.py" "$work/answers"
            ) >/dev/null 2>&1
            ;;
        half-erased) half small 'rename .*/blobs/.*[.]erased$' '"$HOLOTYPE" commit -m sealed && "$HOLOTYPE" erase BloodImage_00001.jpg --reason asked --yes' ;;
        half-released) half small 'write .*holotype-partial/data/history/objects/' '"$HOLOTYPE" release 1.0.0 base --out "$REPO/releases"' ;;
        half-committed) half small 'unlink .*/draft/main.jsonl$' '"$HOLOTYPE" commit -m sealed' ;;
        half-recorded) half small 'write .*/draft/main.jsonl$' '"$HOLOTYPE" record "$HERE/commands/more.jsonl"' ;;
        half-repaired) half damaged 'rename .*/objects/' '"$HOLOTYPE" repair --from "$WORK/small"' ;;
        *-indexed)
            make_base "${1%-indexed}"
            cp -a "$work/${1%-indexed}" "$base"
            "$HOLOTYPE" -C "$base" --quiet index rebuild
            ;;
    esac
}

# half KIND PATTERN COMMAND: makes $base of another one by a command that is killed at a call that matches.
half() {
    make_base "$1"
    cp -a "$work/$1" "$base"
    HARNESS="$HARNESS" python3 "$here/half.py" "$base" "$2" "$3"
}

# check MODE NAME COMMAND [KEY=VALUE…]: one command under one kind of trouble. A command runs below sh in a copy of its
# base ($REPO). The keys:
#   base=KIND      what it starts from; else $BASE, else small
#   commit         it prints the commits that it makes, and each is there from then on
#   makes=PATH     what it makes for the user below $REPO: that is whole or not there
#   list=COMMAND   what must stay; records.sh
#   sound=COMMAND  the check of the repository; sound.sh
#   works=COMMAND  the next piece of work; works.sh
#   again=COMMAND  more of the next piece of work
check() {
    local mode="$1" name="$2" command="$3" kind="${BASE:-small}" makes="" acknowledged=acknowledged
    local list="sh $here/records.sh" sound="sh $here/sound.sh" works="sh $here/works.sh" again="" word
    shift 3
    local extra=()
    for word in "$@"; do
        case "$word" in
            base=*) kind="${word#*=}" ;;
            commit) acknowledged='[0-9a-f]{64}|acknowledged' ;;
            makes=*) makes="${word#*=}" ;;
            list=*) list="${word#*=}" ;;
            sound=*) sound="${word#*=}" ;;
            works=*) works="${word#*=}" ;;
            again=*) again="${word#*=}" ;;
            *) extra+=("$word") ;;
        esac
    done
    wanted "$kind" "$name" "$mode" || return 0
    make_base "$kind"
    export MAKES="$makes" DONE=""
    if [[ "$mode" != race ]]; then
        undisturbed "$kind" "$command" "$list"
        command="{ $command; } && echo acknowledged"
    fi
    [[ -n "$makes" ]] && sound="$sound && sh $here/whole.sh"
    [[ -n "$again" ]] && works="$works && { $again; }"
    local options=(--repo "$work/$kind" --cmd "$command" --list "$list" --verify "$sound"
        --works "$works && sh $here/tidy.sh" --ack "^(?:  commit   )?($acknowledged)\$" --timeout 300)
    harness "$kind" "$name" "$mode" "$HARNESS/crashtest.py" "${options[@]}" "${extra[@]}"
}

# undisturbed KIND COMMAND LIST: runs a command where nothing disturbs it. What is there afterwards must be there
# whenever the command acknowledges ($DONE), and what it makes for the user is always that ($MADE).
undisturbed() {
    export MADE="$work/made/repo"
    rm -rf "$work/made"
    mkdir -p "$work/made"
    cp -a "$work/$1" "$MADE"
    (
        cd "$MADE"
        export REPO="$MADE"
        sh -c "$2" >"$work/made/printed" 2>&1 || cat "$work/made/printed"
        sh -c "$3" >"$work/made/list"
    )
    sort -u "$work/made/list" >"$work/made/done"
    export DONE="$work/made/done"
}

# harness KIND NAME MODE PROGRAM OPTION…: runs it and tells the outcome. A mode is one of the harness, or one of these.
harness() {
    local kind="$1" name="$2" mode="$3" began="$SECONDS" status=0
    local program=("$4") log="$work/log"
    case "$mode" in
        # Not EINTR: whoever is interrupted asks again (k09 in tests/threats), also where threads race and a sync takes the
        # place of the write that was meant, which the harness then calls swallowed.
        fault) program+=(fault --errors ENOSPC,EDQUOT,EIO,EROFS,EMFILE,SHORT) ;;
        bystander) program+=(ext4 --bystander) ;;
        xfs) program+=(ext4 --fs xfs) ;;
        truth | derived) ;;
        *) program+=("$mode") ;;
    esac
    [[ -n "${KEEP:-}" && "$4" == *crashtest.py ]] && program+=(--keep "$KEEP/$kind-$name-$mode")
    python3 "${program[@]}" --points "$POINTS" --jobs "$JOBS" "${@:5}" >"$log" 2>&1 || status=$?
    # The harness names the writers that were refused, and does not count them.
    if [[ "$mode" == race && "$status" -eq 0 ]] && grep -q 'round .* [1-9][0-9]* refused' "$log"; then
        status=1
        echo 'writers were refused' >>"$log"
    fi
    tell "$kind" "$name" "$mode" "$status" "$((SECONDS - began))" "$log"
}

# flip KIND NAME OPTION…: damage of the files of a repository.
flip() {
    local kind="$1" name="$2"
    wanted "$kind" bitflip "$name" || return 0
    make_base "$kind"
    export MAKES="" DONE=""
    harness "$kind" bitflip "$name" "$HARNESS/bitflip.py" --repo "$work/$kind" --timeout 300 "${@:3}"
}

# wanted KIND NAME MODE: whether it is asked for (COMMANDS), and not done yet (RESULTS).
wanted() {
    [[ -z "${COMMANDS:-}" || " $COMMANDS " == *" $2 "* ]] || return 1
    [[ -n "${RESULTS:-}" && -e "$RESULTS" ]] || return 0
    ! awk -F '\t' -v OFS='\t' -v key="$tested	$1	$2	$3" -v points="$POINTS" \
        '$1 OFS $2 OFS $3 OFS $4 == key && $8 == 0 && (points == 0 ? $5 == $6 : $5 >= points || $5 == $6) { found = 1 }
         END { exit !found }' "$RESULTS"
}

# tell KIND NAME MODE STATUS SECONDS LOG: one line of the table; what failed in full.
tell() {
    local line tried of passed lost
    line="$(printf '%-9s %-14s %-10s' "$1" "$2" "$3")"
    if [[ "$4" -eq 2 ]]; then
        if grep -q 'not possible here\|needs root' "$6"; then
            printf '%s left out: %s\n' "$line" "$(tail -n 1 "$6")"
            left_out=$((left_out + 1))
        else
            printf '%s THE TEST ITSELF FAILED\n' "$line"
            cat "$6"
            failed=$((failed + 1))
        fi
        return
    fi
    read -r tried of <<<"$(sed -n -e 's/^\([0-9]*\) of \([0-9]*\) points$/\1 \2/p' -e 's/^\([0-9]*\) distinct states$/\1 \1/p' \
        -e 's/^[0-9]* files, \([0-9]*\) of \([0-9]*\) damages$/\1 \2/p' "$6" | head -n 1)"
    # What the states of a sample stand for is not known; rounds of a race are as many as were asked for.
    [[ "$3" == power && "$POINTS" -ne 0 ]] && of='?'
    [[ "$3" == race ]] && of="$tried"
    read -r passed lost <<<"$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$6" | tail -n 1)"
    if [[ "$4" -ne 0 ]]; then
        [[ "$lost" -eq 0 ]] && lost=1
        printf '%s FAILED: %s of %s points, %s s\n' "$line" "$lost" "$tried" "$5"
        cat "$6"
        failed=$((failed + 1))
    else
        printf '%s %s passed of %s, %s s\n' "$line" "$passed" "$of" "$5"
    fi
    [[ -z "${RESULTS:-}" ]] || printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
        "$tested" "$1" "$2" "$3" "$tried" "$of" "$passed" "$lost" "$5" >>"$RESULTS"
}

failed=0
left_out=0
finish() {
    printf '%s failed, %s left out\n' "$failed" "$left_out"
    [[ "$failed" -eq 0 ]]
}
