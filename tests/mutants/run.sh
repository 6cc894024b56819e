#!/usr/bin/env bash
# Mutants of the core: changes the code of one module in one place at a time, and looks whether a test fails. Needs
# `cargo install cargo-mutants`.
#
#   tests/mutants/run.sh list                       how many there are, module by module
#   tests/mutants/run.sh run MODULE [OPTION…]       tries those of a module with the tests inside it; options are those
#                                                   of `cargo mutants`, such as `--shard 0/8`
#   tests/mutants/run.sh again MODULE FILE [OPT…]   tries those that are lines of FILE (as in results/MODULE.missed)
#                                                   with the tests of the modules above and outside as well
#
# The modules are id, codec, event, tree, log, snapshot, store and replay. The whole crate takes minutes to build, so each
# stands in a crate of its own with what is below it. `again` builds all of the core, with `index` and `repo`, which
# tests need to make a repository.
#
# Read from the environment:
#   MUTANTS_DIR      where the crates, what is built of them and what came out go; default ${TMPDIR:-/tmp}/holotype-mutants
#   PROPTEST_CASES   how many cases a law is tried with; default 16
#
# What came out is added to $MUTANTS_DIR/results/MODULE.{caught,missed,timeout,unviable}, one mutant a line. The judgement
# on those that were missed stands in tests/mutants/survivors.md.
set -euo pipefail
renice -n 5 $$ >/dev/null
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
work="${MUTANTS_DIR:-${TMPDIR:-/tmp}/holotype-mutants}"
export PROPTEST_CASES="${PROPTEST_CASES:-16}" CARGO_TARGET_DIR="$work/target" CARGO_PROFILE_DEV_DEBUG=false
all=(id codec event tree log snapshot store replay)

# The modules that a module needs, itself among them.
needed() {
    case "$1" in
        id) echo id ;;
        codec | tree) echo id codec "${1/codec/}" ;;
        store) echo id time codec store ;;
        event) echo id time codec model event ;;
        log) echo id time codec model store log ;;
        snapshot) echo id time codec model event tree snapshot ;;
        replay) echo id time codec model event tree store log snapshot replay ;;
        whole) echo id time codec model event tree store log snapshot replay index repo ;;
        *)
            echo "no module '$1'" >&2
            return 2
            ;;
    esac
}

# Makes a crate of what a module needs, and of some integration tests: `make_crate MODULE [TEST…]`; says where it is.
make_crate() {
    local folder="$work/$1" modules module test shared
    modules="$(needed "$1")"
    shift
    rm -rf "$folder"
    mkdir -p "$folder/src" "$folder/tests"
    printf '//! A part of Holotype, alone.\n#![allow(dead_code, unused_imports)]\n' >"$folder/src/lib.rs"
    for module in $modules; do
        cp -r "$root/src/$module" "$folder/src/" 2>/dev/null || cp "$root/src/$module.rs" "$folder/src/"
        echo "pub mod $module;" >>"$folder/src/lib.rs"
    done
    for test in "$@"; do
        cp "$root/tests/$test.rs" "$folder/tests/"
    done
    for shared in common tree durable threats; do
        [[ $# -eq 0 ]] || cp -r "$root/tests/$shared" "$folder/tests/"
    done
    # The same libraries; programs, benches, lints and what only other modules need stay behind.
    awk '
        /^\[/ { keep = ($0 == "[package]" || $0 ~ /^\[(dev-)?dependencies\]/) }
        /^\[package\]/ { print; print "autobins = false"; next }
        /^(readme|include|exclude|default-run)/ { next }
        keep && $1 !~ /^(dicom|clap|indicatif|anstyle|image|parquet|rusqlite|zip|zstd|tar|ssh-key|mimalloc|cel|csv|quick-xml|snap|sha1|sha2|toml|wait4|syn|proc-macro2|imagesize|insta)/ { print }
        END { print "[profile.dev.package.\"*\"]"; print "opt-level = 2"; print "[workspace]" }
    ' "$root/Cargo.toml" >"$folder/Cargo.toml"
    cp "$root/Cargo.lock" "$folder/"
}

# Lists or tries the mutants of a module in a crate. What fails and counts on command, for tests, is no part of the core.
mutants() {
    local module="$1" folder="$2"
    shift 2
    cargo mutants -d "$folder" -f "src/$module/**" -e src/store/faulty.rs -e src/store/counting.rs "$@"
}

# Tries mutants of a module in a crate and adds what came out: `try MODULE FOLDER [OPTION…]`.
try() {
    local module="$1" folder="$2" kind
    shift 2
    rm -rf "$work/out"
    mutants "$module" "$folder" --in-place -o "$work/out" --minimum-test-timeout 120 --colors never "$@" ||
        [[ $? -le 3 ]]
    mkdir -p "$work/results"
    for kind in caught missed timeout unviable; do
        touch "$work/results/$module.$kind"
        cat "$work/out/mutants.out/$kind.txt" >>"$work/results/$module.$kind" 2>/dev/null || true
        sort -u -o "$work/results/$module.$kind" "$work/results/$module.$kind"
        printf '%-9s %s\n' "$kind" "$(wc -l <"$work/results/$module.$kind")"
    done
}

case "${1:-}" in
    list)
        for module in "${all[@]}"; do
            make_crate "$module"
            printf '%-9s %s\n' "$module" "$(mutants "$module" "$work/$module" --list | wc -l)"
        done
        ;;
    run)
        module="$2"
        shift 2
        make_crate "$module"
        try "$module" "$work/$module" "$@" -- --lib "$module::"
        ;;
    again)
        module="$2" names="$3"
        shift 3
        make_crate whole replay_laws diff_laws durable durable_repo verified faults
        # A name begins with its place, which may have moved; what is done to which function has not.
        pattern="$(sed -E 's/^[^ ]+ //; s/[][().*+?^${}|\\/]/\\&/g; s/$/$/' "$names" | sort -u | paste -sd '|')"
        try "$module" "$work/whole" -F "$pattern" "$@"
        ;;
    *)
        sed -n '2,/^set/{/^#/p}' "${BASH_SOURCE[0]}" | sed 's/^# \?//'
        exit 2
        ;;
esac
