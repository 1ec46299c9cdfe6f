//! The check of a kubelet: it starts without a cluster, against the engine's Docker, and runs until it has made the
//! cgroups for its pods.

use super::error::{Refusal, Stopped};
use super::place::{DIRECTORY, PROGRAM};
use crate::engine::{EngineInfo, Product, Setup};
use crate::execute::context::Context;

/// Its working directory: a volume, because it asks how full the disk is.
pub(super) const WORKDIR: &str = "/work";
/// The first minor version of Kubernetes without dockershim, whose kubelet cannot work with Docker.
const WITHOUT_DOCKERSHIM: u32 = 24;
/// Beginning of the names of containers that a kubelet made with Docker.
const OF_KUBELETS: &str = "k8s_";
/// The cgroup driver that needs nothing but the kernel.
const DRIVER: &str = "cgroupfs";

/// Prepares what it needs of its host. The values are those that it would write itself, see `setupKernelTunables` in
/// Kubernetes' pkg/kubelet/cm.
const PREPARATION: &str = r#"mkdir /run-check/sysctl || exit 1
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    file=/proc/sys/${setting%=*}
    [ -e "$file" ] || continue
    own=/run-check/sysctl/${file##*/}
    { echo "${setting#*=}" >"$own" && busybox mount --bind "$own" "$file"; } || exit 1
done
# It watches this for processes that were killed for lack of memory.
: >/dev/kmsg"#;

/// Runs the command in its arguments after the memory hierarchy until the cgroups for pods exist. Prints the kubelet's errors
/// if they never do.
const UNTIL_THERE: &str = r#"pods=$1/kubepods
shift
"$@" >/run-check/log 2>&1 &
tracer=$!
tries=450
until [ -d "$pods/burstable" ] && [ -d "$pods/besteffort" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! kill -0 "$tracer" 2>/dev/null; then
        grep '^[EF][0-9]' /run-check/log | tail -n 20
        exit 1
    fi
    sleep 0.1
done
# Until it has set the limits of what it just made.
sleep 1
kill -KILL "$(cat /run-check/pid)"
wait "$tracer"
exit 0"#;

/// Writes down its process id and becomes the program.
const WITH_PID: &str = r#"echo $$ >/run-check/pid && exec "$@""#;

/// Refuses a kubelet that does not work with Docker, by the version that it prints.
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

/// Refuses an engine against which a kubelet cannot run, or must not.
pub(super) async fn check_engine(
    engine: &EngineInfo,
    setup: &Setup,
    context: &Context<'_>,
) -> Result<(), Stopped> {
    let docker = match context.engine.as_docker() {
        Some(docker) if engine.product == Product::Docker => docker,
        _ => {
            let version = engine.version.clone();
            return Err(Refusal::NoDocker { version }.into());
        }
    };
    if let Some(driver) = &setup.cgroup_driver
        && driver != DRIVER
    {
        let driver = driver.clone();
        return Err(Refusal::CgroupDriver { driver }.into());
    }
    // A kubelet kills the pods that it does not know.
    let pods = docker.named(&[OF_KUBELETS.to_owned()], &[]).await?;
    match pods.into_iter().next() {
        Some(pod) => Err(Refusal::EngineOfANode {
            container: pod.name,
        }
        .into()),
        None => Ok(()),
    }
}

/// Prepares the container.
pub(super) fn preparation() -> String {
    PREPARATION.to_owned()
}

/// The whole command around strace, `traced`, with the memory hierarchy at `memory`.
pub(super) fn surrounded(traced: Vec<String>, memory: &str) -> Vec<String> {
    let words = ["sh", "-c", UNTIL_THERE, "sh", memory].map(str::to_owned);
    words.into_iter().chain(traced).collect()
}

/// The command that starts it. It must not remove images or containers from the engine, however full the disk is.
pub(super) fn command() -> Vec<String> {
    let root = format!("--root-dir={WORKDIR}/kubelet");
    let certificates = format!("--cert-dir=/{DIRECTORY}/pki");
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
    fn kubelets_with_dockershim_are_accepted() {
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
