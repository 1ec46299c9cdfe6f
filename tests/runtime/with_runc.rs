//! The contract of every engine, with runc.

use super::place::subject_of;
use crate::support::contract::{Subject, keeps_the_contract};

async fn subject(test: &str) -> Subject {
    subject_of("runc", test).await
}

keeps_the_contract!(subject);
