//! The contract of every engine, on Docker.

use crate::support::contract::{Subject, keeps_the_contract};
use crate::support::scratch::Scratch;

async fn subject(test: &str) -> Subject {
    let scratch = Scratch::new(&test.replace('_', "-"));
    let (engine, run) = (Scratch::engine().await, scratch.run.clone());
    Subject::new(engine, run, Box::new(scratch)).await
}

keeps_the_contract!(subject);
