#!/bin/sh
# A node without a machine: the first process of a namespace of processes and one of mounts, with a file system of its own
# over that of this machine, and an SSH server. Its reboot ends all its processes, and begins with another boot id.
#   init.sh BASE CONTROL     CONTROL is called as the node; what a test says of it, and what it says itself, are files of CONTROL
set -eu
base=$1 control=$2
root=$base/root
mount --make-rprivate /
printf '%s' "${control##*/}" >/proc/sys/kernel/hostname
mount -t tmpfs -o size=400m none "$base"
mkdir "$base/upper" "$base/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" overlay "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir "$root/control"
mount --bind "$control" "$root/control"
# Another runc of this machine is none of the node's.
rm -f "$root/usr/sbin/runc" "$root/usr/local/bin/runc" "$root/usr/local/sbin/runc" "$root/usr/bin/runc" "$root/usr/bin/kubelet"
rm -rf "$root/var/lib/kmembuild-node" "$root/var/lib/kmembuild-rollout" "$root/root/.ansible"
cp -a "$control/install/." "$root/"
# The mount of a kernel that leaks, with one pod whose accounting is off: reading fails as it does there.
mkdir -p "$root/var/tmp/memory/kubepods/pod1"
ln -s /proc/self/mem "$root/var/tmp/memory/kubepods/pod1/memory.kmem.slabinfo"
if [ -e "$control/noexec" ]; then
    mount -t tmpfs -o noexec,mode=755 none "$root/var/lib"
fi
touch "$control/boot_id" "$control/reboots"
mount --bind "$control/boot_id" "$root/proc/sys/kernel/random/boot_id"

boots=0
boot() {
    boots=$((boots + 1))
    printf '%08d-0000-4000-8000-000000000000\n' "$boots" >"$control/boot_id"
    umount "$root/run" 2>/dev/null || :
    mount -t tmpfs -o mode=755 none "$root/run"
    mkdir "$root/run/services" "$root/run/units" "$root/run/sshd"
    touch "$root/run/services/docker.service" "$root/run/services/docker.socket"
    # A docker for which the new runc is none.
    if [ -e "$control/broken" ] && cmp -s "$control/new" "$root/usr/bin/runc"; then
        rm "$root/run/services/docker.service"
        echo failed >"$root/run/units/docker.service.state"
    fi
    chroot "$root" /usr/sbin/sshd -D -e -f /control/sshd_config >>"$control/sshd.log" 2>&1 &
}

while :; do
    boot
    until [ -e "$root/run/reboot" ]; do
        if [ ! -e "$control/noexec" ] && grep -q " $root/var/lib .*noexec" /proc/mounts; then
            mount -o remount,exec "$root/var/lib"
        fi
        sleep 0.1
    done
    sleep 0.3
    kill -9 -1
    wait
    echo >>"$control/reboots"
    while [ -e "$control/stays-down" ]; do sleep 0.1; done
done
