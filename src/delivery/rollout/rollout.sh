#!/bin/sh
#@HEAD@
set -u
LC_ALL=C
export LC_ALL
umask 077

# Where the files are on a node: a directory that only root can enter.
directory=/var/lib/kmembuild-rollout
# On a node that this rollout takes out of service, and not on one that was so before.
mark=kmembuild-rollout
kubectl=kubectl
# How long one command may take on a node that copies, sums or stops services, in seconds.
long=3600
newline='
'

usage() {
    cat <<EOF
Brings $title
to the nodes, a few at a time, by ssh. Begun nodes are finished; after a stop or an interruption, run it again.

    sh $0 [--sudo] run            begin, or go on: nodes that are done are left alone
    sh $0 [--sudo] rollback       put back the old programs, where the new ones are
    sh $0 [--sudo] state          print what each node has: old, replaced or done
    sh $0 report                  compare the nodes with kmembuild fleet

  --sudo    log in as another user than root, who may use sudo without a password
  --now     do not wait for the window: begin at any time

The nodes: $nodes_from. Logs and results: $reports.

Exit codes: 0 all nodes are done; 1 a node failed; 2 wrong usage; 3 stopped before all
were begun, because the window is closed, too many are out of service, or by a signal.
EOF
}

say() { printf '%s\n' "$*" || :; }
warn() { printf 'warning: %s\n' "$*" >&2 || :; }
die() { printf 'error: %s\n' "$*" >&2 || :; exit 1; }
misused() { usage >&2 || :; printf 'error: %s\n' "$*" >&2 || :; exit 2; }

# A name of DNS in small letters, and an address: what else might be in a file, or be printed by a program, is refused.
is_name() { case $1 in '' | [.-]* | *[!a-z0-9.-]*) return 1 ;; esac; }
is_address() { case $1 in '' | [@-]* | *@-* | *[!A-Za-z0-9@._:-]*) return 1 ;; esac; }

# The nodes: NAME ADDRESS.
list_nodes() {
    if [ -n "$selector" ]; then
        "$kubectl" get nodes --selector "$selector" --output name | sed 's,^node/,,' | LC_ALL=C sort
    else
        cat -- "$here/nodes"
    fi
}

read_nodes() {
    list=$(list_nodes) || die "could not list the nodes"
    all=''
    while read -r name address more; do
        case $name in '' | '#'*) continue ;; esac
        address=${address:-$name}
        # Only a file has addresses.
        if [ -n "$selector" ] && [ "$address" != "$name" ]; then more=$address; fi
        if ! is_name "$name" || ! is_address "$address" || [ -n "$more" ]; then
            die "this is no node: $(printf '%s' "$name $address $more" | tr -c '[:print:]' '?')"
        fi
        all="$all$name $address$newline"
    done <<EOF
$list
EOF
    [ -n "$all" ] || die "there are no such nodes"
}

# Runs a command on the node of this process as root: SECONDS WORD... Each word is the same for every shell, or quoted for one.
# Nobody is asked for a password. What is sent on standard input is the command's.
on_node() {
    limit=$1
    shift
    timeout -k 10 "$limit" ssh -T -x -a -o BatchMode=yes -o ClearAllForwardings=yes -o ConnectTimeout=20 \
        -o ServerAliveInterval=15 -o ServerAliveCountMax=4 -- "$address" "$as_root$*"
}

ask_node() { on_node "$@" </dev/null; }

# The script on the node, with an action: SECONDS [ACTION].
node_script() {
    limit=$1
    shift
    ask_node "$limit" sh "$directory/node.sh" "$@" "$options"
}

# Copies a file to the node, unless it is there. node.sh looks at the sums again.
bring_file() {
    wanted=$(sha256sum <"$here/files/$1") || return 1
    found=$(ask_node 300 sha256sum "$directory/$1" 2>/dev/null) || found=
    [ "${found%% *}" != "${wanted%% *}" ] || return 0
    on_node "$long" sh -c "'umask 077; mkdir -p $directory && cat >$directory/$1.part && mv -f $directory/$1.part $directory/$1'" \
        <"$here/files/$1"
}

boot_of() { ask_node 60 cat /proc/sys/kernel/random/boot_id; }

reboot_node() {
    booted=$(boot_of) && [ "${#booted}" -eq 36 ] || return 1
    say "rebooting"
    # The connection may end before the answer.
    ask_node 60 systemctl reboot || :
    until_time=$(($(date +%s) + reboot_time))
    while [ "$(date +%s)" -lt "$until_time" ]; do
        sleep "$again"
        now=$(boot_of 2>/dev/null) || continue
        if [ "${#now}" -eq 36 ] && [ "$now" != "$booted" ]; then return 0; fi
    done
    say "it is not back within $reboot_time s"
    return 1
}

# Repeats a check until it succeeds: pods have to start first.
check_node() {
    until_time=$(($(date +%s) + check_time))
    while ! node_script 600 "$1"; do
        [ "$(date +%s)" -lt "$until_time" ] || return 1
        sleep "$again"
    done
}

