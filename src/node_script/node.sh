#!/bin/sh
#@HEAD@
set -eu
LC_ALL=C
export LC_ALL
umask 022

state=/var/lib/kmembuild-node
lock=/run/kmembuild-node.lock
cgroups=/sys/fs/cgroup/memory
boot_id=/proc/sys/kernel/random/boot_id
# Kubelet stops first and starts last. A socket's service does not start again by itself while the socket is down, and a
# socket does not start while its service runs.
stop_order='kubelet.service docker.socket docker.service crio.service containerd.service'
start_order='containerd.service crio.service docker.socket docker.service kubelet.service'
newline='
'

usage() {
    cat <<EOF
Replaces $binaries on this node by builds without kernel-memory accounting ($versions).

    sh $0 [--dry-run] [--from DIR] [--reboot] [...]   replace them; the old ones are kept
    sh $0 --after-reboot                              check that it worked
    sh $0 --rollback [--dry-run]                      put the old ones back

  --from DIR        where the new binaries are, instead of beside this script
  --runc PATH       the runc to replace, instead of all that are found; may be repeated
  --kubelet PATH    the same for kubelet
  --dry-run         check everything, and say what would be done without doing it
  --reboot          reboot at the end without asking
  --no-services     stop and start nothing; do that yourself
  --other-version   replace a kubelet also by one of another minor version
  --cgroups DIR     the memory hierarchy, instead of $cgroups

Drain the node before: pods that run go on with what they were started with. The old binaries are kept in $state/kept. After an interruption, run it again.
EOF
}

# Nothing is given up half done because nobody reads any more, as when a connection is lost.
say() { printf '%s\n' "$*" || :; }
warn() { printf 'warning: %s\n' "$*" >&2 || :; }
die() { printf 'error: %s\n' "$*" >&2 || :; exit 1; }
misused() { usage >&2 || :; printf 'error: %s\n' "$*" >&2 || :; exit 2; }

problems=0
problem() {
    printf 'problem: %s\n' "$*" >&2 || :
    problems=$((problems + 1))
}

# Does it, or says that it would.
run() {
    if [ -n "$dry_run" ]; then
        say "would run: $*"
    else
        "$@"
    fi
}

sum() { digest=$(sha256sum <"$1") && printf '%s\n' "${digest%% *}"; }

kib() { echo $(($(wc -c <"$1") / 1024 + 1)); }

is_program() { [ "$(head -c 4 -- "$1" | tail -c 3)" = ELF ]; }

# Runs a program for the first line that it prints of its version.
ask_version() {
    line=$("$1" --version </dev/null 2>&1) && ran=yes || ran=
    line=${line%%"$newline"*}
    [ -n "$ran" ]
}

# Major and minor of "Kubernetes v1.15.5".
minor() { printf '%s\n' "$1" | sed -n 's/^Kubernetes v\([0-9]*\.[0-9]*\)\..*/\1/p'; }

# Where the new one lies: alone, or in the folders of results.
new_one() {
    for candidate in "$from/$1" "$from/$(place_of "$1")"; do
        if [ -f "$candidate" ]; then
            say "$candidate"
            return 0
        fi
    done
    return 1
}

# The files that may be replaced, each with the name of its new one before it. What links lead to is what is replaced.
find_targets() {
    for name in $binaries; do
        case $name in
        runc)
            given=$given_runc
            known='/usr/bin/runc /usr/sbin/runc /usr/local/bin/runc /usr/local/sbin/runc /usr/bin/docker-runc /usr/bin/docker-runc-current /usr/libexec/docker/docker-runc-current /usr/libexec/docker/docker-runc'
            ;;
        kubelet)
            given=$given_kubelet
            known='/usr/bin/kubelet /usr/local/bin/kubelet /opt/bin/kubelet /opt/kubernetes/bin/kubelet'
            ;;
        esac
        found=
        while IFS= read -r path; do
            [ -n "$path" ] || continue
            if [ ! -f "$path" ]; then
                [ -z "$given" ] || problem "$path is not there"
                continue
            fi
            path=$(readlink -f -- "$path")
            case "$found" in *"|$path|"*) continue ;; esac
            found="$found|$path|"
            targets="$targets$name $path$newline"
        done <<EOF
