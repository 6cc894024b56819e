#!/usr/bin/env bash
# Which lines of `src` the tests run, per module and file, what the program runs as a child process included.
#
#   tests/coverage.sh              the whole suite
#   tests/coverage.sh --lib        what follows goes to `cargo test`: a part of it
#   tests/coverage.sh --table      no test runs; the table of what was measured last
#
# Needs python3 and the llvm-tools of the toolchain (`rustup component add llvm-tools`). Only this crate is instrumented, in
# a build folder of its own, COVERAGE_TARGET (default target/coverage), where `missing.txt` then lists each line that no
# test ran. Fails when a test does, or when the lines run are less than tests/coverage.py asks for.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

sysroot="$(rustc --print sysroot)"
host="$(rustc -vV | sed -n 's/^host: //p')"
tools="$sysroot/lib/rustlib/$host/bin"
if [[ ! -x "$tools/llvm-cov" ]]; then
    echo "the toolchain at $sysroot has no llvm-cov" >&2
    echo "Hint: rustup component add llvm-tools" >&2
    exit 1
fi

mkdir -p "${COVERAGE_TARGET:-target/coverage}"
target="$(cd "${COVERAGE_TARGET:-target/coverage}" && pwd)"
raw="$target/raw"
status=0

if [[ "${1:-}" != --table ]]; then
    # Counters live in a mapped file, so that what a killed process ran counts, too.
    cat >"$target/instrumented" <<'WRAPPER'
#!/usr/bin/env bash
exec "$@" -C instrument-coverage -C llvm-args=-runtime-counter-relocation
WRAPPER
    chmod +x "$target/instrumented"
    export CARGO_TARGET_DIR="$target" RUSTC_WORKSPACE_WRAPPER="$target/instrumented"
    # Whatever runs while the tests are built is not counted.
    LLVM_PROFILE_FILE=/dev/null cargo test --no-run --message-format=json-render-diagnostics "$@" |
        python3 tests/coverage.py executables >"$target/executables"
    rm -rf "$raw"
    mkdir -p "$raw"
    LLVM_PROFILE_FILE="$raw/%c%m.profraw" cargo test --no-fail-fast "$@" || status=$?
    "$tools/llvm-profdata" merge --sparse --failure-mode=all "$raw"/*.profraw -o "$target/merged.profdata"
    # The first program stands alone, all others behind an option.
    mapfile -t objects < <(sed '2,$s/^/--object=/' "$target/executables")
    "$tools/llvm-cov" export --format=lcov --instr-profile="$target/merged.profdata" --skip-functions \
        "${objects[@]}" "$PWD/src" >"$target/lcov.info"
fi

python3 tests/coverage.py table "$target/lcov.info" "$target/missing.txt" || status=1
echo "each line that no test ran: $target/missing.txt"
exit "$status"
