#!/bin/sh
# A custom plugin of node-problem-detector: what kmembuild says of this node, in one line.
# Exit code: 0 the node does not leak memory cgroups, 1 it does or has to be rebooted, 2 unknown.
# Further arguments go to `kmembuild node`; KMEMBUILD is the program, if it is not on the PATH.
set -u

# Longer messages are cut by max_output_length, in the middle of a character if need be.
LONGEST=80

said=$("${KMEMBUILD:-kmembuild}" node "$@" 2>/dev/null)
case $? in
0) code=0 ;;
# Accounting is on; reboot needed; nearly all memory cgroups are used.
3 | 6 | 1) code=1 ;;
*) code=2 ;;
esac

# The verdict is the last line, before what to do next. Without an answer there is none.
verdict=$(printf '%s\n' "$said" | grep -v '^next: ' | tail -n 1 | cut -c 1-"$LONGEST")
if [ -z "$verdict" ]; then
    verdict='kmembuild node gave no answer'
    code=2
fi
printf '%s\n' "$verdict"
exit "$code"
