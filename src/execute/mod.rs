//! Carries a plan out on an engine. Holds no policy: what to do is in the plan.
//!
//! # The life of a session
//!
//! | what | who makes it | who removes it |
//! |---|---|---|
//! | registration of the run, `runs/ID.run` | [`Run::begin`], locked for as long as the process lives | the end of the run, or the sweep that removes what a dead run left |
//! | image | [`provide_image`], once for each identity | `clean --images` |
//! | session | [`execute`], after the engine's capabilities and the image are known to fit | `session_end::close`, on every path |
//! | scratch directory | the engine, with the session | the engine, with the session |
//! | caches | the engine, with the first session that has the key | `clean --caches`, `cache prune` |
//! | what upstream's script makes | the script; [`Run::note`] has recorded its names before | [`execute`], after the session is closed |
//! | session and image of a run check | [`trace_run`] | the same as of a build |
//!
//! A session is opened without a way to cancel it: between its creation and its start nobody knows it yet. From then on there
//! is one exit: success, a failed step, a time limit, lack of memory, an eviction and Ctrl-C all end the work and then close
//! the session. Closing has a time limit. A session that could not be closed is a warning, and the registration of its run
//! stays ([`Run::leaves_something`]). A second Ctrl-C ends the process immediately and closes nothing.
//!
//! A killed run leaves its registration, which nobody has locked any more, and its session, which carries the run's id
//! ([`crate::engine::LABEL_RUN`]), its lifetime ([`crate::engine::LABEL_LIFETIME`]) and where the run is registered
//! ([`crate::engine::LABEL_REGISTERED_IN`]). The next run on this machine sweeps ([`sweep`] with [`Sweep::DEAD_RUNS`]): it
//! removes, in whatever state they are, the sessions of runs that are or were registered here and are dead, and any session
//! whose lifetime is over by the engine's clock, whichever machine made it. Then it removes the registrations of dead runs
//! of which nothing is left on that engine. Sessions of live runs and younger ones of other machines stay. Without any sweep
//! a session ends by itself after its lifetime.
//!
//! A session that is kept on request turns the registration into `runs/ID.kept` ([`Run::end_and_keep`]), and only
//! `clean` removes it.

mod archive;
mod ask;
mod bootstrap;
mod build;
mod bundled;
mod capabilities;
mod client;
mod context;
mod debian_sources;
mod error;
mod found;
mod image;
mod needs;
mod outputs;
mod pull;
mod registrations;
mod run_check;
mod runs;
mod script;
mod script_leftovers;
mod session_end;
mod sinks;
mod step;
mod sweep;
mod toolchain;
mod unpack;

pub use build::{Built, execute, provide_image};
pub use bundled::{content_of, pack_root};
pub use context::Context;
pub use error::{ExecuteError, FailedAttempt, Lacking};
pub use image::{UsedImage, find_image, image_name};
pub use registrations::Registrations;
pub use run_check::{HostPower, Refusal, RunCheckError, trace_run};
pub use runs::Run;
pub use script::refuse_engine;
pub use script_leftovers::{ScriptLeftovers, TemporaryTag};
pub use sweep::{Sweep, Swept, sweep, would_sweep};
pub use toolchain::accepted;
