//! Bundles for closed networks: one file with everything that a locked release needs, an OCI image layout in a tar archive.
//!
//! [`BundleWriter`] writes one, [`Bundles`] reads one and those that it was made since. Here is only the form of it; what goes
//! into one and what a release makes of it is the business of the rooms above. Everything that is read counts as hostile: only
//! the few names of a layout are accepted, each once; every size is bounded; what is read is checked against its digest; and
//! nothing is written anywhere.

mod blob;
mod document;
mod entries;
mod error;
mod layer;
mod open;
mod output;
mod parts;
mod set;
mod write;

pub use blob::BlobReader;
pub use document::{
    BUNDLE_TYPE, Base, BundleDocument, BundledFile, BundledImage, BundledLayer, BundledSource,
    GZIP_TYPE, LAYER_TYPE, PACK_TYPE, TEXT_TYPE,
};
pub use error::BundleError;
pub use layer::{PackedLayer, measure_layer, pack_gzip, pack_layer, spool, unpacked};
pub use output::PARTIAL;
pub use set::Bundles;
pub use write::{BundleWriter, Written};
