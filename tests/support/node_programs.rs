//! Programs of a node that stand for what a container has not: a systemd, and a kernel that leaks.

/// Services are files of a folder; every call is a line of a file. What else there is to a unit is in another folder: its
/// state if it is neither active nor inactive, its job, how often it may start, and what requires it.
pub const SYSTEMCTL: &str = r#"#!/bin/sh
echo "$*" >>/var/log/systemctl
for service; do :; done
unit=/run/units/$service
case $1 in
is-active) [ -e "/run/services/$service" ] ;;
is-enabled) [ -e "$unit.enabled" ] ;;
show)
    case $3 in
    ActiveState)
        if [ -e "$unit.state" ]; then read -r state <"$unit.state"
        elif [ -e "/run/services/$service" ]; then state=active
        else state=inactive; fi
        echo "ActiveState=$state" ;;
    *) echo "$3=$(cat "$unit.$3" 2>/dev/null)" ;;
    esac ;;
list-jobs)
    for job in /run/units/*.job; do
        [ ! -e "$job" ] || { name=${job##*/}; echo "  12 ${name%.job} $(cat "$job") waiting"; }
    done ;;
reset-failed)
    rm -f "$unit.starts"
    [ "$(cat "$unit.state" 2>/dev/null)" != failed ] || rm "$unit.state" ;;
stop) rm -f "/run/services/$service" "$unit.state" "$unit.job"
    for other in $(cat "$unit.RequiredBy" 2>/dev/null); do
        rm -f "/run/services/$other" "/run/units/$other.state" "/run/units/$other.job"
    done ;;
start)
    echo >>"$unit.starts"
    if [ -e "/run/services/$service.broken" ]; then exit 1; fi
    if [ -e "$unit.limit" ] && [ "$(wc -l <"$unit.starts")" -gt "$(cat "$unit.limit")" ]; then
        rm -f "/run/services/$service"
        echo failed >"$unit.state"
        echo "$service: Start request repeated too quickly." >&2
        exit 1
    fi
    touch "/run/services/$service" ;;
reboot) [ ! -e /run/services/reboot.broken ] ;;
esac
"#;
/// The kernel is the node's only in name.
pub const UNAME: &str =
    "#!/bin/sh\ncase $1 in -m) echo x86_64 ;; *) echo 3.10.0-1127.el7.x86_64 ;; esac\n";
