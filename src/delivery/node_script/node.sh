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
# Memory limit of the container that the new runc is tried with, in bytes, and how long that may take, in seconds.
trial_memory=67108864
trial_time=60
# How long a service may take to start until it is a problem after the reboot, in seconds.
start_time=120
# Kubelet stops first and starts last. A service with a socket does not restart by itself while the socket is stopped, and
# a socket does not start while its service is running.
stop_order='kubelet.service docker.socket docker.service crio.service containerd.service'
start_order='containerd.service crio.service docker.socket docker.service kubelet.service'
newline='
'

usage() {
    cat <<EOF
Replaces $binaries on this node with builds without
kernel-memory accounting: $versions.

    sh $0 [--dry-run] [--from DIR] [--reboot] [...]
                      replace them; keeps the old ones
    sh $0 --after-reboot
                      check the result
    sh $0 --rollback [--dry-run]
                      restore the old ones
    sh $0 --after-rollback
                      check that, after another reboot
    sh $0 --state
                      print one word: old, replaced, or done

  --from DIR        directory of the new binaries, instead of the script's own
  --runc PATH       the runc to replace, instead of all; can be repeated
  --kubelet PATH    the same for kubelet
  --dry-run         check everything and print what would be done
  --reboot          reboot at the end without asking
  --no-services     do not stop and start services; do that yourself
  --other-version   allow another minor version of kubelet
  --no-trial        do not run a container with the new runc first
  --cgroups DIR     the memory hierarchy, instead of $cgroups

Drain the node first: running pods continue with the old binaries. The old
binaries are kept in $state/kept.
After an interruption, run the script again.

Exit codes: 0 everything is well; 1 a check or a step failed; 2 wrong usage;
above 128 ended by a signal.
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

# Makes what a program printed harmless for a terminal, and short.
plain() { tr -c '[:print:]\n' '?' | cut -c 1-300 | head -n 20; }

kib() { echo $(($(wc -c <"$1") / 1024 + 1)); }

is_program() { [ "$(head -c 4 -- "$1" | tail -c 3)" = ELF ]; }

# Runs a program and reads the first line of its version.
ask_version() {
    line=$("$1" --version </dev/null 2>&1) && ran=yes || ran=
    line=$(printf '%s\n' "${line%%"$newline"*}" | plain)
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

# Whether nobody but root can replace a file, or write to a directory: neither it nor a directory above is another user's.
only_root_writes() {
    part_of=$1
    while :; do
        # Owner, and a mode such as drwxr-xr-x.
        case $(stat -L -c '%u %A' -- "$part_of" 2>/dev/null) in
        "0 "?????-??-?*) ;;
        *) return 1 ;;
        esac
        [ "$part_of" != / ] || return 0
        part_of=$(dirname -- "$part_of")
    done
}

