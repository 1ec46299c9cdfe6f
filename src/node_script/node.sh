#!/bin/sh
#@HEAD@
set -eu
LC_ALL=C
export LC_ALL
umask 022

state=/var/lib/kmembuild-node
cgroups=/sys/fs/cgroup/memory
boot_id=/proc/sys/kernel/random/boot_id

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

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

problems=0
problem() {
    printf 'problem: %s\n' "$*" >&2
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

sum() { sha256sum <"$1" | cut -d ' ' -f 1; }

is_program() { [ "$(head -c 4 -- "$1" | tail -c 3)" = ELF ]; }

# The first line that a program prints of its version; it is run.
version_line() { "$1" --version </dev/null 2>&1 | head -n 1; }

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

# The files to replace, each with the name of its new one before it. What links lead to is what is replaced.
find_targets() {
    targets=
    for name in $binaries; do
        given=$(given_for "$name")
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
            targets="$targets$name $path
"
        done <<EOF
${given:-$(known_paths "$name")}
EOF
        [ -n "$found" ] || problem "no $name is found on this node; name it with --$name PATH"
    done
}

known_paths() {
    case $1 in
    runc)
        for path in /usr/bin/runc /usr/sbin/runc /usr/local/bin/runc /usr/local/sbin/runc /usr/bin/docker-runc \
            /usr/bin/docker-runc-current /usr/libexec/docker/docker-runc-current /usr/libexec/docker/docker-runc; do
            say "$path"
        done
        ;;
    kubelet)
        for path in /usr/bin/kubelet /usr/local/bin/kubelet /opt/bin/kubelet /opt/kubernetes/bin/kubelet; do
            say "$path"
        done
        ;;
    esac
}

given_for() {
    case $1 in
    runc) say "$given_runc" ;;
    kubelet) say "$given_kubelet" ;;
    esac
}

# Calls "$@ NAME PATH" for each target.
each_target() {
    while read -r name path; do
        [ -n "$name" ] || continue
        "$@" "$name" "$path"
    done <<EOF
$targets
EOF
}

preflight() {
    if [ "$(id -u)" -ne 0 ]; then
        if [ -n "$dry_run" ]; then warn "this needs root"; else problem "this needs root"; fi
    fi
    for tool in sha256sum readlink cp mv df sync; do
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
    for name in $binaries; do check_new "$name"; done
    each_target check_old
    check_space "$state"
    each_target check_space_of
}

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
    # Only what is known to be it is run. Where it lies, and in /tmp, it may be that nothing may be run.
    trial=$(mktemp -d /var/lib/kmembuild-trial.XXXXXX 2>/dev/null) || trial=$(mktemp -d) || die "no temporary folder can be made"
    cp -- "$new" "$trial/$1" && chmod 755 "$trial/$1"
    if line=$(version_line "$trial/$1") && "$trial/$1" --version </dev/null >/dev/null 2>&1; then
        say "new $1: $line"
    else
        problem "the new $1 does not run on this node: $line"
        line=
    fi
    rm -rf -- "$trial"
    trial=
    case $1 in kubelet) new_kubelet=$(minor "$line") ;; esac
}

