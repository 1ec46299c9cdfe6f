//! Pushes a result, or a whole release.

use std::path::Path;

use super::error::DistributionError;
use super::push_release::push_release;
use super::pushed::{Count, Destination, Pushed};
use super::result::{ResultFiles, push_result, set_tags, tag_of};
use crate::artifacts::INDEX;
use crate::attestation::Audit;
use crate::events::Sink;
use crate::transport::{Access, ArtifactName, Reference, Transport};

/// Pushes the result or the release in `directory` to `reference`, after it was compared with everything that was recorded about
/// it. A result gets the tags of its version and of its architecture, or those that the reference gives; see the documentation
/// for those of a release. What is there already is not moved, and a tag is set last, when everything that it leads to is there. With [`Access::DryRun`] nothing is moved, and the answer is what
/// would be.
///
/// # Errors
/// [`DistributionError`]. Tags are then those of before, or of what was whole already.
pub async fn push(
    directory: &Path,
    reference: &Reference,
    access: Access,
    transport: &Transport,
    is_stopped: &dyn Fn() -> bool,
    sink: &dyn Sink,
) -> Result<Pushed, DistributionError> {
    let tag = match &reference.name {
        None => None,
        Some(ArtifactName::Tag(tag)) => Some(tag.as_str()),
        Some(ArtifactName::Digest(_)) => {
            let reference = reference.to_string();
            return Err(DistributionError::DigestGiven { reference });
        }
    };
    let audit = Audit::of(directory, &[], is_stopped)?;
    if is_stopped() {
        return Err(DistributionError::Interrupted);
    }
    if !audit.problems.is_empty() {
        return Err(DistributionError::Unproven {
            what: directory.display().to_string(),
            verb: "pushed",
            audit: Box::new(audit),
        });
    }
    let count = Count::default();
    if directory.join(INDEX).exists() {
        let to = Destination {
            place: &reference.place,
            tag,
            access,
        };
        push_release(directory, &to, transport, sink, &count).await?;
        return Ok(count.finish());
    }
    let at = transport.open(&reference.place, access, sink).await?;
    let result = ResultFiles::read(directory)?;
    let pushed = push_result(&result, &at, None, &count).await?;
    let tag = match tag {
        Some(tag) => tag.to_owned(),
        None => tag_of(&result.manifest.version)?,
    };
    set_tags(&pushed, &result.manifest, &tag, &at, &count).await?;
    Ok(count.finish())
}
