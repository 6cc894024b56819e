#!/usr/bin/env bash
# Builds the program in two folders, as CONTRIBUTING.md says, and compares the bytes. Takes two whole release builds.
#
#   tests/reproducible.sh [FOLDER]     FOLDER is where both go; default a new one, which is removed
#
# Fails when they differ, or when a path of the machine stands in the program.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
if [[ $# -eq 0 ]]; then
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
else
    work="$(realpath -m "$1")"
    mkdir -p "$work"
fi
cargo_home="${CARGO_HOME:-$HOME/.cargo}"
commit="$(git -C "$root" rev-parse HEAD)"
sums=()
# Names of different length, so that a path that is only padded is seen, too.
for name in one another; do
    folder="$work/$name"
    rm -rf "$folder"
    git clone --quiet "$root" "$folder"
    git -C "$folder" checkout --quiet "$commit"
    (
        cd "$folder"
        SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
        export SOURCE_DATE_EPOCH
        export RUSTFLAGS="--remap-path-prefix=$PWD=. --remap-path-prefix=$cargo_home=cargo"
        export CFLAGS="-ffile-prefix-map=$PWD=. -ffile-prefix-map=$cargo_home=cargo"
        CARGO_TARGET_DIR="$PWD/target" cargo build --quiet --release --locked
    )
    program="$folder/target/release/holotype"
    for path in "$work" "$cargo_home"; do
        if grep -qaF "$path" "$program"; then
            echo "$program holds the path $path" >&2
            exit 1
        fi
    done
    sums+=("$(sha256sum <"$program" | cut -d' ' -f1)")
    echo "${sums[-1]}  $name ($(stat -c %s "$program") bytes)"
done
[[ ${sums[0]} == "${sums[1]}" ]] || {
    echo "the two differ" >&2
    exit 1
}