# Files with one of these names in the directories that are read.
by_name() {
    while IFS= read -r directory; do
        case $directory in /*) ;; *) continue ;; esac
        for file in "$@"; do
            if [ -f "$directory/$file" ]; then say "$directory/$file"; fi
        done
    done
}

# Files with one of these names in PATH, and in the places where kmembuild doctor looks.
in_known_places() {
    { printf '%s\n' "$PATH" | tr ':' '\n' && printf '%s\n' "$directories" | tr ' ' '\n'; } | by_name "$@"
}

# Processes of root with one of these names, which run in this node's own file system and not in a container: their numbers.
processes() {
    here=$(stat -L -c %d:%i /)
    for process in /proc/[0-9]*; do
        { read -r comm <"$process/comm"; } 2>/dev/null || continue
        for wanted in "$@"; do
            # shellcheck disable=SC2254  # It is a pattern.
            case $comm in $wanted) ;; *) continue ;; esac
            if [ "$(stat -c %u "$process" 2>/dev/null)" = 0 ] &&
                [ "$(stat -L -c %d:%i "$process/root/" 2>/dev/null)" = "$here" ]; then
                say "${process#/proc/}"
            fi
        done
    done
}

# The runtimes that run here, and what they keep running for each container. Names of processes have 15 characters.
runtime_processes() { processes 'containerd*' 'dockerd*' 'docker-containe*' crio conmon; }

exe_of() {
    exe=$(readlink -- "/proc/$1/exe" 2>/dev/null) || return 0
    say "${exe% (deleted)}"
}

words_of() { { tr '\0' '\n' <"/proc/$1/cmdline"; } 2>/dev/null || :; }

path_of() { { tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null | sed -n 's/^PATH=//p' || :; }

# The runc that the running runtimes find: beside them, and in their PATH.
of_runtimes() {
    # shellcheck disable=SC2046  # Names without blanks.
    set -- $(names_of runc)
    for number in $(runtime_processes); do
        { dirname -- "$(exe_of "$number")" && path_of "$number" | tr ':' '\n'; } | by_name "$@"
    done
}

# The runtimes among their arguments: --runtime PATH, --add-runtime NAME=PATH, and the last of docker-containerd-shim.
in_arguments() {
    for number in $(runtime_processes); do
        words_of "$number" | sed -n -e '/^--\{0,1\}\(add-\)\{0,1\}runtime=/{s/^[^/]*=//;p;}' \
            -e '/^--\{0,1\}\(add-\)\{0,1\}runtime$/{n;s/^[^/]*=//;p;}' -e '/^-r$/{n;p;}' -e '/^\/.*runc/p'
    done
}

# The runtimes in the files that their arguments name, and in the usual files. TOML and JSON alike have a key and a value
# between commas and braces: BinaryName = "...", runtime_path = "...", "path": "...".
in_files() {
    {
        for number in $(runtime_processes); do
            words_of "$number" | sed -n -e 's/^--\{0,1\}config\(-file\)\{0,1\}=//p' \
                -e '/^--\{0,1\}config\(-file\)\{0,1\}$/{n;p;}' -e '/^-c$/{n;p;}'
        done
        for file in /etc/docker/daemon.json /etc/containerd/config.toml /etc/containerd/conf.d/*.toml \
            /etc/crio/crio.conf /etc/crio/crio.conf.d/*; do
            say "$file"
        done
    } | sort -u | while IFS= read -r file; do
        case $file in /*) ;; *) continue ;; esac
        [ -f "$file" ] || continue
        for key in BinaryName runtime_path runtime_engine runtime path; do
            tr '{},' '[\n*]' <"$file" |
                sed -n "s/^[[:space:]]*[\"']\{0,1\}${key}[\"']\{0,1\}[[:space:]]*[=:][[:space:]]*[\"']\([^\"']*\)[\"'].*/\1/p"
        done
    done
}

# The programs that the runtimes are configured with, by their paths.
configured() {
    { in_arguments && in_files; } | sort -u | while IFS= read -r word; do
        case $word in
        '') ;;
        /*) if [ -f "$word" ] && [ -x "$word" ]; then say "$word"; fi ;;
        */*) ;;
        *) in_known_places "$word" ;;
        esac
    done
}

# What kubelet runs from, if it runs.
of_kubelet() {
    for number in $(processes kubelet); do
        exe=$(exe_of "$number")
        if [ -f "$exe" ]; then say "$exe"; fi
    done
}

# Adds a file to the targets, with links resolved: NAME PATH.
add_target() {
    path=$(readlink -f -- "$2") || return 0
    case "$newline$targets" in *"$newline$1 $path$newline"*) return 0 ;; esac
    targets="$targets$1 $path$newline"
}

add_given() {
    if [ -f "$2" ]; then add_target "$1" "$2"; else problem "$2 not found"; fi
}

# Whether a file was found before; a file has several names. Sets its path with links resolved.
is_known() {
    path=$(readlink -f -- "$1") || return 0
    case "$newline$named" in *"$newline$path$newline"*) return 0 ;; esac
    named="$named$path$newline"
    return 1
}

# Adds a file that was found: NAME PATH. What is not replaced is named.
add_found() {
    is_known "$2" || add_new_found "$1" "$path"
}

add_new_found() {
    if [ -n "$given" ]; then
        case "$newline$targets" in
        *"$newline$1 $2$newline"*) ;;
        *) warn "$2 is on this node, too, and stays as it is; use --$1 $2 as well if anything runs it" ;;
        esac
    elif ! only_root_writes "$(dirname -- "$2")"; then
        warn "$2 stays as it is, because users other than root can write to its directory; use --$1 $2 if anything runs it"
    else
        add_target "$1" "$2"
    fi
}

