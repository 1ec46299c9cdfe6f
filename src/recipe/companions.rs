//! Names of the files that are published with the outputs of a recipe.

/// File name of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// File name of the plan.
pub const PLAN: &str = "plan.json";
/// File name of the complete log.
pub const BUILD_LOG: &str = "build.log";
/// File name of the checksums, in the form that `sha256sum -c` reads.
pub const SHA256SUMS: &str = "SHA256SUMS";
/// File name of the bill of materials.
pub const SBOM: &str = "sbom.cdx.json";
/// File name of the provenance statement, unsigned.
pub const PROVENANCE: &str = "provenance.json";
/// File name of the signed provenance statement.
pub const ENVELOPE: &str = "provenance.dsse.json";
/// File name of the report on a result that was built again.
pub const REPRODUCTION: &str = "reproduction.json";
/// All that a result has: no output can have one of these names.
pub const COMPANION_FILES: [&str; 7] = [
    MANIFEST, PLAN, BUILD_LOG, SHA256SUMS, SBOM, PROVENANCE, ENVELOPE,
];