check_old() {
    if ! is_program "$2"; then
        problem "$2 is not a program, perhaps a script around it; name the $1 to replace with --$1 PATH"
        return 0
    fi
    if [ "$(sum "$2")" = "$(sha256_of "$1")" ]; then
        say "$2 is the new one already"
        return 0
    fi
    line=$(version_line "$2") || line="it does not run"
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

# Room for all of them, twice, in the file system of a folder, which need not be there yet.
check_space() {
    folder=$1
    while [ ! -d "$folder" ]; do folder=$(dirname -- "$folder"); done
    free=$(df -P -k -- "$folder" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$((total_kib * 2))" ] || problem "$folder has $free KiB of room, and $((total_kib * 2)) KiB are needed"
}

check_space_of() { check_space "$(dirname -- "$2")"; }

# One of these at a time. One that was killed holds nobody up.
lock() {
    mkdir -p -- "$state"
    if ! mkdir -- "$state/lock" 2>/dev/null; then
        holder=$(cat -- "$state/lock/pid" 2>/dev/null) || holder=
        if [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null; then
            die "process $holder does this already"
        fi
        rm -rf -- "$state/lock"
        mkdir -- "$state/lock" || die "$state/lock cannot be made"
    fi
    locked=yes
    say $$ >"$state/lock/pid"
}

# Writes standard input to a file of the state, as a whole or not at all.
write_state() {
    cat >"$state/$1.part"
    sync
    mv -f -- "$state/$1.part" "$state/$1"
}

stop_services() {
    [ -n "$services" ] || return 0
    # What an interrupted run stopped is to be started as well.
    before=$(cat -- "$state/stopped" 2>/dev/null) || before=
    # In the order in which they are stopped.
    for service in kubelet.service docker.socket docker.service crio.service containerd.service; do
        case " $before " in
        *" $service "*) active="$active $service" ;;
        *) if systemctl is-active --quiet "$service"; then active="$active $service"; fi ;;
        esac
    done
    [ -n "$active" ] || { warn "neither kubelet nor a container runtime is running"; return 0; }
    if [ -z "$dry_run" ]; then say "$active" | write_state stopped; fi
    stopped=yes
    for service in $active; do run systemctl stop "$service"; done
}

# Starts what was stopped, the runtimes before kubelet.
start_services() {
    [ -n "$stopped" ] || return 0
    order=
    for service in $active; do order="$service $order"; done
    failed=
    for service in $order; do
        run systemctl start "$service" || { warn "$service does not start"; failed=yes; }
    done
    if [ -z "$failed" ]; then
        stopped=
        run rm -f -- "$state/stopped"
    fi
    [ -z "$failed" ]
}

# Keeps the old one: NAME PATH. None that was kept before is lost.
keep() {
    kept=$state/kept$2
    now=$(sum "$2")
    [ "$now" != "$(sha256_of "$1")" ] || return 0
    if [ -f "$kept" ] && [ "$(sum "$kept")" = "$now" ]; then return 0; fi
    if [ -n "$dry_run" ]; then
        say "would keep $2 as $kept"
        return 0
    fi
    mkdir -p -- "$(dirname -- "$kept")"
    cp -p -- "$2" "$kept.part"
    [ "$(sum "$kept.part")" = "$now" ] || die "$2 could not be kept in $kept"
    sync
    if [ -f "$kept" ]; then
        number=1
        while [ -e "$kept.$number" ]; do number=$((number + 1)); done
        # A second name first, so that there is no moment without one.
        ln -- "$kept" "$kept.$number"
    fi
    mv -f -- "$kept.part" "$kept"
    say "kept $2 as $kept"
}

# Puts a file in the place of another by renaming, with the other's owner, mode and label: FILE SHA256 PATH.
put() {
    part=$(dirname -- "$3")/.kmembuild-$(basename -- "$3")
    if [ -n "$dry_run" ]; then
        say "would replace $3 by $1"
        return 0
    fi
    cp -p -- "$3" "$part"
    cat -- "$1" >"$part"
    [ "$(sum "$part")" = "$2" ] || die "$part is not what was written to it; $3 is as it was"
    if command -v selinuxenabled >/dev/null && selinuxenabled; then chcon --reference="$3" -- "$part"; fi
    sync
    mv -f -- "$part" "$3"
    say "replaced $3"
}

replace() {
    # Still the right one at the last moment?
    [ "$(sum "$2")" != "$(sha256_of "$1")" ] || return 0
    new=$(new_one "$1") || die "the new $1 is gone from $from"
    put "$new" "$(sha256_of "$1")" "$2"
}

# What is in the place, for the check after the reboot and for the way back: SHA256 OF THE NEW, OF THE OLD, PATH.
record() {
    old=-
    if [ -f "$state/kept$2" ]; then old=$(sum "$state/kept$2"); fi
    say "$(sha256_of "$1") $old $2"
}

# Calls "$@ NEW OLD PATH" for each file that was replaced.
each_record() {
    [ -f "$state/files" ] || die "nothing was replaced on this node by such a script: $state/files is not there"
    [ "$(head -n 1 -- "$state/files")" = "format 1" ] || die "$state/files is of another version of this script"
    while read -r new old path; do
        "$@" "$new" "$old" "$path"
    done <<EOF
$(tail -n +2 -- "$state/files")
EOF
}

ask_reboot() {
    say "REBOOT THIS NODE: cgroups keep the accounting that they were made with until then. After it: sh $0 --after-reboot"
    [ -z "$reboot" ] || return 0
    if [ -t 0 ] && [ -z "$dry_run" ]; then
        printf 'Reboot now? [y/N] '
        read -r answer || answer=
        case $answer in y | Y | yes) reboot=yes ;; esac
    fi
    [ -n "$reboot" ]
}