# Adds a program of the configuration, which may be another than runc: NAME PATH.
add_configured() {
    if is_known "$2"; then return 0; fi
    line='not asked for its version'
    case " $(names_of "$1") " in
    *" ${path##*/} "*) line='runc version' ;;
    *) if only_root_writes "$path" && is_program "$path"; then ask_version "$path" || :; fi ;;
    esac
    case $line in
    'runc version'*) add_new_found "$1" "$path" ;;
    *) warn "a container runtime is configured with $path, which is not runc, and stays as it is ($line)" ;;
    esac
}

# A hyperkube is called in another way than a kubelet, which cannot take its place: NAME PATH.
add_kubelet() {
    if is_known "$2"; then return 0; fi
    case ${path##*/} in
    hyperkube) warn "$path contains a kubelet and stays as it is; if it runs as kubelet, install the new one and change the service" ;;
    *) add_new_found "$1" "$path" ;;
    esac
}

# Calls "$@ PATH" for each line of a list.
each_path() {
    paths=$1
    shift
    while IFS= read -r one; do
        [ -z "$one" ] || "$@" "$one"
    done <<EOF
$paths
EOF
}

# The files to replace, each with the name of its new binary: those that are given, or all that are found.
find_targets() {
    for name in $binaries; do
        named=''
        # shellcheck disable=SC2046  # Names without blanks.
        case $name in
        runc)
            given=$given_runc
            each_path "$given" add_given runc
            each_path "$(in_known_places $(names_of runc) && of_runtimes)" add_found runc
            each_path "$(configured)" add_configured runc
            ;;
        kubelet)
            given=$given_kubelet
            each_path "$given" add_given kubelet
            each_path "$(in_known_places $(names_of kubelet) && of_kubelet)" add_kubelet kubelet
            ;;
        esac
        case "$newline$targets" in
        *"$newline$name "*) ;;
        *) problem "no $name found on this node; use --$name PATH" ;;
        esac
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
    parent=$(dirname -- "$state")
    only_root_writes "$parent" || die "users other than root can write to $parent, or to a directory above it; take that right from them"
    # What a killed run left.
    for left in "$state".trial.*; do
        if [ -d "$left" ]; then
            clean_trial "${left##*.}"
            remove "$left"
        fi
    done
    if [ -n "$services" ]; then active=$(left_stopped); fi
    [ -z "$dry_run" ] || return 0
    # What cannot be removed is written over when it is needed.
    if [ -d "$state" ]; then find "$state" -type f -name '*.part' -exec rm -f -- {} + || :; fi
    # The services started with the node.
    if [ -z "$active" ] && [ -n "$services" ]; then rm -f -- "$state/stopped" || :; fi
}

# The unfinished new file beside a binary, and what a killed run left of it.
part_beside() { say "$(dirname -- "$1")/.kmembuild-$(basename -- "$1")"; }

remove_part_beside() {
    if [ -z "$dry_run" ]; then rm -f -- "$(part_beside "$1")" || :; fi
}

preflight() {
    for tool in sha256sum readlink cp mv df awk sync stat timeout mktemp; do
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
    own=$(mktemp -d -- "$state.trial.XXXXXX") || die "could not make a directory in $parent"
    for name in $binaries; do check_new "$name"; done
    case "$newline$changes" in *"${newline}runc "*) try_container ;; esac
    each "$changes" check_old
}

