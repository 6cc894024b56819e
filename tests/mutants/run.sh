#!/usr/bin/env bash
# Mutants of the core: changes the code in one place at a time, and looks whether a test fails. Needs
# `cargo install cargo-mutants`, which says what is changed (`cargo mutants --list`).
#
#   tests/mutants/run.sh list                   how many there are, module by module
#   tests/mutants/run.sh try [PART_OF_A_NAME]   tries those that are not caught yet
#   tests/mutants/run.sh alone [OPTION…]        tries those that could not be switched, each in a build of its own; options
#                                               are those of `cargo mutants`, such as `--shard 0/8`
#   tests/mutants/run.sh table                  what came out, module by module
#
# The modules are id, codec, event, tree, log, snapshot, store and replay. `try` plants all of them into one copy of the
# project, each behind a switch, so that the copy is built once; it looks which tests reach which mutant, and runs those,
# the fast ones first, until one fails. What the compiler runs (`const fn`) or refuses with a switch is left to `alone`,
# which uses a crate of the core alone, since the whole takes minutes to build.
#
# Read from the environment:
#   MUTANTS_DIR      where the copy, what is built of it and what came out go; default ${TMPDIR:-/tmp}/holotype-mutants
#   MUTANTS_TESTS    the programs whose tests are run; default `lib`, the tests inside the sources
#   MUTANTS_SECONDS  how long the tests of one mutant may take, by their time without it; default 20. Where all that reach
#                    it take at most eight times as long, all are run
#   PROPTEST_CASES   how many cases a law is tried with; default 32
#
# What came out is added to $MUTANTS_DIR/results.tsv: mutant, outcome, the test. Outcomes are caught, timeout, missed (by
# tests that reach it), unreached, unviable (it does not compile) and not-switched. The judgement on those that no test
# catches stands in tests/mutants/survivors.md.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
export MUTANTS_DIR="${MUTANTS_DIR:-${TMPDIR:-/tmp}/holotype-mutants}"
export PROPTEST_CASES="${PROPTEST_CASES:-32}"
results="$MUTANTS_DIR/results.tsv"
# What is mutated, and what it needs.
modules=(id codec event tree log snapshot store replay)
beside=(time model leftovers)
# What fails and counts on command, for tests, is no part of the core.
skipped=(-e 'src/time/**' -e src/leftovers.rs -e 'src/model/**' -e 'src/index/**' -e 'src/repo/**' -e src/store/faulty.rs -e src/store/counting.rs)

# Makes a crate of some modules and integration tests: `make_crate "MODULE…" [TEST…]`; says where it is.
make_crate() {
    local folder="$MUTANTS_DIR/core" module test shared
    rm -rf "$folder"
    mkdir -p "$folder/src" "$folder/tests"
    printf '//! The core of Holotype, alone.\n#![allow(dead_code, unused_imports)]\n' >"$folder/src/lib.rs"
    for module in $1; do
        cp -r "$root/src/$module" "$folder/src/" 2>/dev/null || cp "$root/src/$module.rs" "$folder/src/"
        echo "pub mod $module;" >>"$folder/src/lib.rs"
    done
    shift
    for test in "$@"; do
        cp "$root/tests/$test.rs" "$folder/tests/"
    done
    for shared in common tree material diff_laws durable threats; do
        [[ $# -eq 0 ]] || cp -r "$root/tests/$shared" "$folder/tests/"
    done
    # The same libraries; programs, benches, lints and what only other modules need stay behind.
    awk '
        /^\[/ { keep = ($0 == "[package]" || $0 ~ /^\[(dev-)?dependencies\]/) }
        /^\[package\]/ { print; print "autobins = false"; next }
        /^(readme|include|exclude|default-run)/ { next }
        keep && $1 !~ /^(dicom|clap|indicatif|anstyle|image|parquet|zip|zstd|tar|ssh-key|mimalloc|cel|csv|quick-xml|snap|sha1|toml|wait4|syn|proc-macro2|imagesize|insta)/ { print }
        END { print "[profile.dev.package.\"*\"]"; print "opt-level = 2"; print "[workspace]" }
    ' "$root/Cargo.toml" >"$folder/Cargo.toml"
    cp "$root/Cargo.lock" "$folder/"
    echo "$folder"
}

list() {
    cargo mutants -d "$(make_crate "${modules[*]} ${beside[*]}")" "${skipped[@]}" --list --json >"$MUTANTS_DIR/list.json"
}

table() {
    awk -F'\t' -v modules="${modules[*]}" '
        { split($1, path, "[/.]"); count[path[2], $2]++; outcome[$2] }
        END {
            split("caught timeout missed unreached unviable not-switched", columns, " ")
            split(modules, rows, " ")
            printf "| module |"; for (c = 1; c in columns; c++) printf " %s |", columns[c]; print ""
            printf "|---|"; for (c = 1; c in columns; c++) printf "---|"; print ""
            for (r = 1; r in rows; r++) {
                printf "| `%s` |", rows[r]
                for (c = 1; c in columns; c++) printf " %d |", count[rows[r], columns[c]]
                print ""
            }
        }' "$results"
}

# Tries in a build of its own each mutant that no switch could be made for.
alone() {
    local folder pattern kind
    folder="$(make_crate "${modules[*]} ${beside[*]} index repo" replay_laws diff_laws durable verified)"
    pattern="$(awk -F'\t' '$2 == "not-switched" { print $1 }' "$results" | sed -E 's/[][().*+?^${}|\\]/\\&/g; s/^|$/^/; s/$/$/' | paste -sd '|')"
    rm -rf "$MUTANTS_DIR/out"
    CARGO_TARGET_DIR="$MUTANTS_DIR/alone" CARGO_PROFILE_DEV_DEBUG=false cargo mutants -d "$folder" "${skipped[@]}" -F "$pattern" \
        --in-place -o "$MUTANTS_DIR/out" --minimum-test-timeout 120 --colors never "$@" || [[ $? -le 3 ]]
    for kind in caught missed timeout unviable; do
        sed "s/\$/\t$kind\talone/" "$MUTANTS_DIR/out/mutants.out/$kind.txt" >>"$results"
    done
}

mkdir -p "$MUTANTS_DIR"
case "${1:-}" in
    list)
        list
        python3 -c '
import collections, json, sys
files = (mutant["file"].split("/")[1].split(".")[0] for mutant in json.load(open(sys.argv[1])))
for module, count in collections.Counter(files).items(): print(f"{module:9} {count}")' "$MUTANTS_DIR/list.json"
        ;;
    try)
        list
        cd "$root"
        MUTANTS="${2:-}" cargo test --quiet --test mutants_run
        table
        ;;
    alone)
        shift
        alone "$@"
        table
        ;;
    table)
        table
        ;;
    *)
        sed -n '2,/^set/{/^#/p}' "${BASH_SOURCE[0]}" | sed 's/^# \?//'
        exit 2
        ;;
esac
