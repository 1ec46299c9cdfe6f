//! The power fails at many moments of a run of the script, of the package's scripts, and of the ways back.
//!
//! What a power failure leaves is what is on the disk at that moment. So one run gives many: the disk is kept before each
//! command that changes something, and at random moments between them. Each is then plugged into another machine, whose
//! kernel mounts it as a start would. Some are booted.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::disk;
use super::image::Image;
use super::machine::Machine;
use super::programs::{RUNC, bring_package, bring_script, identity, new_sum};

/// Stands for a command: asks the host, by the second serial port, whether to go on.
const ASKING: &str = r#"#!/bin/sh
exec 3<>/dev/ttyS1
echo "$*" >&3
read -r go <&3
exec 3>&-
PATH=${PATH#/dev/shm/asking:}
exec "${0##*/}" "$@"
"#;
/// The commands that change something, or wait for the disk.
const CHANGING: &str = "cp mv rm cat sync touch mkdir rmdir sort systemctl";
/// Mounts the disk that was plugged in, looks at it from inside with `/root/look`, and gives it up.
const LOOK: &str = r#"
set -u
until set -- /sys/block/sd*; [ -b "/dev/${1##*/}" ]; do sleep 0.1; done
disk=${1##*/}
mount "/dev/$disk" /mnt || exit 90
mount -t proc proc /mnt/proc
mount --bind /dev /mnt/dev
mount -t tmpfs none /mnt/run
mount -t tmpfs none /mnt/tmp
# As after a start.
cat /proc/sys/kernel/random/uuid >/mnt/run/boot_id
mount --bind /mnt/run/boot_id /mnt/proc/sys/kernel/random/boot_id
cp /root/look /mnt/run/look
chroot /mnt /bin/sh /run/look
code=$?
umount -R /mnt || exit 91
echo 1 >"/sys/block/$disk/device/delete"
exit "$code"
"#;

/// Something that the power fails in.
struct Course {
    /// Brings a new machine to where it begins.
    prepare: fn(&Machine),
    /// The script that is cut.
    script: &'static str,
    /// What has to be done on a machine that boots from such a disk before a container starts.
    mends: &'static str,
    /// What must hold on the disk afterwards, in `/bin/sh` with `$old`, `$new` (sums) and `$before` (identity).
    holds: &'static str,
}

/// What every disk is asked.
const EVERY: &str = r#"
fail() { echo "$*"; exit 1; }
sum() { s=$(sha256sum <"$1") && echo "${s%% *}"; }
identity() { echo "$(stat -c '%s %a %u:%g %Y' "$1") $(sum "$1")"; }
runc=/usr/sbin/runc
if [ -e "$runc" ] || [ -z "${may_be_missing:-}" ]; then
    case $(sum "$runc") in "$old" | "$new") ;; *) fail "a strange runc of $(stat -c %s "$runc") bytes" ;; esac
    "$runc" --version >/dev/null || fail 'runc does not run'
fi
"#;

/// How many moments of each course are looked at. All that one run gives are, if this is more.
fn wanted() -> usize {
    let number = std::env::var("KMEMBUILD_TEST_POWER_CUTS");
    number.map_or(6, |number| {
        number
            .parse()
            .expect("KMEMBUILD_TEST_POWER_CUTS is a number")
    })
}