# Which of the targets to replace, and how much space the old ones, which are kept, and the new ones need.
compare() {
    if ! is_program "$2"; then
        problem "$2 is not a program (perhaps a wrapper script); use --$1 PATH for the $1 to replace"
    elif [ "$(sum "$2")" = "$(sha256_of "$1")" ]; then
        remove_part_beside "$2"
        # A killed run may not have waited for the disk.
        flush_place "$2" || problem "$2 is the new one, but could not be written to the disk"
        say "$2 is already the new one"
    else
        changes="$changes$1 $2$newline"
        needed=$((needed + $(kib "$2")))
        needed=$((needed + $(size_of "$1") / 1024 + 1))
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

# Copies a new binary to a directory that only root can use: NAME PATH. That copy is summed, run and installed: who may write
# to the directory of the binaries can change them at any moment, or put a pipe or a device there.
take() {
    size=$(size_of "$1")
    if ! timeout 600 head -c $((size + 1)) -- "$2" >"$own/$1" || ! chmod 755 "$own/$1"; then
        problem "could not copy $2 to $own"
    elif [ "$(wc -c <"$own/$1")" -gt "$size" ]; then
        problem "$2 is not the $1 for this script: it has more than $size bytes"
    elif found=$(sum "$own/$1") && [ "$found" != "$(sha256_of "$1")" ]; then
        problem "$2 is not the $1 for this script: its sha256 is $found instead of $(sha256_of "$1")"
    else
        return 0
    fi
    rm -f -- "$own/$1"
    return 1
}

check_new() {
    if ! new=$(new_one "$1"); then
        problem "the new $1 is not in $from; use --from DIR"
    elif take "$1" "$new"; then
        if ask_version "$own/$1"; then
            say "new $1: $line"
            if [ "$1" = kubelet ]; then new_kubelet=$(minor "$line"); fi
        else
            problem "the new $1 does not run on this node: $line"
        fi
    fi
}

# Runs one container with the new runc as containerd does, with a memory limit and with this node's own programs, before the
# old one is touched. What it prints shows that it ran, and that the limit holds.
try_container() {
    [ -f "$own/runc" ] || return 0
    if [ -z "$trial" ]; then
        warn "the new runc is not tried with a container (--no-trial)"
        return 0
    fi
    if ! only_root_writes /run; then
        problem "could not try the new runc: users other than root can write to /run"
        return 0
    fi
    container=kmembuild-trial-${own##*.}
    ask_version "$own/runc" || :
    # The state is where containerd has it, because some versions of runc run from a copy of themselves that is beside it.
    if ! { mkdir -m 700 -- "/run/$container" && mkdir -p -- "$own/bundle/rootfs" && bundle >"$own/bundle/config.json"; }; then
        problem "could not write $own/bundle and /run/$container, which are needed to try the new runc"
        return 0
    fi
    timeout -k 5 "$trial_time" "$own/runc" --root "/run/$container" run --bundle "$own/bundle" "$container" \
        </dev/null >"$own/printed" 2>&1 9>&- &
    runner=$!
    if wait "$runner"; then code=0; else code=$?; fi
    runner=''
    clean_trial "${own##*.}"
    if [ "$code" -eq 0 ] && grep -q -x "kmembuild-trial $trial_memory" "$own/printed"; then
        say "the new runc ran a container on this node, with a memory limit"
        return 0
    fi
    case $code in
    0) how="it ended well, but the container did not show its memory limit of $trial_memory bytes" ;;
    124 | 137) how="it did not end within $trial_time s" ;;
    *) how="it ended with code $code" ;;
    esac
    problem "the new runc could not run a container on this node: $how; it printed:"
    plain <"$own/printed" | sed 's/^/    /' >&2 || :
}

# The container: /bin/sh of this node, from read-only binds, with the mounts and limits that containerd gives.
bundle() {
    capabilities='"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"'
    case $line in
    # Before the format had its final form.
    *' 1.0.0-rc2'*) capabilities="[$capabilities]" ;;
    *) capabilities="{\"bounding\": [$capabilities], \"effective\": [$capabilities], \"permitted\": [$capabilities], \"inheritable\": []}" ;;
    esac
    binds=''
    for directory in /bin /sbin /lib /lib32 /lib64 /libx32 /usr; do
        if [ -d "$directory" ]; then
            binds="$binds,
    {\"destination\": \"$directory\", \"type\": \"bind\", \"source\": \"$directory\", \"options\": [\"bind\", \"ro\"]}"
        fi
    done
    cat <<EOF
{
  "ociVersion": "1.0.0",
  "process": {
    "terminal": false,
    "user": {"uid": 0, "gid": 0},
    "args": ["/bin/sh", "-c", "for file in memory/memory.limit_in_bytes memory.max; do if { read -r limit </sys/fs/cgroup/\$file; } 2>/dev/null; then echo kmembuild-trial \$limit; fi; done"],
    "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "cwd": "/",
    "capabilities": $capabilities,
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
    "noNewPrivileges": true
  },
  "root": {"path": "rootfs", "readonly": true},
  "hostname": "kmembuild-trial",
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}$binds
  ],
  "linux": {
    "resources": {
      "devices": [{"allow": false, "access": "rwm"}],
      "memory": {"limit": $trial_memory},
      "cpu": {"shares": 2}
    },
    "cgroupsPath": "/$container",
    "namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network"}],
    "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"],
    "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  }
}
EOF
}