${given:-$(printf '%s\n' "$known" | tr ' ' '\n')}
EOF
        [ -n "$found" ] || problem "no $name is found on this node; name it with --$name PATH"
    done
}

# Calls "$@ WORD PATH" for each line "WORD PATH" of a list.
each() {
    list=$1
    shift
    while read -r word path; do
        [ -z "$word" ] || "$@" "$word" "$path"
    done <<EOF
$list
EOF
}

# One of these at a time. The kernel gives the lock back however a process ends.
begin() {
    [ "$(id -u)" -eq 0 ] || die "this needs root"
    command -v flock >/dev/null || die "flock of util-linux is missing, without which two of these scripts could run at once; install it"
    touch -- "$lock" || die "$lock cannot be written"
    exec 9>>"$lock"
    flock -n 9 || die "such a script is at work on this node; wait for it, or end the processes that hold $lock (fuser -v $lock names them)"
    trial=$state.trial
    if [ -n "$services" ]; then active=$(left_stopped); fi
}

preflight() {
    for tool in sha256sum readlink cp mv df awk sync; do
        command -v "$tool" >/dev/null || problem "$tool is missing"
    done
    if [ -n "$services" ]; then
        command -v systemctl >/dev/null || problem "systemctl is missing; stop kubelet and the runtime yourself, and use --no-services"
    fi
    [ "$(uname -m)" = "$machine" ] || problem "the new binaries are for $machine, and this node is $(uname -m)"
    kernel=$(uname -r)
    case $kernel in
    3.*) say "kernel $kernel: it leaks where accounting is on" ;;
    *) warn "kernel $kernel is not one of those that are known to leak (3.x); the new binaries do no harm on it" ;;
    esac
    find_targets
    each "$targets" compare
    check_room "$state"
    each "$changes" check_room_of
    for name in $binaries; do check_new "$name"; done
    each "$changes" check_old
}

# Which of the targets are to be replaced, and how much room the old ones, which are kept, and the new ones need.
compare() {
    if ! is_program "$2"; then
        problem "$2 is not a program, perhaps a script around it; name the $1 to replace with --$1 PATH"
    elif [ "$(sum "$2")" = "$(sha256_of "$1")" ]; then
        say "$2 is the new one already"
    else
        changes="$changes$1 $2$newline"
        needed=$((needed + $(kib "$2")))
        if new=$(new_one "$1"); then needed=$((needed + $(kib "$new"))); fi
        is_replaceable "$2" || :
    fi
}

# Whether a file can be replaced by renaming another.
is_replaceable() {
    folder=$(dirname -- "$1")
    if [ ! -w "$folder" ]; then
        problem "$folder cannot be written to, so that $1 cannot be replaced; mount its file system for writing"
        return 1
    fi
    # Where there is no lsattr, this says nothing.
    case $(lsattr -d -- "$folder" "$1" 2>/dev/null | cut -d ' ' -f 1) in
    *[ai]*)
        problem "$1 or its folder is immutable, so that it cannot be replaced; allow it with chattr -ai $1 $folder"
        return 1
        ;;
    esac
}

# Room in the file system of a folder, which need not be there yet. It may be that all of them are in the same.
check_room() {
    folder=$1
    while [ ! -d "$folder" ]; do folder=$(dirname -- "$folder"); done
    free=$(df -P -k -- "$folder" | awk 'NR == 2 { print $4 }')
    [ "${free:-0}" -ge "$needed" ] || problem "$folder has $free KiB of room, and $needed KiB are needed for the old and the new ones"
}

check_room_of() { check_room "$(dirname -- "$2")"; }

check_new() {
    if ! new=$(new_one "$1"); then
        problem "the new $1 is not in $from; name its place with --from DIR"
        return 0
    fi
    found=$(sum "$new")
    if [ "$found" != "$(sha256_of "$1")" ]; then
        problem "$new is not the $1 that this script is for: its sha256 is $found, and should be $(sha256_of "$1")"
        return 0
    fi
    # Only what is known to be it is run, and not where it lies, where it may be that nothing may be run.
    if ! { mkdir -p -- "$trial" && cp -- "$new" "$trial/$1" && chmod 755 "$trial/$1"; }; then
        problem "the new $1 cannot be copied to $trial and tried there"
    elif ask_version "$trial/$1"; then
        say "new $1: $line"
        if [ "$1" = kubelet ]; then new_kubelet=$(minor "$line"); fi
    else
        problem "the new $1 does not run on this node: $line"
    fi
    rm -rf -- "$trial"
}