/// Numbers without an order, from the clock.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(now.expect("after 1970").as_secs() | 1)
    }

    fn index(&mut self, length: usize) -> usize {
        let index = self.below(length as u64);
        usize::try_from(index).expect("an index")
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// The disks that one run leaves at its moments, and what was there before it.
struct Moments {
    disks: Vec<(String, PathBuf)>,
    before: String,
    /// All disks are in it.
    _folders: [TempDir; 2],
}

impl Course {
    fn moments(&self) -> Moments {
        let mut machine = Machine::ready();
        let before = identity(&machine, RUNC)
            .trim_end()
            .replace("  -", "")
            .replace('\n', " ");
        (self.prepare)(&machine);
        machine.write("/dev/shm/asking/cp", ASKING.as_bytes());
        machine.well(&format!(
            "cd /dev/shm/asking && for tool in {CHANGING}; do [ $tool = cp ] || ln cp $tool; done && sync"
        ));
        let layers = tempfile::tempdir().expect("a folder");
        let mut run = machine.start_on(&format!(
            "PATH=/dev/shm/asking:$PATH; export PATH; {}",
            self.script
        ));
        let disks = keep_disks(&mut machine, &mut run, &layers);
        let said = run.wait_with_output().expect("its end");
        assert!(said.status.success(), "{said:?}");
        let (_, folder) = machine.into_disk();
        Moments {
            disks,
            before,
            _folders: [layers, folder],
        }
    }

    fn check(&self) {
        let moments = self.moments();
        let mut random = Random::new();
        let mut disks = moments.disks.clone();
        let all = disks.len();
        while disks.len() > wanted() {
            disks.remove(random.index(disks.len()));
        }
        let head = format!(
            "new={} before='{}' old={}\n",
            new_sum(),
            moments.before,
            moments.before.rsplit(' ').next().expect("a sum"),
        );
        let mut machine = Machine::ready();
        machine.write(
            "/root/look",
            format!("{head}{}", self.holds.replace("@EVERY@", EVERY)).as_bytes(),
        );
        for (number, (moment, layer)) in disks.iter().enumerate() {
            let folder = tempfile::tempdir().expect("a folder");
            let disk = disk::over(layer, "qcow2", &folder.path().join("disk"));
            let name = format!("cut{number}");
            machine.monitor().plug_in(&name, &disk);
            let looked = machine.on(LOOK);
            assert_eq!(looked.code, Some(0), "{moment}: {looked:?}");
            machine.monitor().take_out(&name);
        }
        drop(machine);
        println!(
            "{} of {all} moments: whole, a second run finished, and all was put back",
            disks.len()
        );
        self.boot(&disks, &mut random);
    }

    /// Boots from one of the disks: containers start.
    fn boot(&self, disks: &[(String, PathBuf)], random: &mut Random) {
        let (moment, layer) = &disks[random.index(disks.len())];
        let folder = tempfile::tempdir().expect("a folder");
        let disk = disk::over(layer, "qcow2", &folder.path().join("disk"));
        let machine = Machine::boot(Image::get(), disk);
        machine.wait_for_services();
        machine.on(self.mends).code(0);
        let said = machine.on("docker run --rm box:1 /bin/echo started");
        assert_eq!(said.stdout, "started\n", "{moment}: {said:?}");
    }
}

/// Keeps the disk at each command and at random moments, until the run ends.
fn keep_disks(machine: &mut Machine, run: &mut Child, layers: &TempDir) -> Vec<(String, PathBuf)> {
    let mut random = Random::new();
    // The whole takes about a minute.
    let gap = 120_000 / wanted() as u64 + 100;
    let mut port = BufReader::new(machine.port());
    let (mut disks, mut line) = (Vec::new(), String::new());
    let mut keep = |machine: &mut Machine, moment: &str| {
        let layer = layers.path().join(format!("layer{}", disks.len()));
        disks.push((moment.to_owned(), machine.keep_disk(layer)));
    };
    loop {
        let wait = Duration::from_millis(random.below(gap) + 20);
        port.get_ref().set_read_timeout(Some(wait)).expect("a time");
        match port.read_line(&mut line) {
            Ok(_) if line.ends_with('\n') => {
                keep(machine, &format!("before {}", line.trim_end()));
                line.clear();
                port.get_mut().write_all(b"go\n").expect("it waits");
            }
            Ok(_) => panic!("the machine has ended"),
            Err(_) if run.try_wait().expect("a process").is_some() => break,
            Err(_) => keep(machine, "at a random moment"),
        }
    }
    keep(machine, "after its end");
    disks
}

#[test]
fn the_script_is_cut() {
    let course = Course {
        prepare: bring_script,
        script: "cd /root && sh node.sh",
        mends: "true",
        holds: r#"@EVERY@
cd /root
sh node.sh --no-services --no-trial || fail 'the second run'
[ "$(sum "$runc")" = "$new" ] || fail 'not replaced by the second run'
sh node.sh --no-services --rollback || fail 'the way back'
[ "$(identity "$runc")" = "$before" ] || fail "another runc than before: $(identity "$runc")"
[ -z "$(find /usr/sbin /var/lib/kmembuild-node -name '.kmembuild*' -o -name '*.part')" ] || fail 'something is left'
"#,
    };
    course.check();
}

#[test]
fn the_way_back_of_the_script_is_cut() {
    let course = Course {
        prepare: |machine| {
            bring_script(machine);
            machine.well("cd /root && sh node.sh && sync");
        },
        script: "cd /root && sh node.sh --rollback",
        mends: "true",
        holds: r#"@EVERY@
cd /root
sh node.sh --no-services --rollback || fail 'the second run'
[ "$(identity "$runc")" = "$before" ] || fail "another runc than before: $(identity "$runc")"
[ -z "$(find /usr/sbin /var/lib/kmembuild-node -name '.kmembuild*' -o -name '*.part')" ] || fail 'something is left'
"#,
    };
    course.check();
}

#[test]
fn the_installation_of_the_package_is_cut() {
    let course = Course {
        prepare: bring_package,
        script: "dpkg -i /root/runc.deb",
        mends: "true",
        holds: r#"@EVERY@
dpkg --configure -a && dpkg -i /root/runc.deb || fail 'the second run'
[ "$(sum "$runc")" = "$new" ] || fail 'not replaced by the second run'
dpkg -r --force-depends runc || fail 'the way back'
[ "$(identity "$runc")" = "$before" ] || fail "another runc than before: $(identity "$runc")"
[ ! -e /usr/lib/kmembuild ] || fail 'something is left'
"#,
    };
    course.check();
}

#[test]
fn the_removal_of_the_package_is_cut() {
    let course = Course {
        prepare: |machine| {
            bring_package(machine);
            machine.well("dpkg -i /root/runc.deb && sync");
        },
        script: "dpkg -r --force-depends runc",
        // dpkg removes the new file before the script of the package puts the old one there. Docker does not start without it, and
        // systemd gives it up after a few times.
        mends: "[ -e /usr/sbin/runc ] || { dpkg --configure -a && dpkg -r --force-depends runc && \
                systemctl reset-failed docker.service && systemctl restart docker.service; }",
        holds: r#"may_be_missing=yes
@EVERY@
dpkg --configure -a && dpkg -r --force-depends runc || fail 'the second run'
[ "$(identity "$runc")" = "$before" ] || fail "another runc than before: $(identity "$runc")"
[ ! -e /usr/lib/kmembuild ] || fail 'something is left'
"#,
    };
    course.check();
}