# Ends what is left of the container of a trial, and removes its cgroups and its state: the end of its directory's name.
clean_trial() {
    container=kmembuild-trial-$1
    hierarchies=$(awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts)
    for round in 1 2 3 4 5 6; do
        left_over=''
        for mounted in $hierarchies; do
            [ -d "$mounted/$container" ] || continue
            left_over="$mounted/$container"
            while read -r process; do
                kill -9 "$process" 2>/dev/null || :
            done <"$left_over/cgroup.procs" || :
            find "$left_over" -depth -type d -exec rmdir {} + 2>/dev/null || :
        done
        [ -n "$left_over" ] || break
        # The kernel needs a moment to remove what was killed.
        if [ "$round" -gt 1 ]; then sleep 1; fi
    done
    if [ -n "$left_over" ]; then warn "could not remove the cgroup $left_over; use rmdir when nothing runs in it"; fi
    remove "/run/$container"
}

# Removes a directory. The mounts of a container are its own; should one ever be seen here, what is in it is this node's.
remove() {
    if grep -q -F " $1/" /proc/mounts; then
        warn "something is mounted below $1; unmount it, and remove $1"
    else
        rm -rf -- "$1"
    fi
}

check_old() {
    if only_root_writes "$2"; then
        ask_version "$2" || line="does not run: $line"
    else
        line='not asked for its version, because users other than root can change it'
    fi
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

# Waits until a file and the way to it are on the disk.
flush_place() {
    folder=$(dirname -- "$1")
    set -- "$1"
    while [ "$folder" != / ]; do
        set -- "$@" "$folder"
        folder=$(dirname -- "$folder")
    done
    [ -n "$dry_run" ] || flush "$@" /
}

# Moves a complete file to its place, which it has on the disk then, too: FILE PATH. A power failure leaves the old file or
# the new one, because its content is there before its name is.
settle() { flush "$1" && mv -f -- "$1" "$2" && flush_place "$2"; }

# Writes a text to a file of the state, completely or not at all.
write_state() {
    part=$state/$1.part
    if ! { mkdir -p -- "$state" && printf '%s\n' "$2" >"$part" && settle "$part" "$state/$1"; }; then
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

# What systemd is about to do with a unit: start, restart, stop or nothing.
job_of() {
    systemctl list-jobs --no-legend --no-pager --full 2>/dev/null | awk -v unit="$1" '$2 == unit { print $3; exit }' || :
}

# active, reloading, activating, inactive, deactivating, failed or later words.
state_of() {
    unit_state=$(systemctl show -p ActiveState "$1" 2>/dev/null) || unit_state=
    say "${unit_state#ActiveState=}"
}

# Whether a unit runs or is on the way to that, also if it stops now to be started again.
is_wanted() {
    case $(state_of "$1") in
    active | reloading | refreshing | activating | deactivating) [ "$(job_of "$1")" != stop ] ;;
    *) case $(job_of "$1") in start | restart | reload-or-start) ;; *) return 1 ;; esac ;;
    esac
}

# The services and sockets that systemd stops with a unit, because they require it. They are started after it.
dependents_of() {
    for property in RequiredBy RequisiteOf BoundBy ConsistsOf; do
        dependents=$(systemctl show -p "$property" "$1" 2>/dev/null) || continue
        printf '%s\n' "${dependents#*=}" | tr ' ' '\n' | grep -e '[.]service$' -e '[.]socket$' || :
    done
}

# Adds a unit, and what depends on it, to the active ones.
add_active() {
    case " $active " in *" $1 "*) return 0 ;; esac
    if ! is_wanted "$1"; then
        if [ "$(state_of "$1")" = failed ]; then warn "$1 has failed before and stays as it is"; fi
        return 0
    fi
    active="$active $1"
    for dependent in $(dependents_of "$1"); do add_active "$dependent"; done
}

