//! What happens at a container's memory limit.

use kmembuild::engine::{Exit, ExitCause};

use crate::support::recorder::Recorder;
use crate::support::scratch::{Scratch, run, shell};

#[tokio::test]
async fn memory_kills_are_told_for_the_command_they_happened_in() {
    let scratch = Scratch::new("memory");
    let mut spec = scratch.spec();
    spec.limits.memory = Some(64 << 20);
    spec.limits.nano_cpus = Some(1_500_000_000);
    let session = Scratch::engine().await.open(&spec).await.unwrap();
    let sink = Recorder::default();
    let mut command = shell("exec tail /dev/zero");

    let main = session.run(&command, &sink).await.unwrap();
    assert_eq!(
        main,
        Exit {
            code: 137,
            cause: ExitCause::OutOfMemory
        }
    );

    command.command[2] = "false".to_owned();
    let innocent = session.run(&command, &sink).await.unwrap();
    assert_eq!(
        innocent,
        Exit {
            code: 1,
            cause: ExitCause::Ended
        }
    );

    command.command[2] = "kill -9 $$".to_owned();
    let killed = session.run(&command, &sink).await.unwrap();
    assert_eq!(
        killed,
        Exit {
            code: 137,
            cause: ExitCause::Ended
        }
    );

    command.command[2] = "tail /dev/zero | cat; exit 0".to_owned();
    let child = session.run(&command, &sink).await.unwrap();
    assert_eq!(
        child,
        Exit {
            code: 0,
            cause: ExitCause::OutOfMemory
        }
    );

    let limits =
        "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2> /dev/null";
    let (_, lines) = run(&*session, limits).await;
    assert_eq!(lines, [(64 << 20).to_string()]);
}
