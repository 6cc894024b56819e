# Says whether an image or a name ($1) is gone from every byte of the repository.
set -eu
if [ -e "$SAMPLES/images/$1" ]; then
    size="$(stat -c %s "$SAMPLES/images/$1")"
    left="$(find .holotype -type f -size "${size}c" -exec cmp -s {} "$SAMPLES/images/$1" \; -print)"
else
    left="$(grep -rlaF "$1" .holotype || true)"
fi
if [ -z "$left" ]; then echo gone; fi
