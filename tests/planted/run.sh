#!/usr/bin/env bash
# Takes out, one at a time, every sync, every check of what was read, every mark after a failed sync and every kernel
# lock, and runs the tests that must fail then. Prints a table; exits with 1 when one SURVIVED, when a bug does not apply
# any more, or when a test fails without it.
#
#   tests/planted/run.sh [PART_OF_A_NAME]
#
# The bugs stand in tests/planted/*.bugs. All of them are planted into one copy of the project, each behind a switch, so
# that the copy is built once. PLANTED_DIR is where the copy and what is built of it go; an earlier one is used again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PLANTED_DIR="${PLANTED_DIR:-${TMPDIR:-/tmp}/holotype-planted}"
PLANTED="${1:-}" exec cargo test --quiet --test planted_run
