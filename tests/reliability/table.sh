#!/usr/bin/env bash
# Prints the tables of docs/reliability.md from what all.sh wrote into RESULTS; of parts that were run more than once,
# the last run counts.
#
#   tests/reliability/table.sh RESULTS…
set -euo pipefail
: "${1:?a file that all.sh wrote}"
cat "$@" | awk -F '\t' '
    # A cell: how many points were tried, of how many; what failed is not to be overlooked.
    function cell(key) {
        if (!(key in tried)) return ""
        if (lost[key] > 0) return "**" lost[key] " of " tried[key] " failed**"
        return tried[key] == of[key] ? tried[key] : of[key] == "?" ? tried[key] " (a sample)" : tried[key] " of " of[key]
    }
    # Each row once, in the order in which they come.
    function note(row, order) {
        if (!(row in noted)) { noted[row] = 1; order[++order[0]] = row }
    }
    {
        key = $2 SUBSEP $3 SUBSEP $4
        tried[key] = $5; of[key] = $6; lost[key] = $8
        if ($4 == "race" || $3 == "bitflip") note(key, other)
        else { note($2 SUBSEP $3, command); used[$4] = 1 }
    }
    END {
        count = split("kill power fault full ext4 bystander xfs", modes, " ")
        head = "| command | from |"; line = "|---|---|"
        for (m = 1; m <= count; m++) if (modes[m] in used) { head = head " " modes[m] " |"; line = line "---|" }
        print head; print line
        for (n = 1; n <= command[0]; n++) {
            split(command[n], part, SUBSEP)
            text = "| " part[2] " | " part[1] " |"
            for (m = 1; m <= count; m++) if (modes[m] in used) {
                key = command[n] SUBSEP modes[m]
                text = text " " cell(key) " |"
                points[modes[m]] += tried[key]; failures += lost[key]
            }
            print text
        }
        text = "| all | |"
        for (m = 1; m <= count; m++) if (modes[m] in used) { text = text " " points[modes[m]] " |"; all += points[modes[m]] }
        print text
        print ""
        print all + 0 " points, " failures + 0 " not ok."
        print ""
        print "| what | from | tried | not ok |"; print "|---|---|---|---|"
        for (n = 1; n <= other[0]; n++) {
            split(other[n], part, SUBSEP)
            print "| " part[2] " " part[3] " | " part[1] " | " (tried[other[n]] == of[other[n]] ? tried[other[n]] : cell(other[n])) " | " lost[other[n]] " |"
        }
    }'