check_old() {
    ask_version "$2" || line="it does not run: $line"
    say "$2 is replaced: $line"
    if [ "$1" = kubelet ] && [ -z "$other_version" ]; then
        old=$(minor "$line")
        if [ -z "$old" ] || [ -z "$new_kubelet" ]; then
            warn "the version of a kubelet is not known, so that they are not compared"
        elif [ "$old" != "$new_kubelet" ]; then
            problem "$2 is of Kubernetes $old, and the new one of $new_kubelet; --other-version replaces it all the same"
        fi
    fi
}

# Writes a text to a file of the state, as a whole or not at all.
write_state() {
    part=$state/$1.part
    if ! { mkdir -p -- "$state" && printf '%s\n' "$2" >"$part" && sync && mv -f -- "$part" "$state/$1"; }; then
        die "$state/$1 cannot be written"
    fi
    part=
}

# What an interrupted run stopped. A node that was started since has started it.
left_stopped() {
    if [ "$(head -n 1 -- "$state/stopped" 2>/dev/null)" = "$(cat -- "$boot_id")" ]; then
        tail -n +2 -- "$state/stopped"
    fi
}

stop_services() {
    [ -n "$services" ] || return 0
    for service in $stop_order; do
        case " $active " in
        *" $service "*) ;;
        *) if systemctl is-active --quiet "$service"; then active="$active $service"; fi ;;
        esac
    done
    [ -n "$active" ] || { warn "neither kubelet nor a container runtime is running"; return 0; }
    if [ -z "$dry_run" ]; then write_state stopped "$(cat -- "$boot_id")$newline$active"; fi
    for service in $stop_order; do
        case " $active " in *" $service "*) run systemctl stop "$service" || die "$service does not stop" ;; esac
    done
}

# Starts what was stopped, by this run or an interrupted one.
start_services() {
    [ -n "$active" ] || return 0
    failed=
    for service in $start_order; do
        case " $active " in
        *" $service "*) run systemctl start "$service" || { warn "$service does not start"; failed=yes; } ;;
        esac
    done
    [ -z "$failed" ] || return 1
    forget_stopped
}

forget_stopped() {
    active=
    # Where it stays, what runs is started once more, which does nothing.
    run rm -f -- "$state/stopped" || :
}

# Keeps the old one: NAME PATH. It is named by its contents, so that none that was kept is lost or mistaken.
keep() {
    now=$(sum "$2")
    kept=$state/kept$2.$now
    add_record "$(sha256_of "$1")" "$now" "$2"
    if [ -f "$kept" ] && [ "$(sum "$kept")" = "$now" ]; then return 0; fi
    if [ -n "$dry_run" ]; then
        say "would keep $2 as $kept"
        return 0
    fi
    part=$kept.part
    if ! { mkdir -p -- "$(dirname -- "$kept")" && cp -p -- "$2" "$part" && [ "$(sum "$part")" = "$now" ]; }; then
        die "$2 could not be kept as $kept"
    fi
    sync
    mv -f -- "$part" "$kept"
    part=
    say "kept $2 as $kept"
}

# Puts a file in the place of another, which may be gone, by renaming; with its owner, mode and label: FILE SHA256 PATH.
put() {
    if [ -n "$dry_run" ]; then
        say "would replace $3 by $1"
        return 0
    fi
    like=$3
    [ -f "$like" ] || like=$1
    part=$(dirname -- "$3")/.kmembuild-$(basename -- "$3")
    if ! { cp -p -- "$like" "$part" && cat -- "$1" >"$part" && [ "$(sum "$part")" = "$2" ]; }; then
        die "$part is not what was written to it; $3 is as it was"
    fi
    if [ "$like" = "$3" ] && uses_selinux; then chcon --reference="$3" -- "$part"; fi
    sync
    mv -f -- "$part" "$3"
    part=
    # The label of one that is gone only the system knows.
    if [ "$like" != "$3" ] && uses_selinux; then restorecon -- "$3"; fi
    say "replaced $3"
}

