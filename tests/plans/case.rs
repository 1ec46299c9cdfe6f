//! A recipe, a request and facts, to make a plan from.

use std::path::PathBuf;

use kmembuild::checksum::sha256_hex;
use kmembuild::facts::{Facts, GitFacts, SourceFacts};
use kmembuild::library::{Library, LoadedRecipe};
use kmembuild::plan::{Plan, PlanError, PlannedImage, PlannedPatch, PlannedSource, Request};
use kmembuild::plan::{canonical_json, make_plan};
use kmembuild::recipe::{Recipe, Source, Version, to_yaml};

/// What a plan is made from; a test changes the parts that it is about.
#[derive(Clone)]
pub struct Case {
    pub recipe: Recipe,
    pub request: Request,
    pub facts: Facts,
}

/// A shipped recipe.
pub fn shipped(name: &str) -> LoadedRecipe {
    Library::new(Vec::new())
        .load(name)
        .expect("a shipped recipe")
}

/// The file with the facts of one version.
pub fn facts_file(recipe: &str, version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/facts")
        .join(recipe)
        .join(format!("{version}.json"))
}

/// All tags that the shipped recipe of runc knows, in their order.
pub fn known_tags() -> Vec<String> {
    match shipped("runc").recipe.source {
        Source::Git(git) => git.tags.keys().map(Version::to_string).collect(),
        Source::Directory(_) => panic!("runc comes from git"),
    }
}

impl Case {
    /// A shipped recipe at a version with checked-in facts, for the engine's own architecture, amd64.
    pub fn new(name: &str, version: &str) -> Self {
        let loaded = shipped(name);
        let file = facts_file(name, version);
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!(
                "no facts of {name} {version} are checked in ({error}); see examples/read_facts.rs"
            )
        });
        let mut facts: Facts = serde_json::from_str(&text).expect("facts");
        // The digests of what is shipped are facts, too, and are not those of the day the tag was read.
        facts.recipe_sha256 = loaded.sha256;
        let patches = loaded.patches.into_iter();
        facts.patches = patches
            .map(|(file, text)| (file, sha256_hex(text.as_bytes())))
            .collect();
        Self {
            recipe: loaded.recipe,
            request: Request::default(),
            facts,
        }
    }

    /// runc from git at `tag`.
    pub fn runc(tag: &str) -> Self {
        Self::new("runc", tag)
    }

    /// The same with a changed request.
    pub fn asking(mut self, change: impl FnOnce(&mut Request)) -> Self {
        change(&mut self.request);
        self
    }

    /// The facts of the commit.
    pub fn git(&mut self) -> &mut GitFacts {
        match &mut self.facts.source {
            SourceFacts::Git(git) => git,
            SourceFacts::Directory => panic!("the source is a folder"),
        }
    }

    /// The plan, or why there is none.
    pub fn make(&self) -> Result<Plan, PlanError> {
        make_plan(&self.recipe, &self.request, &self.facts)
    }

    /// The plan that has to be possible.
    #[track_caller]
    pub fn plan(&self) -> Plan {
        self.make().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Why there must be no plan.
    #[track_caller]
    pub fn refusal(&self) -> PlanError {
        match self.make() {
            Err(error) => error,
            Ok(plan) => panic!("this was planned:\n{}", canonical_json(&plan)),
        }
    }

    /// The plan as `kmembuild plan` prints it. Left out is what follows from the rest and would change in every file
    /// with every edit of a recipe: digests of shipped files and the text of the lean Dockerfile. That they are right
    /// is asserted here.
    #[track_caller]
    pub fn golden(&self) -> String {
        let mut plan = self.plan();
        assert_eq!(plan.check(), Ok(()));
        assert_eq!(plan.recipe.sha256, self.facts.recipe_sha256);
        "(of the recipe)".clone_into(&mut plan.recipe.sha256);
        if let PlannedSource::Git { patches, .. } = &mut plan.source {
            self.hide_digests(patches);
        }
        match &mut plan.image {
            PlannedImage::Dockerfile {
                text,
                patches,
                identity,
                ..
            } => {
                self.hide_digests(patches);
                hide_identity(identity);
                if let Some(text) = text {
                    let lean = self.recipe.images.lean.as_ref().expect("a lean image");
                    assert_eq!(*text, lean.dockerfile);
                    "(of the recipe)".clone_into(text);
                }
            }
            PlannedImage::Debian(debian) => hide_identity(&mut debian.identity),
            PlannedImage::Registry(_)
            | PlannedImage::Archive { .. }
            | PlannedImage::Container { .. } => {}
        }
        to_yaml(&plan).expect("a plan has a form in YAML")
    }

    fn hide_digests(&self, patches: &mut [PlannedPatch]) {
        for patch in patches {
            assert_eq!(Some(&patch.sha256), self.facts.patches.get(&patch.file));
            "(of the patch)".clone_into(&mut patch.sha256);
        }
    }
}

fn hide_identity(identity: &mut String) {
    assert_eq!(identity.len(), 64, "{identity}");
    "(of the image)".clone_into(identity);
}
