# Nothing is left that a human would have to clean up: no half of what was to be made for the user.
left="$(find "$REPO" -name '*.holotype-partial')"
if [ -n "$left" ]; then
    echo "left behind: $left" >&2
    exit 1
fi
