# What ci.sh and all.sh share: a repository to start from, what must survive, and the commands under test.
# To be sourced. Wants HOLOTYPE (the program) and HARNESS (the folder of crashtest.py); POINTS and JOBS are optional.

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
samples="$here/../../examples/bccd"
: "${HOLOTYPE:?the path of the program}" "${HARNESS:?the folder of crashtest.py}"
POINTS="${POINTS:-60}"
JOBS="${JOBS:-2}"

export HOLOTYPE SAMPLES="$samples" HERE="$here"
export HOLOTYPE_AUTHOR='Ann Example <ann@example.org>'
# Fixed, so that a run can be repeated to the byte.
export HOLOTYPE_NOW=2026-01-02T03:04:05Z SOURCE_DATE_EPOCH=1767323045
HOLOTYPE_SEED="$(printf '%064d' 7)"
export HOLOTYPE_SEED

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# A dataset with two commits, a tag, a person, a case, and a draft that nobody has sealed.
make_base() {
    mkdir -p "$1"
    (
        cd "$1"
        "$HOLOTYPE" --quiet init . --name cells
        "$HOLOTYPE" --quiet add "$samples/images/BloodImage_00000.jpg" "$samples/images/BloodImage_00001.jpg"
        "$HOLOTYPE" --quiet import "$samples/annotations/BloodImage_00000.xml" --commit 'first slide'
        "$HOLOTYPE" --quiet commit -m 'two images'
        "$HOLOTYPE" --quiet record --create "$here/commands/first.jsonl" --commit 'second reading'
        "$HOLOTYPE" --quiet tag base -m 'where all tests begin'
        "$HOLOTYPE" --quiet record "$here/commands/draft.jsonl"
    ) >/dev/null
}

# check MODE NAME COMMAND [ACKNOWLEDGEMENT] [OPTION…]: one command under one kind of trouble.
check() {
    local mode="$1" name="$2" command="$3" ack="${4:-}" repo="${BASE:-$work/base}"
    shift 4 || shift 3
    local log="$work/log" status=0
    local options=(--repo "$repo" --cmd "$command" --list "${LIST:-sh $here/records.sh}" --verify "sh $here/sound.sh"
        --works "${WORKS:-sh $here/works.sh}" --points "$POINTS" --jobs "$JOBS")
    [[ -n "$ack" ]] && options+=(--ack "$ack")
    python3 "$HARNESS/crashtest.py" "$mode" "${options[@]}" "$@" >"$log" 2>&1 || status=$?
    tell "$name" "$mode" "$status" "$log"
}

# flip NAME OPTION…: damage of the files of the base repository.
flip() {
    local name="$1" log="$work/log" status=0
    shift
    python3 "$HARNESS/bitflip.py" --repo "$work/base" --verify "sh $here/sound.sh" --jobs "$JOBS" "$@" >"$log" 2>&1 || status=$?
    tell "$name" bitflip "$status" "$log"
}

# tell NAME MODE STATUS LOG: one line of the table; what failed in full.
tell() {
    local last
    last="$(tail -n 1 "$4")"
    case "$3" in
        0) printf '%-14s %-10s %s\n' "$1" "$2" "$last" ;;
        2)
            if grep -q 'not possible here\|needs root' "$4"; then
                printf '%-14s %-10s %s\n' "$1" "$2" "left out: $last"
                left_out=$((left_out + 1))
            else
                printf '%-14s %-10s THE TEST ITSELF FAILED\n' "$1" "$2"
                cat "$4"
                failed=$((failed + 1))
            fi
            ;;
        *)
            printf '%-14s %-10s FAILED: %s\n' "$1" "$2" "$last"
            cat "$4"
            failed=$((failed + 1))
            ;;
    esac
}

failed=0
left_out=0
finish() {
    printf '%s failed, %s left out\n' "$failed" "$left_out"
    [[ "$failed" -eq 0 ]]
}
