#!/bin/sh
#@HEAD@
# Runs in the container of an upgrade controller, which has the node's own file system at /host. node.sh itself is run by the
# node's systemd: it stops the services that this container depends on, and must not end with it.
set -eu
action=${1:-run}
host=${2:-/host}
directory=/var/lib/kmembuild-rollout
unit=kmembuild-rollout.service

on_node() { chroot "$host" "$@"; }

# shellcheck disable=SC2086  # A list of words.
node_script() { on_node sh "$directory/node.sh" "$@" $options; }

bring() {
    cp -- "/kmembuild/$1" "$host$directory/$1.part"
    chmod 700 "$host$directory/$1.part"
    mv -f -- "$host$directory/$1.part" "$host$directory/$1"
}

# What systemd says of the unit: active, activating, inactive, failed.
state_of() {
    found=$(on_node systemctl show -p ActiveState "$unit") || found=
    echo "${found#ActiveState=}"
}

# Runs a command of the shell as a unit of the node, and waits. It ends with a reboot, and this container with it.
run_on_node() {
    case $(state_of) in
    active | activating) echo "it is at work already" ;;
    *)
        on_node systemctl reset-failed "$unit" 2>/dev/null || :
        on_node systemd-run --unit="$unit" sh -c "$1"
        ;;
    esac
    while :; do
        case $(state_of) in active | activating | deactivating) sleep 5 ;; *) break ;; esac
    done
    on_node journalctl --no-pager -n 50 -u "$unit" || :
    if [ "$(state_of)" = failed ]; then
        echo "node.sh failed; this node stays as it is" >&2
        exit 1
    fi
    echo "waiting for the reboot"
    sleep "$reboot_time"
    echo "this node did not reboot within $reboot_time s" >&2
    exit 1
}

check() {
    until_time=$(($(date +%s) + check_time))
    until node_script "$1"; do
        if [ "$(date +%s)" -ge "$until_time" ]; then
            echo "the check found problems; this node stays out of service" >&2
            exit 1
        fi
        sleep 10
    done
}

mkdir -p -- "$host$directory"
chmod 700 "$host$directory"
bring node.sh
state=$(node_script --state)
echo "on this node: $state"
case $action:$state in
run:done)
    check --after-reboot
    for program in $programs; do rm -f -- "$host$directory/$program"; done
    ;;
run:*)
    for program in $programs; do bring "$program"; done
    run_on_node "sh $directory/node.sh --reboot $options"
    ;;
rollback:old) ;;
rollback:*) run_on_node "sh $directory/node.sh --rollback $options && systemctl reboot" ;;
*)
    echo "usage: $0 run|rollback [HOST]" >&2
    exit 2
    ;;
esac
