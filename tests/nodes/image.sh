#!/bin/sh
# Makes the disk of a node that boots: Debian 11 with its kernel, systemd, docker, runc and an SSH server.
#   image.sh DIR
# In DIR, which is new: key and key.pub for the login, host.pub, disk.img, vmlinuz, initrd.
set -eu
cd "$1"
ssh-keygen -q -t ed25519 -N '' -C node -f key

# Without a list of sources, mmdebstrap takes Debian's archive with its updates.
cat >hook <<'END'
#!/bin/sh
set -eu
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
printf 'MODULES=list\nCOMPRESS=lz4\n' >"$1/etc/initramfs-tools/conf.d/node"
printf 'virtio_pci\nvirtio_blk\next4\ncrc32c_generic\n' >"$1/usr/share/initramfs-tools/modules.d/node"
END
chmod +x hook
# The name of the kernel without its version is a package that the archive lists and does not have.
mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
    --aptopt='APT::Install-Recommends "false"' --essential-hook="$PWD/hook" \
    --include=systemd,systemd-sysv,udev,dbus,kmod,iproute2,procps,linux-image-5.10.0-32-cloud-amd64,initramfs-tools \
    --include=openssh-server,docker.io,iptables,apparmor,busybox-static,e2fsprogs,python3 \
    bullseye root </dev/null

mkdir -p root/root/.ssh
chmod 700 root/root/.ssh
cp key.pub root/root/.ssh/authorized_keys
echo node >root/etc/hostname
printf '127.0.0.1 localhost node\n' >root/etc/hosts
echo '/dev/vda / ext4 defaults 0 1' >root/etc/fstab
printf '[Match]\nName=eth0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n' >root/etc/systemd/network/node.network
cp root/etc/ssh/ssh_host_ed25519_key.pub host.pub
cp -L root/boot/vmlinuz-* vmlinuz
cp -L root/boot/initrd.img-* initrd
ln -s /lib/systemd/system/systemd-networkd.service root/etc/systemd/system/multi-user.target.wants/systemd-networkd.service
# What takes time at every start, or at some moment that no test knows.
for unit in networking.service e2scrub_reap.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
    fstrim.timer systemd-tmpfiles-clean.timer logrotate.timer man-db.timer dpkg-db-backup.timer getty@tty1.service; do
    ln -sf /dev/null "root/etc/systemd/system/$unit"
done
# Packages of the archive are of no use any more.
rm -rf root/var/lib/apt/lists/* root/var/cache/apt/*
truncate -s 4G disk.part
mke2fs -q -F -t ext4 -d root disk.part
rm -rf root hook
mv disk.part disk.img
