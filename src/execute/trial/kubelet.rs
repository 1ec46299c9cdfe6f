//! The trial of a kubelet: it starts on its own, without a cluster, against the engine's Docker, until it has made the
//! cgroups that its pods are going to be in.

use super::error::{Refusal, TrialError};
use super::{FOLDER, PROGRAM, engine_failed};
use crate::engine::{EngineInfo, Product, Setup};
use crate::execute::context::Context;

/// Folder for what it keeps: a volume, as it wants to know how full the disk below it is.
pub(super) const WORKDIR: &str = "/work";
/// The first minor version of Kubernetes whose kubelet cannot work with Docker itself: dockershim was removed from it.
const WITHOUT_DOCKERSHIM: u32 = 24;
/// How the names of containers begin that a kubelet made with Docker.
const OF_KUBELETS: &str = "k8s_";
/// The one driver of cgroups that needs nothing but the kernel.
const DRIVER: &str = "cgroupfs";

/// Makes what it needs of its host; the values are those that it would otherwise write, see `setupKernelTunables` in
/// Kubernetes' pkg/kubelet/cm.
const PREPARATION: &str = r#"mkdir /trial/sysctl || exit 1
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    file=/proc/sys/${setting%=*}
    [ -e "$file" ] || continue
    own=/trial/sysctl/${file##*/}
    { echo "${setting#*=}" >"$own" && busybox mount --bind "$own" "$file"; } || exit 1
done
# It reads there of processes that were ended for lack of memory.
: >/dev/kmsg"#;

/// Runs the words behind the memory hierarchy until the cgroups of pods are there. Prints errors of kubelet's where that
/// does not come to pass.
const UNTIL_THERE: &str = r#"pods=$1/kubepods
shift
"$@" >/trial/log 2>&1 &
tracer=$!
tries=450
until [ -d "$pods/burstable" ] && [ -d "$pods/besteffort" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! kill -0 "$tracer" 2>/dev/null; then
        grep '^[EF][0-9]' /trial/log | tail -n 20
        exit 1
    fi
    sleep 0.1
done
# Until what it just made has its limits.
sleep 1
kill -KILL "$(cat /trial/pid)"
wait "$tracer"
exit 0"#;

/// Notes its process id and becomes the program.
const WITH_PID: &str = r#"echo $$ >/trial/pid && exec "$@""#;

/// Refuses a kubelet, by what it says of its version, that does not work with Docker.
pub(super) fn check_version(said: &str) -> Result<(), Refusal> {
    let mut numbers = said.trim_start_matches("Kubernetes v").split('.');
    let mut number = || numbers.next().and_then(|number| number.parse::<u32>().ok());
    match (number(), number()) {
        (Some(1), Some(minor)) if minor < WITHOUT_DOCKERSHIM => Ok(()),
        _ => Err(Refusal::KubeletWithoutDocker {
            said: said.to_owned(),
        }),
    }
}

/// Refuses an engine that a kubelet cannot be started against, or that it must not be started against.
pub(super) async fn check_engine(
    engine: &EngineInfo,
    setup: &Setup,
    context: &Context<'_>,
) -> Result<Result<(), Refusal>, TrialError> {
    let docker = match context.engine.as_docker() {
        Some(docker) if engine.product == Product::Docker => docker,
        _ => {
            let version = engine.version.clone();
            return Ok(Err(Refusal::NoDocker { version }));
        }
    };
    if let Some(driver) = &setup.cgroup_driver
        && driver != DRIVER
    {
        let driver = driver.clone();
        return Ok(Err(Refusal::CgroupDriver { driver }));
    }
    // One without pods of its own ends those of another one.
    let pods = docker.named(&[OF_KUBELETS.to_owned()], &[]).await;
    let mut pods = pods.map_err(engine_failed)?.into_iter();
    Ok(match pods.next() {
        Some(pod) => Err(Refusal::EngineOfANode {
            container: pod.name,
        }),
        None => Ok(()),
    })
}

/// Makes the container as much of a host as it needs.
pub(super) fn preparation() -> String {
    PREPARATION.to_owned()
}

/// The whole command around strace, `traced`, with the memory hierarchy at `memory`.
pub(super) fn surrounded(traced: Vec<String>, memory: &str) -> Vec<String> {
    let words = ["sh", "-c", UNTIL_THERE, "sh", memory].map(str::to_owned);
    words.into_iter().chain(traced).collect()
}

/// Starts it. It is told to remove nothing from the engine: neither images nor containers, however full the disk is.
pub(super) fn command() -> Vec<String> {
    let root = format!("--root-dir={WORKDIR}/kubelet");
    let certificates = format!("--cert-dir=/{FOLDER}/pki");
    let driver = format!("--cgroup-driver={DRIVER}");
    let words = [
        "sh",
        "-c",
        WITH_PID,
        "sh",
        PROGRAM,
        &root,
        &certificates,
        &driver,
        "--fail-swap-on=false",
        "--enable-server=false",
        "--healthz-port=0",
        "--eviction-hard=",
        "--image-gc-high-threshold=100",
    ];
    words.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::check_version;

    #[test]
    fn kubelets_with_dockershim_are_tried() {
        for said in [
            "Kubernetes v1.8.0",
            "Kubernetes v1.15.5-nokmem",
            "Kubernetes v1.23.17",
        ] {
            assert!(check_version(said).is_ok(), "{said}");
        }
        for said in ["Kubernetes v1.24.0", "Kubernetes v2.0.0", "Kubernetes vx"] {
            let refused = check_version(said).expect_err(said);
            assert!(refused.to_string().contains(said), "{refused}");
        }
    }
}