install() {
    preflight
    [ "$problems" -eq 0 ] || die "$problems problems; nothing was changed"
    if [ -z "$dry_run" ]; then lock; fi
    each_target keep
    if [ -z "$dry_run" ]; then
        { say "format 1"; each_target record; } | write_state files
        cat -- "$boot_id" | write_state boot
    fi
    stop_services
    each_target replace
    if ask_reboot; then
        # The services start with the node.
        stopped=
        run rm -f -- "$state/stopped"
        run systemctl reboot
    else
        start_services || die "the binaries are replaced, but not all services started; see above, and --rollback"
    fi
}

put_back() {
    now=$(sum "$3" 2>/dev/null) || now=
    if [ "$2" = - ]; then
        warn "$3 was the new one before this script, so that there is nothing to put back"
    elif [ "$now" = "$2" ]; then
        say "$3 is the old one already"
    elif [ "$now" != "$1" ] && [ -n "$now" ]; then
        problem "$3 was changed by something else and is left as it is; the old one is $state/kept$3"
    elif [ "$(sum "$state/kept$3")" != "$2" ]; then
        problem "$state/kept$3 is not the one that was kept; $3 is left as it is"
    elif [ -z "$now" ]; then
        run cp -p -- "$state/kept$3" "$3"
    else
        put "$state/kept$3" "$2" "$3"
    fi
}

rollback() {
    [ "$(id -u)" -eq 0 ] || die "this needs root"
    [ -n "$dry_run" ] || lock
    [ -f "$state/files" ] || die "nothing was replaced on this node by such a script: $state/files is not there"
    stop_services
    each_record put_back
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
    for service in kubelet.service docker.service crio.service containerd.service; do
        if systemctl is-active --quiet "$service"; then running="$running ${service%.service}"; fi
    done
    case "$binaries $running" in
    *kubelet*kubelet*) ;;
    *kubelet*) problem "kubelet is not running" ;;
    esac
    say "running:${running:- nothing}"
}

after_reboot() {
    each_record check_replaced
    if [ "$(cat -- "$boot_id")" = "$(cat -- "$state/boot" 2>/dev/null)" ]; then
        problem "this node was not rebooted since the binaries were replaced; its old cgroups keep their accounting"
    else
        say "ok: this node was rebooted"
    fi
    check_services
    check_accounting
    [ "$problems" -eq 0 ] || die "$problems problems"
}

# However it ends, no half file stays, and services that were stopped are started again.
finish() {
    code=$?
    trap '' INT TERM HUP
    trap - EXIT
    if [ -n "$part" ]; then rm -f -- "$part"; fi
    if [ -n "$trial" ]; then rm -rf -- "$trial"; fi
    if [ -n "$stopped" ] && [ -z "$dry_run" ]; then
        warn "starting again what was stopped"
        start_services || :
    fi
    if [ -n "$locked" ]; then rm -rf -- "$state/lock"; fi
    if [ "$code" -gt 128 ]; then warn "interrupted; run it again"; fi
    exit "$code"
}

from=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
action=install dry_run='' reboot='' services=yes other_version='' given_runc='' given_kubelet=''
active='' stopped='' locked='' part='' trial='' new_kubelet='' targets=''
needs_value() { [ "$2" -ge 2 ] || { usage >&2; die "$1 needs a value"; }; }
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
    --runc) needs_value "$1" $#; given_runc="$given_runc$2
"; shift ;;
    --kubelet) needs_value "$1" $#; given_kubelet="$given_kubelet$2
"; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; printf 'error: unknown option %s\n' "$1" >&2; exit 2 ;;
    esac
    shift
done
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
"$action"
