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
# Kubelet stops first and starts last. A service with a socket does not restart by itself while the socket is stopped, and
# a socket does not start while its service is running.
stop_order='kubelet.service docker.socket docker.service crio.service containerd.service'
start_order='containerd.service crio.service docker.socket docker.service kubelet.service'
newline='
'

usage() {
    cat <<EOF
Replaces $binaries on this node with builds without kernel-memory accounting ($versions).

    sh $0 [--dry-run] [--from DIR] [--reboot] [...]   replace them; keeps the old ones
    sh $0 --after-reboot                              check the result
    sh $0 --rollback [--dry-run]                      restore the old ones

  --from DIR        directory of the new binaries, instead of the script's own
  --runc PATH       the runc to replace, instead of all that are found; can be repeated
  --kubelet PATH    the same for kubelet
  --dry-run         check everything and print what would be done
  --reboot          reboot at the end without asking
  --no-services     do not stop and start services; do that yourself
  --other-version   allow another minor version of kubelet
  --cgroups DIR     the memory hierarchy, instead of $cgroups

Drain the node first: running pods continue with the old binaries. The old binaries are kept in $state/kept. After an interruption, run the script again.
EOF
}

# A failed write does not stop the script, e.g. when the connection is lost.
say() { printf '%s\n' "$*" || :; }
warn() { printf 'warning: %s\n' "$*" >&2 || :; }
die() { printf 'error: %s\n' "$*" >&2 || :; exit 1; }
misused() { usage >&2 || :; printf 'error: %s\n' "$*" >&2 || :; exit 2; }

problems=0
problem() {
    printf 'problem: %s\n' "$*" >&2 || :
    problems=$((problems + 1))
}

# Runs a command, or prints it.
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

# Runs a program and reads the first line of its version.
ask_version() {
    line=$("$1" --version </dev/null 2>&1) && ran=yes || ran=
    line=${line%%"$newline"*}
    [ -n "$ran" ]
}

# Major and minor of "Kubernetes v1.15.5".
minor() { printf '%s\n' "$1" | sed -n 's/^Kubernetes v\([0-9]*\.[0-9]*\)\..*/\1/p'; }

# The path of the new binary: in the directory itself, or in the directory of its result.
new_one() {
    for candidate in "$from/$1" "$from/$(place_of "$1")"; do
        if [ -f "$candidate" ]; then
            say "$candidate"
            return 0
        fi
    done
    return 1
}

# The files to replace, each with the name of its new binary. Links are followed.
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
                [ -z "$given" ] || problem "$path not found"
                continue
            fi
            path=$(readlink -f -- "$path")
            case "$found" in *"|$path|"*) continue ;; esac
            found="$found|$path|"
            targets="$targets$name $path$newline"
        done <<EOF
${given:-$(printf '%s\n' "$known" | tr ' ' '\n')}
EOF
        [ -n "$found" ] || problem "no $name found on this node; use --$name PATH"
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

# Only one script may run at a time. The kernel releases the lock, however a process ends.
begin() {
    [ "$(id -u)" -eq 0 ] || die "root is required"
    command -v flock >/dev/null || die "flock not found; install util-linux, so that two of these scripts cannot run at once"
    touch -- "$lock" || die "could not write $lock"
    exec 9>>"$lock"
    flock -n 9 || die "another such script is running on this node; wait for it, or end the processes that hold $lock (fuser -v $lock lists them)"
    trial=$state.trial
    if [ -n "$services" ]; then active=$(left_stopped); fi
}

preflight() {
    for tool in sha256sum readlink cp mv df awk sync; do
        command -v "$tool" >/dev/null || problem "$tool not found"
    done
    if [ -n "$services" ]; then
        command -v systemctl >/dev/null || problem "systemctl not found; stop kubelet and the runtime yourself, and use --no-services"
    fi
    [ "$(uname -m)" = "$machine" ] || problem "the new binaries are for $machine, but this node is $(uname -m)"
    kernel=$(uname -r)
    case $kernel in
    3.*) say "kernel $kernel leaks when accounting is on" ;;
    *) warn "kernel $kernel is not known to leak (3.x kernels do); the new binaries do no harm" ;;
    esac
    find_targets
    each "$targets" compare
    check_room "$state"
    each "$changes" check_room_of
    for name in $binaries; do check_new "$name"; done
    each "$changes" check_old
}

