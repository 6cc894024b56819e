# What a command makes for the user is whole, or it is not there.
set -eu
for made in ${MAKES:-}; do
    if [ -e "$REPO/$made" ]; then diff -r "$MADE/$made" "$REPO/$made" >&2; fi
done
