//! The warnings.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// Something that is not as it should be, and does not stop the run. It is an error only in that its text stands with it,
/// as those of all messages do. Reasons are given with their causes, in one line; sizes for people.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Warning {
    /// A warning of the plan, in the words of this type; a plan that is read back has its text.
    #[error("{0}")]
    Planned(String),
    /// `--force` for a version that upstream has cured: which, and why it needs no build.
    #[error("{0} does not need to be built: {1}")]
    NotNeeded(String, String),
    /// The limit, the need, and whether a build with less memory is possible.
    #[error("the memory limit of {0} is below the {1} that the build needs{less}", less = if *.2 {
        "; a slower build with less memory is possible"
    } else {
        ""
    })]
    MemoryLimit(String, String, bool),
    /// What the engine has, the need, and whether a build with less memory is possible.
    #[error("the engine has {0} of memory, but the build needs {1}")]
    Memory(String, String, bool),
    /// A program was run with the power of root on the engine's host: which, and why it could not be confined.
    #[error(
        "{0} was run as root on the engine's host, because the engine's containers cannot make a user namespace ({1})"
    )]
    RunAsHostRoot(String, String),
    /// What the engine's disk has, and the need.
    #[error("the engine's disk has {0} of free space, but the build needs {1}")]
    Disk(String, String),
    /// `--force` with a vendor's version: which, whose, and the tag that is built.
    #[error("{0} is {1}; building upstream's {2} instead, which is different code")]
    Vendor(String, String, String),
    /// The tag, and what the given build reports as its commit.
    #[error("could not check the commit of {0}: {1:?} is not a commit id")]
    CommitUnchecked(String, String),
    /// The sign by which the given build's source was changed, and what is built.
    #[error(
        "the program was built from changed source ({0}); building upstream's unchanged {1} instead"
    )]
    ChangedSource(String, String),
    /// The version, its known holes, and what is better than to build it.
    #[error("{0}")]
    KnownHoles(String),
    /// `--unpinned`: the version, and the place whose word was taken for its commit.
    #[error(
        "nothing pins {0} to a commit; {1}, which is not upstream's own repository, decided what was built"
    )]
    Unpinned(String, String),
    /// What the tool's own commands in an image build warn of.
    #[error("{0}")]
    ImageBuild(String),
    /// An image is pulled without credentials although there may be some: the registry, and why.
    #[error("pulling from {0} without credentials: {1}")]
    NoCredentials(String, String),
    /// A registry is asked again: which, what happened, what could not be done so far, and after which pause.
    #[error(
        "could not {2}: {0} {1}; trying again in {pause}", pause = humantime::format_duration(*.3)
    )]
    RegistryAgain(String, String, String, Duration),
    /// The engine, which does not cut the network of steps that are to have none.
    #[error(
        "the steps can reach the network, which the recipe does not want: the {0} may not cut it here; the manifest says so"
    )]
    NetworkOpen(String),
    /// The engine, by product and version, cannot keep the limits of a build.
    #[error(
        "nothing keeps the steps within the limits of this build: {0} may not make cgroups here; the manifest says so"
    )]
    NoLimits(String),
    /// The step.
    #[error("step {0} succeeded, but one of its processes was killed for lack of memory")]
    OutOfMemory(String),
    /// Something that the tool made on the engine is still there: what, and why.
    #[error("could not remove {0}: {1}; run `kmembuild clean` to remove it")]
    LeftBehind(String, String),
    /// Nothing marks what the engine's builder made as the tool's: why it is still there.
    #[error("could not remove a container of the engine's builder: {0}")]
    BuilderLeft(String),
    /// Why a list of vendored modules cannot be read.
    #[error(
        "the bill of materials lacks the vendored components, because their list cannot be read: {0}"
    )]
    VendoredUnknown(String),
    /// The mirror of Debian's archive has only a part of what Debian has: the image, and what is missing in it.
    #[error(
        "image {0} is without Debian's {1}: the mirror of Debian's archive has none, neither beside its directory nor in it; packages in the image, and what is linked from them, may be older than in Debian"
    )]
    DebianLeftOut(String, String),
    /// Why a result could not be recorded.
    #[error("could not record the published result, which will be published again next time: {0}")]
    NotNoted(String),
    /// Why a result could not be stored.
    #[error("could not cache the result, which will be built again next time: {0}")]
    NotCached(String),
    /// Why nothing could be removed from the cache.
    #[error("could not reduce the cache to its size limit: {0}")]
    CacheTooLarge(String),
    /// A shared cache does not work, and the run goes on without it: which, and why.
    #[error("going on without the shared cache {0}: {1}")]
    SharedCacheLeft(String, String),
    /// A result of a shared cache is not what it should be: which cache, and why.
    #[error("a result of the shared cache {0} was not used: {1}")]
    SharedRefused(String, String),
    /// A result could not be put into a shared cache: which, and why.
    #[error("could not put the result into the shared cache {0}: {1}")]
    NotShared(String, String),
    /// What a Job of a cluster waits for: its name, and what the cluster says.
    #[error("job {0} waits: {1}")]
    JobWaits(String, String),
    /// Work that the cluster took away is begun again: what happened.
    #[error("beginning again: {0}")]
    WorkAgain(String),
    /// A Job of a cluster is left there: its name.
    #[error("job {0} is left on the cluster: the same command follows it or takes its result")]
    JobLeft(String),
    /// What is wrong with a result in the cache.
    #[error("the cached result is corrupt; removed it and rebuilding: {0}")]
    CacheCorrupt(String),
    /// Why a corrupt result is still in the cache.
    #[error("could not remove the corrupt result: {0}")]
    CorruptKept(String),
    /// Why a result that failed its checks is still in the cache.
    #[error("could not remove the refuted result from the cache: {0}; use `kmembuild cache prune`")]
    RefutedKept(String),
    /// The recipe, of which there is another text now.
    #[error("recipe {0} differs from the one used for this result; using the result's own plan")]
    OtherRecipe(String),
    /// Why the image that a result was built in cannot be used again.
    #[error("using a different image: {0}")]
    OtherImage(String),
    /// Others than the owner of a signing key can use it: its file, and the permission bits of that.
    #[error(
        "others than its owner can read or change the signing key {path} (mode {1:04o}); use `chmod 600 {path}`", path = .0.display()
    )]
    ExposedKey(PathBuf, u32),
    /// Packages are signed with a key that an old rpm cannot check.
    #[error("the rpm of CentOS 7 cannot check signatures by an Ed25519 key; use an RSA key for it")]
    NotForOldRpm,
    /// A release has lost its signature.
    #[error(
        "the release was signed before and is not signed now, because no signing key was given"
    )]
    NoLongerSigned,
    /// A directory of results that no target of the release has.
    #[error(
        "{} does not belong to this release, so `kmembuild verify` will fail", .0.display()
    )]
    ForeignResult(PathBuf),
    /// The record of a failed build that no target of the release has.
    #[error(
        "{} is left over from a failed build and does not belong to this release, so `kmembuild verify` will fail", .0.display()
    )]
    ForeignFailure(PathBuf),
    /// A repository that the release file does not have any more.
    #[error(
        "the repository {} is no longer part of this release, so `kmembuild verify` will fail", .0.display()
    )]
    ForeignRepository(PathBuf),
    /// A file in the cache that is not the tool's: which, and by what sign.
    #[error("{0}; kept as it is")]
    ForeignFile(String),
    /// Something of the cache: what, and why.
    #[error("could not read {0}: {1}")]
    Unreadable(String, String),
    /// What is on the engine is missing from a list of the cache: why.
    #[error("could not list compile caches and images: {0}")]
    EngineUnlisted(String),
    /// Why a list of the cache has no sizes.
    #[error("could not determine the size of the compile caches: {0}")]
    SizesUnknown(String),
    /// A result in the cache: the first digits of its key.
    #[error("{0} was not removed: a running build uses it")]
    InUse(String),
    /// A result in the cache: the first digits of its key, and why.
    #[error("could not remove {0}: {1}")]
    NotRemoved(String, String),
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Text::of(self).serialize(serializer)
    }
}

/// How a message stands in JSON.
#[derive(Serialize)]
pub(super) struct Text {
    text: String,
}

impl Text {
    pub(super) fn of(message: &impl ToString) -> Self {
        let text = message.to_string();
        Self { text }
    }
}