# Which of the targets to replace, and how much space the old ones, which are kept, and the new ones need.
compare() {
    if ! is_program "$2"; then
        problem "$2 is not a program (perhaps a wrapper script); use --$1 PATH for the $1 to replace"
    elif [ "$(sum "$2")" = "$(sha256_of "$1")" ]; then
        say "$2 is already the new one"
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
        problem "cannot replace $1: $folder is not writable; mount its file system for writing"
        return 1
    fi
    # Without lsattr, this is skipped.
    case $(lsattr -d -- "$folder" "$1" 2>/dev/null | cut -d ' ' -f 1) in
    *[ai]*)
        problem "cannot replace $1: the file or its directory is immutable; use chattr -ai $1 $folder"
        return 1
        ;;
    esac
}

# Checks the free space on the file system of a directory, which need not exist. All of them may be on the same one.
check_room() {
    folder=$1
    while [ ! -d "$folder" ]; do folder=$(dirname -- "$folder"); done
    free=$(df -P -k -- "$folder" | awk 'NR == 2 { print $4 }')
    [ "${free:-0}" -ge "$needed" ] || problem "not enough space on $folder: $free KiB free, $needed KiB required for the old and the new binaries"
}

check_room_of() { check_room "$(dirname -- "$2")"; }

check_new() {
    if ! new=$(new_one "$1"); then
        problem "the new $1 is not in $from; use --from DIR"
        return 0
    fi
    found=$(sum "$new")
    if [ "$found" != "$(sha256_of "$1")" ]; then
        problem "$new is not the $1 for this script: its sha256 is $found instead of $(sha256_of "$1")"
        return 0
    fi
    # Only a verified binary is run, and not in its directory, which may be mounted noexec.
    if ! { mkdir -p -- "$trial" && cp -- "$new" "$trial/$1" && chmod 755 "$trial/$1"; }; then
        problem "could not copy the new $1 to $trial to try it"
    elif ask_version "$trial/$1"; then
        say "new $1: $line"
        if [ "$1" = kubelet ]; then new_kubelet=$(minor "$line"); fi
    else
        problem "the new $1 does not run on this node: $line"
    fi
    rm -rf -- "$trial"
}

check_old() {
    ask_version "$2" || line="does not run: $line"
    say "replacing $2: $line"
    if [ "$1" = kubelet ] && [ -z "$other_version" ]; then
        old=$(minor "$line")
        if [ -z "$old" ] || [ -z "$new_kubelet" ]; then
            warn "could not compare the versions of kubelet: one of them is unknown"
        elif [ "$old" != "$new_kubelet" ]; then
            problem "$2 is Kubernetes $old, but the new one is $new_kubelet; use --other-version to replace it anyway"
        fi
    fi
}

# Writes a text to a file of the state, completely or not at all.
write_state() {
    part=$state/$1.part
    if ! { mkdir -p -- "$state" && printf '%s\n' "$2" >"$part" && sync && mv -f -- "$part" "$state/$1"; }; then
        die "could not write $state/$1"
    fi
    part=
}

# The services that an interrupted run stopped, unless the node was started since.
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
        case " $active " in *" $service "*) run systemctl stop "$service" || die "could not stop $service" ;; esac
    done
}

# Starts what this run or an interrupted one stopped.
start_services() {
    [ -n "$active" ] || return 0
    failed=
    for service in $start_order; do
        case " $active " in
        *" $service "*) run systemctl start "$service" || { warn "could not start $service"; failed=yes; } ;;
        esac
    done
    [ -z "$failed" ] || return 1
    forget_stopped
}

forget_stopped() {
    active=
    # If the file stays, services that are running are started again, which has no effect.
    run rm -f -- "$state/stopped" || :
}

# Keeps the old binary: NAME PATH. Its name contains its digest, so that no kept file is lost or confused.
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
        die "could not keep $2 as $kept"
    fi
    sync
    mv -f -- "$part" "$kept"
    part=
    say "kept $2 as $kept"
}

# Replaces a file, which may be missing, by renaming; keeps its owner, mode and label: FILE SHA256 PATH.
put() {
    if [ -n "$dry_run" ]; then
        say "would replace $3 with $1"
        return 0
    fi
    like=$3
    [ -f "$like" ] || like=$1
    part=$(dirname -- "$3")/.kmembuild-$(basename -- "$3")
    if ! { cp -p -- "$like" "$part" && cat -- "$1" >"$part" && [ "$(sum "$part")" = "$2" ]; }; then
        die "could not write $part correctly; $3 is unchanged"
    fi
    if [ "$like" = "$3" ] && uses_selinux; then chcon --reference="$3" -- "$part"; fi
    sync
    mv -f -- "$part" "$3"
    part=
    # Only the system knows the label of a missing file.
    if [ "$like" != "$3" ] && uses_selinux; then restorecon -- "$3"; fi
    say "replaced $3"
}