stop_services() {
    [ -n "$services" ] || return 0
    # Where systemd is not there, systemctl complains of that at every question. Once is enough.
    systemctl show -p ActiveState kubelet.service >/dev/null || :
    for service in $stop_order; do add_active "$service"; done
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
        case " $active " in *" $service "*) start_unit "$service" ;; esac
    done
    for service in $active; do
        case " $start_order " in *" $service "*) ;; *) start_unit "$service" ;; esac
    done
    [ -z "$failed" ] || return 1
    forget_stopped
}

# systemd refuses to start what was started several times within a minute, and leaves it failed, unless that is reset.
start_unit() {
    if [ -z "$dry_run" ]; then systemctl reset-failed "$1" >/dev/null 2>&1 || :; fi
    run systemctl start "$1" || { warn "could not start $1; see systemctl status $1"; failed=yes; }
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
    if [ -f "$kept" ] && [ "$(sum "$kept")" = "$now" ]; then
        flush_place "$kept" || die "could not keep $2 as $kept: it could not be written to the disk"
        return 0
    fi
    if [ -n "$dry_run" ]; then
        say "would keep $2 as $kept"
        return 0
    fi
    part=$kept.part
    if ! { mkdir -p -- "$(dirname -- "$kept")" && cp -p -- "$2" "$part" && [ "$(sum "$part")" = "$now" ] && settle "$part" "$kept"; }; then
        die "could not keep $2 as $kept"
    fi
    part=
    say "kept $2 as $kept"
}

# Writes what takes the place of a file, which may be missing, beside it, with the owner, mode and label of the old one: FILE
# SHA256 PATH. A kept file comes back with its time. All that takes long is done here, while the services run.
prepare() {
    [ -z "$dry_run" ] || return 0
    like=$3
    [ -f "$like" ] || like=$1
    part=$(part_beside "$3")
    parts="$parts$part$newline"
    if ! { cp -p -- "$like" "$part" && cat -- "$1" >"$part" && [ "$(sum "$part")" = "$2" ]; }; then
        die "could not write $part correctly; $3 is unchanged"
    fi
    case $1 in "$state"/*) touch -r "$1" -- "$part" ;; esac
    if [ "$like" = "$3" ] && uses_selinux; then chcon --reference="$3" -- "$part"; fi
    flush "$part" || die "could not write $part to the disk; $3 is unchanged"
    part=
}

# Replaces a file by renaming what was prepared: FILE PATH.
put() {
    if [ -n "$dry_run" ]; then
        say "would replace $2 with $1"
        return 0
    fi
    was=
    if [ -f "$2" ]; then was=yes; fi
    part=$(part_beside "$2")
    settle "$part" "$2" || die "could not replace $2, or write it to the disk; run the script again"
    part=
    # Only the system knows the label of a missing file.
    if [ -z "$was" ] && uses_selinux; then restorecon -- "$2" && flush_place "$2"; fi
    say "replaced $2"
}

uses_selinux() { command -v selinuxenabled >/dev/null && selinuxenabled; }

prepare_new() { prepare "$own/$1" "$(sha256_of "$1")" "$2"; }

replace() {
    if [ -n "$dry_run" ]; then
        say "would replace $2 with $(new_one "$1")"
    else
        put "$own/$1" "$2"
    fi
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
    if [ -n "$dry_run" ]; then
        say "nothing was changed; without --dry-run, this node has to be rebooted afterwards"
        [ -z "$reboot" ] || say "would run: systemctl reboot"
        return 0
    fi
    say "REBOOT THIS NODE: until then, existing cgroups keep their accounting. After the reboot: sh $0 --after-reboot"
    if [ -z "$reboot" ] && [ -t 0 ]; then
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
        each "$changes" prepare_new
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
    case "$trial|$newline$changes" in
    "|$newline"*"${newline}runc "* | "|${newline}runc "*) say "NOT TRIED: no container was run with the new runc (--no-trial)" ;;
    esac
    if [ -n "$changes" ] || ! rebooted; then offer_reboot; fi
}

# Determines what to restore: NEW OLD PATH.
look_back() {
    now=$(sum "$3" 2>/dev/null) || now=
    kept=$state/kept$3.$2
    if [ "$2" = - ]; then
        warn "$3 was already the new one before this script; nothing to restore"
    elif [ "$now" = "$2" ]; then
        remove_part_beside "$3"
        flush_place "$3" || problem "$3 is the old one, but could not be written to the disk"
        say "$3 is already the old one"
    elif [ "$now" != "$1" ] && [ -n "$now" ]; then
        problem "$3 was changed by something else and stays as it is; the old one is $kept"
    elif [ "$(sum "$kept" 2>/dev/null)" != "$2" ]; then
        problem "$kept was changed; $3 stays as it is"
    elif is_replaceable "$3"; then
        changes="$changes$2 $3$newline"
    fi
}

prepare_old() { prepare "$state/kept$2.$1" "$1" "$2"; }

put_back() { put "$state/kept$2.$1" "$2"; }

rollback() {
    begin
    each_record look_back
    if [ -n "$changes" ]; then
        if [ -z "$dry_run" ]; then write_state boot "$(cat -- "$boot_id")"; fi
        each "$changes" prepare_old
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

# Whether a kernel of this release accounts in every cgroup by itself, as all do from 4.6 on.
accounts_by_itself() {
    major=${1%%.*} rest=${1#*.}
    middle=${rest%%[!0-9]*}
    case $major in '' | *[!0-9]*) return 1 ;; esac
    [ "$major" -gt 4 ] || { [ "$major" -eq 4 ] && [ "${middle:-0}" -ge 6 ]; }
}

nokmem() { tr ' ' '\n' </proc/cmdline | grep -q '^cgroup\.memory=\(.*,\)\{0,1\}nokmem\(,.*\)\{0,1\}$'; }

# Who made a cgroup, by its path below the hierarchy.
owner_of() {
    case $1 in
    *kubepods*) say kubelet ;;
    /docker | /docker/* | /moby/* | */docker-*) say docker ;;
    */cri-containerd-* | *:cri-containerd:* | /k8s.io | /k8s.io/* | /default | /default/*) say containerd ;;
    */crio-*) say CRI-O ;;
    */libpod*) say podman ;;
    /slurm* | */slurmd* | */slurmstepd*) say Slurm ;;
    /lxc* | */lxc.*) say LXC ;;
    */machine-qemu* | *.libvirt-qemu*) say libvirt ;;
    /htcondor* | /condor*) say HTCondor ;;
    /system.slice* | /user.slice* | /init.scope*) say 'a systemd unit' ;;
    *) say 'unknown owner' ;;
    esac
}

