//! Does the same for each of many things, some at a time.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Most threads: each of them reads and writes a disk.
const MOST: usize = 4;

/// What `work` makes of each of `things`, in their order. Where no thread can be had, one after the other.
pub(super) fn in_parallel<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let one = || {
        let mut done = Vec::new();
        while let Some((index, thing)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            things.get(index).map(|thing| (index, thing))
        } {
            done.push((index, work(thing)));
        }
        done
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = threads.min(MOST).min(things.len());
    let mut done = thread::scope(|scope| {
        let further: Vec<_> = (1..threads)
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, one).ok())
            .collect();
        let mut done = one();
        for thread in further {
            done.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::in_parallel;

    #[test]
    fn each_is_done_once_and_the_order_stays() {
        let things: Vec<u32> = (0..1000).collect();
        let doubled = in_parallel(&things, |thing| thing * 2);
        assert!(doubled.iter().copied().eq((0..1000).map(|thing| thing * 2)));
        assert!(in_parallel(&[], |thing: &u32| *thing).is_empty());
    }
}
