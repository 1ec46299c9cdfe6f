//! Docker's API over bollard; the only place that names bollard.