# Whether the node is out of service, and the note that this rollout did it: true/drained.
service_of() { "$kubectl" get node "$name" --output "jsonpath={.spec.unschedulable}/{.metadata.annotations.$mark}"; }

# Takes the node out of service. Who did it is written down at the node before, so that the next run knows, too.
drain_node() {
    [ -n "$drain" ] || return 0
    service=$(service_of) || return 1
    case $service in
    true/*) ;;
    *) "$kubectl" annotate --overwrite node "$name" "$mark=drained" || return 1 ;;
    esac
    # shellcheck disable=SC2086  # A list of words.
    "$kubectl" drain $drain_options "$name"
}

# Takes the node back into service, unless somebody else took it out of it.
uncordon_node() {
    [ -n "$drain" ] || return 0
    service=$(service_of) || return 1
    case $service in
    true/drained) "$kubectl" uncordon "$name" || return 1 ;;
    true/*) say "$name was out of service before, and stays so" ;;
    esac
    case $service in */drained) "$kubectl" annotate node "$name" "$mark-" ;; esac
}

failed() { reason=$*; return 1; }

# Everything up to the node that is done. What went wrong is in reason.
bring() {
    reason=''
    ask_node 60 true || failed "it does not answer over ssh" || return 1
    bring_file node.sh || failed "could not copy node.sh" || return 1
    state=$(node_script 600 --state) || failed "could not tell what is on it" || return 1
    if [ "$state" != "done" ]; then
        drain_node || failed "could not drain it" || return 1
        for program in $programs; do
            bring_file "$program" || failed "could not copy $program" || return 1
        done
        # shellcheck disable=SC2119  # Without an action it replaces.
        node_script "$long" || failed "node.sh did not replace the programs" || return 1
        reboot_node || failed "it did not come back from its reboot" || return 1
        did=replaced
    fi
    check_node --after-reboot || failed "the check after the reboot found problems" || return 1
    # What fails from here on is no reason to put anything back.
    checked=yes
    uncordon_node || failed "could not uncordon it" || return 1
    for program in $programs; do ask_node 60 rm -f "$directory/$program" || :; done
}

take_back() {
    reason=''
    ask_node 60 true || failed "it does not answer over ssh" || return 1
    bring_file node.sh || failed "could not copy node.sh" || return 1
    state=$(node_script 600 --state) || failed "could not tell what is on it" || return 1
    if [ "$state" != old ]; then
        drain_node || failed "could not drain it" || return 1
        restore || failed "could not put back the old programs" || return 1
        did='old again'
    fi
    uncordon_node || failed "could not uncordon it" || return 1
}

restore() { node_script "$long" --rollback && reboot_node && check_node --after-rollback; }

# Puts a node back into service as it was, if that can be done.
recover() {
    ask_node 60 true 2>/dev/null && state=$(node_script 600 --state) || return 1
    if [ -n "$checked" ]; then
        recovered='its new programs are well'
    elif [ "$state" != old ]; then
        say "putting back the old programs"
        restore || return 1
        recovered='its old programs are back'
    else
        recovered='nothing was replaced on it'
    fi
    uncordon_node
}

# One node, in a process of its own, which no signal of the terminal ends. Its result is one line of a file: a word, and what
# to tell.
one_node() {
    trap '' INT TERM HUP
    did='done already' checked=''
    say "== $(date -u '+%Y-%m-%dT%H:%M:%SZ') $action $name ($address)"
    if "$action" 2>&1; then
        result="well $did"
    else
        cause=$reason
        say "failed: $cause"
        if [ "$action" = bring ] && recover 2>&1; then
            result="back $cause; $recovered, and it is in service"
        else
            result="out $cause; it stays as it is"
        fi
    fi
    say "$result"
    printf '%s\n' "$result" >"$reports/$name.result.part" && mv -f -- "$reports/$name.result.part" "$reports/$name.result"
}

window_is_open() {
    [ -n "$window_days" ] && [ -z "$at_any_time" ] || return 0
    now=$(date -u '+%a %H%M' | tr '[:upper:]' '[:lower:]')
    case " $window_days " in *" ${now% *} "*) ;; *) return 1 ;; esac
    now=${now#* }
    if [ "$window_from" -lt "$window_to" ]; then
        [ "$now" -ge "$window_from" ] && [ "$now" -lt "$window_to" ]
    else
        [ "$now" -ge "$window_from" ] || [ "$now" -lt "$window_to" ]
    fi
}

# Works on a list of nodes at once: NAME ADDRESS a line.
work_on() {
    running=''
    while read -r name address; do
        [ -n "$name" ] || continue
        rm -f -- "$reports/$name.result"
        one_node </dev/null >>"$reports/$name.log" 2>&1 9>&- &
        running="$running $!"
    done <<EOF
$1
EOF
    for process in $running; do
        # A signal ends the waiting, but not the work.
        while kill -0 "$process" 2>/dev/null; do wait "$process" || :; done
    done
    while read -r name address; do
        [ -n "$name" ] || continue
        told=$(cat -- "$reports/$name.result" 2>/dev/null) || told='out its process ended; see its log'
        say "$name: ${told#* }"
        case $told in
        'well done already') ;;
        well*) changed=$((changed + 1)) ;;
        back*) failures=$((failures + 1)) ;;
        *)
            failures=$((failures + 1))
            missing=$((missing + 1))
            ;;
        esac
    done <<EOF