# Whether accounting that is off in a cgroup proves anything about kubelet or runc. The parent directory of containers is a
# side effect.
is_proof() {
    case $1 in
    /docker | /k8s.io | /moby) return 1 ;;
    *kubepods* | /docker/* | */docker-*.scope* | /k8s.io/* | /moby/* | */cri-containerd-* | */crio-* | /default/*) return 0 ;;
    *) return 1 ;;
    esac
}

# On a kernel that leaks, every cgroup counts, whoever made it.
check_accounting() {
    kernel=$(uname -r)
    if accounts_by_itself "$kernel"; then
        if nokmem; then
            say "ok: accounting is off in all cgroups by cgroup.memory=nokmem"
        else
            say "ok: kernel $kernel itself accounts in every cgroup, as all do from 4.6 on; it does not leak by it"
        fi
        return 0
    fi
    on=0 off=0 unknown=0 owners=''
    list=$(find "$cgroups/" -mindepth 2 -name memory.kmem.slabinfo 2>/dev/null) || :
    while IFS= read -r file; do
        [ -n "$file" ] || continue
        group=${file#"$cgroups"}
        group=${group%/*}
        case $(accounting "$file") in
        on)
            owner=$(owner_of "$group")
            case "$owners," in *" $owner,"*) ;; *) owners="$owners, $owner" ;; esac
            on=$((on + 1))
            [ "$on" -gt 3 ] || say "accounting is on in ${file%/*} ($owner)"
            ;;
        off) if is_proof "$group"; then off=$((off + 1)); fi ;;
        *) if is_proof "$group"; then unknown=$((unknown + 1)); fi ;;
        esac
    done <<EOF
$list
EOF
    if [ "$on" -gt 0 ]; then
        problem "accounting is on in $on cgroups (of ${owners#, }), and off in $off of pods and containers"
    elif [ "$off" -eq 0 ]; then
        problem "could not determine whether accounting is off: no cgroup of a pod or container shows it ($unknown checked); on this kernel perhaps none can"
    else
        say "ok: accounting is off in $off cgroups of pods and containers, and unknown in $unknown"
    fi
}

# Waits for a unit that is on its way, and says its state then.
settled_state() {
    waited=0
    while is_wanted "$1" && [ "$(state_of "$1")" != active ] && [ "$waited" -lt "$start_time" ]; do
        sleep 1
        waited=$((waited + 1))
    done
    state_of "$1"
}

check_services() {
    [ -n "$services" ] || return 0
    running='' runtime=''
    for service in kubelet docker crio containerd; do
        found=$(settled_state "$service.service")
        case $service in
        kubelet) case " $binaries " in *" kubelet "*) ;; *) [ "$found" = active ] || continue ;; esac ;;
        esac
        case $found in
        active)
            running="$running $service"
            if [ "$service" != kubelet ]; then runtime=yes; fi
            ;;
        activating | reloading | deactivating) problem "$service is still $found after $start_time s; check again later" ;;
        failed) problem "$service has failed; see systemctl status $service" ;;
        *)
            if [ "$service" = kubelet ]; then
                problem "kubelet is not running"
            # A socket starts its service when it is needed.
            elif systemctl is-enabled --quiet "$service.service" 2>/dev/null; then
                problem "$service is not running, although it is enabled"
            fi
            ;;
        esac
    done
    [ -n "$runtime" ] || problem "no container runtime is running"
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

check_restored() {
    if [ "$2" = - ]; then
        say "$3 was already the new one before this script"
    elif [ "$(sum "$3" 2>/dev/null)" = "$2" ]; then
        say "ok: $3 is the old one"
    else
        problem "$3 is not the old one"
    fi
}

after_rollback() {
    each_record check_restored
    if rebooted; then
        say "ok: this node was rebooted"
    else
        problem "this node was not rebooted after the old binaries were restored"
    fi
    check_services
    [ "$problems" -eq 0 ] || die "$problems problems"
}

count_new() {
    found=$((found + 1))
    if [ "$(sum "$2")" = "$(sha256_of "$1")" ]; then new=$((new + 1)); fi
}

# Says in one word what is left to do, for programs: old if none of the binaries is a new one; done if all are, the node was
# rebooted since, and no cgroup is seen with accounting; replaced otherwise. Changes nothing.
tell_state() {
    [ "$(id -u)" -eq 0 ] || die "root is required"
    find_targets
    [ "$problems" -eq 0 ] || die "$problems problems"
    found=0 new=0 on=0
    each "$targets" count_new
    check_accounting >/dev/null 2>&1
    if [ "$new" -eq 0 ]; then
        echo old
    elif [ "$new" -eq "$found" ] && [ "$on" -eq 0 ] && rebooted; then
        echo "done"
    else
        echo replaced
    fi
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
    if [ -n "$runner" ]; then
        kill "$runner" 2>/dev/null
        clean_trial "${own##*.}"
        wait "$runner" 2>/dev/null
    fi
    if [ -n "$own" ]; then
        clean_trial "${own##*.}"
        remove "$own"
    fi
    rm -rf -- ${part:+"$part"}
    # What was prepared and not used.
    printf '%s' "$parts" | while IFS= read -r part; do rm -f -- "$part"; done
    if [ "$code" -gt 128 ]; then warn "interrupted; run the script again"; fi
    exit "$code"
}

from=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
action=install dry_run='' reboot='' services=yes other_version='' given_runc='' given_kubelet=''
active='' part='' parts='' own='' runner='' trial=yes new_kubelet='' targets='' changes='' records='' needed=0
needs_value() { [ "$2" -ge 2 ] || misused "$1 needs a value"; }
while [ $# -gt 0 ]; do
    case $1 in
    --dry-run) dry_run=yes ;;
    --reboot) reboot=yes ;;
    --no-services) services='' ;;
    --other-version) other_version=yes ;;
    --no-trial) trial='' ;;
    --after-reboot) action=after_reboot ;;
    --rollback) action=rollback ;;
    --after-rollback) action=after_rollback ;;
    --state) action=tell_state ;;
    --from) needs_value "$1" $#; from=$2; shift ;;
    --cgroups) needs_value "$1" $#; cgroups=${2%/}; shift ;;
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