uses_selinux() { command -v selinuxenabled >/dev/null && selinuxenabled; }

replace() {
    new=$(new_one "$1") || die "the new $1 is no longer in $from"
    put "$new" "$(sha256_of "$1")" "$2"
}

# Records a replacement for the check after the reboot and for the rollback: NEW SHA256, OLD SHA256, PATH.
add_record() {
    case "$records$newline" in
    *" $3$newline"*) ;;
    *) records="$records$newline$1 $2 $3" ;;
    esac
}

# Keeps the records of an earlier script, except for files that were restored.
carry_over() { [ "$(sum "$3" 2>/dev/null)" = "$2" ] || add_record "$@"; }

add_unchanged() { add_record "$(sha256_of "$1")" - "$2"; }

# Calls "$@ NEW OLD PATH" for each file that was replaced.
each_record() {
    [ -f "$state/files" ] || die "no such script has replaced anything on this node: $state/files not found"
    [ "$(head -n 1 -- "$state/files")" = "format 1" ] || die "$state/files was written by another version of this script; use that version for --rollback"
    while read -r new old path; do
        [ -z "$new" ] || "$@" "$new" "$old" "$path"
    done <<EOF
$(tail -n +2 -- "$state/files")
EOF
}

rebooted() { [ "$(cat -- "$boot_id")" != "$(cat -- "$state/boot" 2>/dev/null)" ]; }

offer_reboot() {
    say "REBOOT THIS NODE: until then, existing cgroups keep their accounting. After the reboot: sh $0 --after-reboot"
    if [ -z "$reboot" ] && [ -t 0 ] && [ -z "$dry_run" ]; then
        printf 'Reboot now? [y/N] ' || :
        read -r answer || answer=
        case $answer in y | Y | yes) reboot=yes ;; esac
    fi
    [ -n "$reboot" ] || return 0
    run systemctl reboot || die "the binaries were replaced, but the reboot failed; reboot this node yourself"
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
        say "nothing to replace"
        reboot=
    fi
    # Before the question, which may never be answered.
    if [ -z "$reboot" ]; then
        start_services || die "the binaries were replaced, but some services did not start; see above, or use --rollback"
    fi
    if [ -n "$changes" ] || ! rebooted; then offer_reboot; fi
}

# Determines what to restore: NEW OLD PATH.
look_back() {
    now=$(sum "$3" 2>/dev/null) || now=
    kept=$state/kept$3.$2
    if [ "$2" = - ]; then
        warn "$3 was already the new one before this script; nothing to restore"
    elif [ "$now" = "$2" ]; then
        say "$3 is already the old one"
    elif [ "$now" != "$1" ] && [ -n "$now" ]; then
        problem "$3 was changed by something else and stays as it is; the old one is $kept"
    elif [ "$(sum "$kept" 2>/dev/null)" != "$2" ]; then
        problem "$kept was changed; $3 stays as it is"
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
    start_services || problem "some services did not start"
    [ "$problems" -eq 0 ] || die "$problems problems"
    [ -n "$dry_run" ] || say "the old binaries are restored; they also stay in $state/kept"
}

check_replaced() {
    if [ "$(sum "$3" 2>/dev/null)" = "$1" ]; then
        say "ok: $3 is the new one"
    else
        problem "$3 is not the new one"
    fi
}

# The accounting of a cgroup: on, off, or unknown. On kernels that leak, reading fails if it is off.
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
        # The parent directory of containers is a side effect and proves nothing.
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
        problem "accounting is on in $on cgroups of pods and containers, and off in $off"
    elif [ "$off" -eq 0 ]; then
        problem "could not determine whether accounting is off: no cgroup of a pod or container shows it ($unknown checked); on this kernel perhaps none can"
    else
        say "ok: accounting is off in $off cgroups of pods and containers, and unknown in $unknown"
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
        problem "this node was not rebooted after the binaries were replaced; its old cgroups keep their accounting"
    fi
    check_services
    check_accounting
    [ "$problems" -eq 0 ] || die "$problems problems"
}

# However the script ends, stopped services are started again, and no partial file stays.
finish() {
    code=$?
    # A failure here must not prevent the following steps.
    set +e
    trap '' INT TERM HUP
    trap - EXIT
    if [ -n "$active" ] && [ -z "$dry_run" ]; then
        warn "restarting the stopped services"
        start_services
    fi
    rm -rf -- ${part:+"$part"} ${trial:+"$trial"}
    if [ "$code" -gt 128 ]; then warn "interrupted; run the script again"; fi
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
# Losing the reader of the output does not end the script.
trap '' PIPE
"$action"
