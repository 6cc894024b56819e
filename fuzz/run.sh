#!/usr/bin/env bash
# Fuzzes every reader, one after the other, and says what came of it.
#
#   fuzz/run.sh MINUTES [TARGET…]     the minutes are shared out evenly; without a target, all of them run
#   fuzz/run.sh build                 only builds
#   fuzz/run.sh merge [TARGET…]       adds to tests/corpus what was found and reaches new code: the longest of it
#                                     first, at most 20 files a target, under 4 kB each
#
# Stable Rust is enough: the compiler's own counters of coverage serve libFuzzer; what a sanitizer would watch beside
# them (memory) is watched by the allocator of the fuzz program and by the limit of the whole process.
#
# Read from the environment:
#   FUZZ_TARGET_DIR   where it is built, an absolute path; default fuzz/target
#   FUZZ_WORK         where found inputs and the logs go; default fuzz/target/work
#
# Exits with 1 when something was found: the input lies in $FUZZ_WORK/findings.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

triple=x86_64-unknown-linux-gnu
export CARGO_TARGET_DIR="${FUZZ_TARGET_DIR:-$PWD/target}"
work="${FUZZ_WORK:-$CARGO_TARGET_DIR/work}"
program="$CARGO_TARGET_DIR/$triple/release/readers"
corpus="$PWD/../tests/corpus"
all=(coco voc sliderunner sliderunner_sql geojson csv csv_ordered asap imagescope labelstudio cvat yolo yolo_classes
    exact dicom parquet scheme carrier table recognise probe record batch node key place name query repository release archive)

build() {
    local flags=(--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
        -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions)
    RUSTFLAGS="${flags[*]}" cargo build --quiet --release --target "$triple" || exit 2
}

# The dictionary of a target, where one helps.
dictionary() {
    case "$1" in
        coco | geojson | labelstudio | exact | carrier | record | batch) echo "-dict=$PWD/dictionaries/json.dict" ;;
        voc | asap | imagescope | cvat) echo "-dict=$PWD/dictionaries/xml.dict" ;;
        sliderunner | sliderunner_sql) echo "-dict=$PWD/dictionaries/sqlite.dict" ;;
        csv | csv_ordered | table | yolo | yolo_classes | scheme) echo "-dict=$PWD/dictionaries/text.dict" ;;
        recognise | probe) echo "-dict=$PWD/dictionaries/heads.dict" ;;
    esac
}

# Where the files that a reader needs on disk are made; nothing of them stays.
scratch="$(mktemp -d -p "$([[ -w /dev/shm ]] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")"
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

run_target() {
    local target="$1" seconds="$2" log="$work/$1.log" found before status begun
    mkdir -p "$work/inputs/$target" "$work/findings/$target" "$corpus/$target"
    before="$(find "$work/findings/$target" -type f | wc -l)"
    begun=$SECONDS
    HOLOTYPE_FUZZ_TARGET="$target" TMPDIR="$scratch" "$program" "$work/inputs/$target" "$corpus/$target" \
        -max_total_time="$seconds" -rss_limit_mb=1024 -malloc_limit_mb=1024 -timeout=10 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="$work/findings/$target/" $(dictionary "$target") >"$log" 2>&1
    status=$?
    found=$(($(find "$work/findings/$target" -type f | wc -l) - before))
    # A target that ends badly without leaving an input has found something, too.
    [[ $status -ne 0 && $found -eq 0 ]] && found=1
    local runs cover
    runs="$(grep -aoE 'number_of_executed_units: [0-9]+' "$log" | grep -oE '[0-9]+$' | tail -n 1)"
    cover="$(grep -aoE 'cov: [0-9]+' "$log" | grep -oE '[0-9]+' | sort -n | tail -n 1)"
    if [[ -z "$runs" ]]; then runs="$(grep -aoE '^#[0-9]+' "$log" | tail -n 1 | tr -d '#')"; fi
    printf '%-16s %8d %12d %9d %9d\n' "$target" $((SECONDS - begun)) "${runs:-0}" "${cover:-0}" "$found"
    findings=$((findings + found))
}

merge_target() {
    local target="$1" whole="$scratch/whole" file name size count
    [[ -d "$work/inputs/$target" ]] || return 0
    mkdir -p "$corpus/$target" "$whole"
    rm -f "$whole"/*
    # Long inputs are left out before the merge, so that shorter ones stand for what they reach.
    mkdir -p "$scratch/short"
    rm -f "$scratch/short"/*
    find "$work/inputs/$target" -type f -size -8 -exec cp -t "$scratch/short" {} +
    HOLOTYPE_FUZZ_TARGET="$target" TMPDIR="$scratch" "$program" -merge=1 -rss_limit_mb=1024 -timeout=10 \
        "$whole" "$corpus/$target" "$scratch/short" >"$work/$target.merge.log" 2>&1
    count="$(find "$corpus/$target" -type f | wc -l)"
    while read -r size file; do
        [[ $count -ge 20 || $size -ge 4096 ]] && continue
        name="$(basename "$file")"
        cmp -s "$file" /dev/null && continue
        if ! find "$corpus/$target" -type f -exec cmp -s {} "$file" \; -print | grep -q .; then
            cp "$file" "$corpus/$target/found-${name:0:12}"
            count=$((count + 1))
        fi
    done < <(find "$whole" -type f -printf '%s %p\n' | sort -rn)
    printf '%-16s %4d files\n' "$target" "$count"
}

case "${1:-}" in
    build) build ;;
    merge)
        shift
        [[ $# -eq 0 ]] && set -- "${all[@]}"
        for target in "$@"; do merge_target "$target"; done
        ;;
    '' | *[!0-9.]*)
        sed -n "2,7s/^# \{0,1\}//p" run.sh >&2
        exit 2
        ;;
    *)
        minutes="$1"
        shift
        [[ $# -eq 0 ]] && set -- "${all[@]}"
        build
        seconds="$(awk -v minutes="$minutes" -v targets="$#" 'BEGIN { printf "%d", minutes * 60 / targets + 0.5 }')"
        findings=0
        printf '%-16s %8s %12s %9s %9s\n' target seconds executions coverage findings
        for target in "$@"; do run_target "$target" "$((seconds > 0 ? seconds : 1))"; done
        [[ $findings -eq 0 ]] || exit 1
        ;;
esac