uses_selinux() { command -v selinuxenabled >/dev/null && selinuxenabled; }

replace() {
    new=$(new_one "$1") || die "the new $1 is gone from $from"
    put "$new" "$(sha256_of "$1")" "$2"
}

# What is in its place, for the check after the reboot and for the way back: SHA256 OF THE NEW, OF THE OLD, PATH.
add_record() {
    case "$records$newline" in
    *" $3$newline"*) ;;
    *) records="$records$newline$1 $2 $3" ;;
    esac
}

# What an earlier script replaced, and was not put back.
carry_over() { [ "$(sum "$3" 2>/dev/null)" = "$2" ] || add_record "$@"; }

add_unchanged() { add_record "$(sha256_of "$1")" - "$2"; }

# Calls "$@ NEW OLD PATH" for each file that was replaced.
each_record() {
    [ -f "$state/files" ] || die "nothing was replaced on this node by such a script: $state/files is not there"
    [ "$(head -n 1 -- "$state/files")" = "format 1" ] || die "$state/files is of another version of this script; put the old ones back with that, by --rollback"
    while read -r new old path; do
        [ -z "$new" ] || "$@" "$new" "$old" "$path"
    done <<EOF
$(tail -n +2 -- "$state/files")
EOF
}

rebooted() { [ "$(cat -- "$boot_id")" != "$(cat -- "$state/boot" 2>/dev/null)" ]; }

offer_reboot() {
    say "REBOOT THIS NODE: cgroups keep the accounting that they were made with until then. After it: sh $0 --after-reboot"
    if [ -z "$reboot" ] && [ -t 0 ] && [ -z "$dry_run" ]; then
        printf 'Reboot now? [y/N] ' || :
        read -r answer || answer=
        case $answer in y | Y | yes) reboot=yes ;; esac
    fi
    [ -n "$reboot" ] || return 0
    run systemctl reboot || die "the binaries are replaced, but this node does not reboot; reboot it yourself"
    # The services start with the node.
    forget_stopped
}

install() {
    begin
    preflight
    [ "$problems" -eq 0 ] || die "$problems problems; nothing was changed"
    if [ -n "$changes" ]; then
        each "$changes" keep
        if [ -f "$state/files" ]; then each_record carry_over; fi
        each "$targets" add_unchanged
        if [ -z "$dry_run" ]; then
            write_state files "format 1$records"
            write_state boot "$(cat -- "$boot_id")"
        fi
        stop_services
        each "$changes" replace
    elif rebooted; then
        say "there is nothing to replace"
        reboot=
    fi
    # Before the question, which may stay without an answer.
    if [ -z "$reboot" ]; then
        start_services || die "the binaries are replaced, but not all services started; see above, and --rollback"
    fi
    if [ -n "$changes" ] || ! rebooted; then offer_reboot; fi
}

# Finds out what is to be put back: NEW OLD PATH.
look_back() {
    now=$(sum "$3" 2>/dev/null) || now=
    kept=$state/kept$3.$2
    if [ "$2" = - ]; then
        warn "$3 was the new one before this script, so that there is nothing to put back"
    elif [ "$now" = "$2" ]; then
        say "$3 is the old one already"
    elif [ "$now" != "$1" ] && [ -n "$now" ]; then
        problem "$3 was changed by something else and is left as it is; the old one is $kept"
    elif [ "$(sum "$kept" 2>/dev/null)" != "$2" ]; then
        problem "$kept is not the one that was kept; $3 is left as it is"
    elif is_replaceable "$3"; then
        changes="$changes$2 $3$newline"
    fi
}

put_back() { put "$state/kept$2.$1" "$1" "$2"; }

rollback() {
    begin
    each_record look_back
    if [ -n "$changes" ]; then
        stop_services
        each "$changes" put_back
    fi
    start_services || problem "not all services started"
    [ "$problems" -eq 0 ] || die "$problems problems"
    [ -n "$dry_run" ] || say "the old binaries are in their places; they stay in $state/kept as well"
}

check_replaced() {
    if [ "$(sum "$3" 2>/dev/null)" = "$1" ]; then
        say "ok: $3 is the new one"
    else
        problem "$3 is not the new one"
    fi
}