$1
EOF
}

# Why no further node may be begun; succeeds if there is a reason.
is_stopped() {
    if [ -n "$stopping" ]; then
        why='interrupted'
    elif [ "$failures" -gt "$max_failed" ]; then
        why="$failures nodes failed, and $max_failed may"
    elif [ "$missing" -ge "$max_unavailable" ]; then
        why="$missing nodes are out of service, and $max_unavailable may be"
    elif ! window_is_open; then
        why='the window is closed'
    else
        return 1
    fi
}

in_waves() {
    left=$all
    number=0 failures=0 missing=0 changed=0 watched=0 why=''
    canaries=$canary
    [ "$action" = bring ] || canaries=0
    while [ -n "$left" ] && ! is_stopped; do
        size=$((max_unavailable - missing))
        if [ "$canaries" -gt 0 ] && [ "$size" -gt "$canaries" ]; then size=$canaries; fi
        wave=$(printf '%s' "$left" | head -n "$size")
        left=$(printf '%s' "$left" | tail -n +$((size + 1)))
        left=${left:+$left$newline}
        number=$((number + 1))
        say "wave $number: $(printf '%s\n' "$wave" | cut -d ' ' -f 1 | tr '\n' ' ')"
        work_on "$wave"
        [ "$canaries" -gt 0 ] || continue
        canaries=$((canaries - size))
        if [ "$canaries" -le 0 ] && [ "$changed" -gt 0 ] && [ -n "$left" ] && ! is_stopped; then watch_canaries; fi
    done
}

# Lets the first nodes work for a while, and looks at them again.
watch_canaries() {
    say "watching the first nodes for $pause s"
    until_time=$(($(date +%s) + pause))
    while [ "$(date +%s)" -lt "$until_time" ] && [ -z "$stopping" ]; do sleep 1; done
    while read -r name address && [ "$watched" -lt "$canary" ]; do
        watched=$((watched + 1))
        case $(cat -- "$reports/$name.result") in well*) ;; *) continue ;; esac
        if ! node_script 600 --after-reboot >>"$reports/$name.log" 2>&1 </dev/null; then
            failures=$((failures + 1))
            say "$name: after the pause, the check found problems; see its log"
        fi
    done <<EOF
$all
EOF
}

# Runs all waves, and says how it ended.
carry_out() {
    action=$1
    mkdir -p -- "$reports" || die "could not make $reports"
    exec 9>>"$reports/lock"
    flock -n 9 || die "another run of this rollout is at work: $reports/lock is held"
    trap 'stopping=yes; say "interrupted: the nodes that were begun are finished, and no further one is begun"' INT TERM HUP
    in_waves
    count=$(printf '%s' "$left" | grep -c . || :)
    if [ "$action" = bring ] && [ -n "$with_report" ]; then report || :; fi
    if [ "$failures" -gt 0 ]; then
        warn "$failures nodes failed; see $reports/NAME.log${why:+; stopped: $why}; $count nodes were not begun"
        exit 1
    elif [ -n "$left" ]; then
        warn "stopped: $why; $count nodes were not begun; run this again"
        exit 3
    fi
    say "all nodes are well"
}

show_states() {
    while read -r name address; do
        [ -n "$name" ] || continue
        state=unknown
        if bring_file node.sh 2>/dev/null; then state=$(node_script 600 --state 2>/dev/null </dev/null) || state=unknown; fi
        say "$name $state"
    done <<EOF
$all
EOF
}

report() {
    if ! command -v kmembuild >/dev/null; then
        warn "kmembuild is not on this machine; without it there is no report"
        return 1
    fi
    mkdir -p -- "$reports"
    printf '%s' "$all" | cut -d ' ' -f 2 >"$reports/addresses"
    kmembuild fleet --ssh-hosts "$reports/addresses" --remote "$remote"
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
reports=$here/reports
as_root='' at_any_time='' command='' stopping='' with_report=yes recovered=''
if [ -n "$selector" ]; then nodes_from="those with the labels $selector"; else nodes_from=$here/nodes; fi
while [ $# -gt 0 ]; do
    case $1 in
    --sudo) as_root='sudo -n ' ;;
    --now) at_any_time=yes ;;
    --no-report) with_report='' ;;
    -h | --help) usage; exit 0 ;;
    run | rollback | state | report) [ -z "$command" ] || misused "one of run, rollback, state and report is enough"; command=$1 ;;
    *) misused "unknown word $1" ;;
    esac
    shift
done
[ -n "$command" ] || misused "say what to do: run, rollback, state or report"
for tool in ssh timeout sha256sum flock; do
    command -v "$tool" >/dev/null || die "$tool not found"
done
if [ -n "$drain$selector" ]; then command -v "$kubectl" >/dev/null || die "$kubectl not found"; fi
read_nodes
case $command in
run) carry_out bring ;;
rollback) carry_out take_back ;;
state) show_states ;;
report) report ;;
esac
