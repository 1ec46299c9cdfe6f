//! The contract of every engine, with crun.

use super::place::subject_of;
use crate::support::contract::{Subject, keeps_the_contract};

async fn subject(test: &str) -> Subject {
    subject_of("crun", test).await
}

keeps_the_contract!(subject);