# What accounting a cgroup has: on, off, or cannot tell. Reading fails where it is off, on the kernels that leak.
accounting() {
    if text=$(cat -- "$1" 2>&1); then
        case $(printf '%s\n' "$text" | grep -v -c -e '^slabinfo' -e '^#' -e '^$') in
        0) case "$(uname -r)|$text" in 3.*'|slabinfo'*) say on ;; *) say unknown ;; esac ;;
        *) say on ;;
        esac
    else
        case $text in *"Input/output error"*) say off ;; *) say unknown ;; esac
    fi
}

check_accounting() {
    on=0 off=0 unknown=0
    list=$(find "$cgroups" -name memory.kmem.slabinfo \( -path '*/kubepods*' -o -path '*/docker/*' \
        -o -path '*/docker-*.scope/*' -o -path '*/k8s.io/*' \) 2>/dev/null) || :
    while IFS= read -r file; do
        [ -n "$file" ] || continue
        # A folder that is only made by the way proves nothing.
        case $file in "$cgroups"/docker/memory.kmem.slabinfo) continue ;; esac
        case $(accounting "$file") in
        on) on=$((on + 1)); [ "$on" -gt 3 ] || say "accounting is on in ${file%/*}" ;;
        off) off=$((off + 1)) ;;
        *) unknown=$((unknown + 1)) ;;
        esac
    done <<EOF
$list
EOF
    if [ "$on" -gt 0 ]; then
        problem "accounting is on in $on cgroups of pods and containers, off in $off"
    elif [ "$off" -eq 0 ]; then
        problem "no cgroup of a pod or container tells whether accounting is off ($unknown looked at); on this kernel it may be that none can"
    else
        say "ok: accounting is off in $off cgroups of pods and containers, unknown in $unknown"
    fi
}

check_services() {
    [ -n "$services" ] || return 0
    running=
    for service in kubelet docker crio containerd; do
        if systemctl is-active --quiet "$service.service"; then running="$running $service"; fi
    done
    case "$running " in *" docker "* | *" crio "* | *" containerd "*) ;; *) problem "no container runtime is running" ;; esac
    case " $binaries " in
    *" kubelet "*) case "$running " in *" kubelet "*) ;; *) problem "kubelet is not running" ;; esac ;;
    esac
    say "running:${running:- nothing}"
}

after_reboot() {
    each_record check_replaced
    if rebooted; then
        say "ok: this node was rebooted"
    else
        problem "this node was not rebooted since the binaries were replaced; its old cgroups keep their accounting"
    fi
    check_services
    check_accounting
    [ "$problems" -eq 0 ] || die "$problems problems"
}

# However it ends, services that were stopped are started again, and no half file stays.
finish() {
    code=$?
    # One thing that fails here does not keep the next one from being done.
    set +e
    trap '' INT TERM HUP
    trap - EXIT
    if [ -n "$active" ] && [ -z "$dry_run" ]; then
        warn "starting again what was stopped"
        start_services
    fi
    rm -rf -- ${part:+"$part"} ${trial:+"$trial"}
    if [ "$code" -gt 128 ]; then warn "interrupted; run it again"; fi
    exit "$code"
}

from=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
action=install dry_run='' reboot='' services=yes other_version='' given_runc='' given_kubelet=''
active='' part='' trial='' new_kubelet='' targets='' changes='' records='' needed=0
needs_value() { [ "$2" -ge 2 ] || misused "$1 needs a value"; }
while [ $# -gt 0 ]; do
    case $1 in
    --dry-run) dry_run=yes ;;
    --reboot) reboot=yes ;;
    --no-services) services='' ;;
    --other-version) other_version=yes ;;
    --after-reboot) action=after_reboot ;;
    --rollback) action=rollback ;;
    --from) needs_value "$1" $#; from=$2; shift ;;
    --cgroups) needs_value "$1" $#; cgroups=$2; shift ;;
    --runc) needs_value "$1" $#; given_runc="$given_runc$2$newline"; shift ;;
    --kubelet) needs_value "$1" $#; given_kubelet="$given_kubelet$2$newline"; shift ;;
    -h | --help) usage; exit 0 ;;
    *) misused "unknown option $1" ;;
    esac
    shift
done
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
# Nobody reads what is printed any more; that ends nothing.
trap '' PIPE
"$action"
