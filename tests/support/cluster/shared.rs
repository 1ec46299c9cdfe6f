//! One cluster for all tests of a process, which use it one after another.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::three_nodes::Cluster;

static CLUSTER: Mutex<Option<Cluster>> = Mutex::new(None);

/// The cluster, for one test alone until dropped.
pub struct Borrowed(MutexGuard<'static, Option<Cluster>>);

/// The cluster, in order. It ends with this process: its watchdog sees to that.
pub fn cluster() -> Borrowed {
    // What a test that failed has left broken is put right.
    let mut cluster = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
    match cluster.as_mut() {
        None => *cluster = Some(Cluster::start()),
        Some(cluster) => cluster.restore(),
    }
    Borrowed(cluster)
}

impl Deref for Borrowed {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.0.as_ref().expect("a cluster that was started")
    }
}

impl DerefMut for Borrowed {
    fn deref_mut(&mut self) -> &mut Cluster {
        self.0.as_mut().expect("a cluster that was started")
    }
}
