//! Plans the toolchain image.

use std::collections::BTreeMap;

use serde::Serialize;

use super::choose::{Choice, choose_patches, expand_map};
use super::digest::canonical_json;
use super::error::PlanError;
use super::mirrors::candidates;
use super::types::{BaseImage, PlannedImage};
use crate::checksum::sha256_hex;
use crate::facts::SourceFacts;
use crate::recipe::{DebianImage, ImageWay, LeanImage, PatchTarget, UpstreamImage};

impl Choice<'_> {
    pub(super) fn image(
        &self,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedImage, PlanError> {
        if let Some(archive) = &self.facts.image_archive {
            return Ok(PlannedImage::Archive {
                image_id: archive.image_id.clone(),
            });
        }
        let images = &self.recipe.images;
        let way = match (&self.request.image, &self.request.image_name) {
            (Some(way), _) => *way,
            (None, Some(_)) => ImageWay::Registry,
            (None, None) => images.default.value,
        };
        let planned = match way {
            ImageWay::Registry => match (&self.request.image_name, &images.registry) {
                (Some(name), _) => Some(PlannedImage::Registry(self.base_image(name.as_str()))),
                (None, Some(image)) => {
                    let name = self.required(&image.name, values, "the registry image's name")?;
                    Some(PlannedImage::Registry(self.base_image(&name)))
                }
                (None, None) => None,
            },
            ImageWay::Upstream => images
                .upstream
                .as_ref()
                .map(|image| self.upstream(image, values))
                .transpose()?,
            ImageWay::Lean => images
                .lean
                .as_ref()
                .map(|image| self.lean(image, values))
                .transpose()?,
            ImageWay::Debian => images.debian.as_ref().map(|image| self.debian(image)),
        };
        planned.ok_or_else(|| {
            let described = [
                (images.registry.is_some(), "registry"),
                (images.upstream.is_some(), "upstream"),
                (images.lean.is_some(), "lean"),
                (images.debian.is_some(), "debian"),
            ];
            let known = described
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, name)| *name)
                .collect::<Vec<_>>()
                .join(", ");
            let way = format!("{way:?}").to_lowercase();
            PlanError::ImageWay {
                recipe: self.recipe.name.to_string(),
                way,
                known,
            }
        })
    }

    fn base_image(&self, name: &str) -> BaseImage {
        let candidates = candidates(name, &self.request.mirrors, &self.recipe.images.mirrors);
        BaseImage {
            name: name.to_owned(),
            candidates,
        }
    }

    fn upstream_bases(&self) -> Result<Vec<BaseImage>, PlanError> {
        let names = match &self.facts.source {
            SourceFacts::Git(git) => git.files.base_images.as_slice(),
            SourceFacts::Folder => &[],
        };
        if names.is_empty() {
            let dockerfile = self
                .recipe
                .images
                .upstream
                .as_ref()
                .map_or("Dockerfile", |image| image.dockerfile.as_str());
            return Err(PlanError::NoBaseImage {
                version: self.label.clone(),
                dockerfile: dockerfile.to_owned(),
            });
        }
        Ok(names.iter().map(|name| self.base_image(name)).collect())
    }

    fn upstream(
        &self,
        image: &UpstreamImage,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedImage, PlanError> {
        let SourceFacts::Git(git) = &self.facts.source else {
            unreachable!("a recipe with a folder as source cannot describe upstream's image");
        };
        let bases = self.upstream_bases()?;
        let patches = choose_patches(
            self.recipe,
            self.facts,
            &self.version,
            PatchTarget::ImageContext,
        );
        let arguments = expand_map(&image.arguments, values);
        let dockerfile = image.dockerfile.to_string();
        let names: Vec<_> = bases.iter().map(|base| &base.name).collect();
        let identity = identity(&(&git.tree, &names, &dockerfile, &patches, &arguments));
        Ok(PlannedImage::Dockerfile {
            way: ImageWay::Upstream,
            bases,
            dockerfile,
            text: None,
            patches,
            arguments,
            identity,
        })
    }

    fn lean(
        &self,
        image: &LeanImage,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedImage, PlanError> {
        let bases = match &image.base {
            Some(base) => vec![self.base_image(base.as_str())],
            // Of upstream's stages the last is the one whose result is the image.
            None => self
                .upstream_bases()?
                .into_iter()
                .next_back()
                .into_iter()
                .collect(),
        };
        let mut arguments = expand_map(&image.arguments, values);
        arguments.extend(
            bases
                .iter()
                .map(|base| ("BASE".to_owned(), base.name.clone())),
        );
        let identity = identity(&(&image.dockerfile, &arguments));
        Ok(PlannedImage::Dockerfile {
            way: ImageWay::Lean,
            bases,
            dockerfile: "Dockerfile".to_owned(),
            text: Some(image.dockerfile.clone()),
            patches: Vec::new(),
            arguments,
            identity,
        })
    }

    fn debian(&self, image: &DebianImage) -> PlannedImage {
        let mut architectures = vec![self.facts.engine_architecture.clone()];
        let mut packages = image.packages.clone();
        let mut preferences = None;
        if self.cross {
            architectures.push(self.target.clone());
            let further = image
                .cross
                .iter()
                .find(|(arch, _)| arch.as_str() == self.target);
            if let Some((_, further)) = further {
                packages.extend(further.packages.iter().cloned());
                preferences.clone_from(&further.preferences);
            }
        }
        let suite = image.suite.to_string();
        let environment = &image.environment;
        let identity = identity(&(&suite, &architectures, &packages, &preferences, environment));
        PlannedImage::Debian {
            suite,
            architectures,
            packages,
            preferences,
            environment: image.environment.clone(),
            identity,
        }
    }
}

fn identity<T: Serialize>(parts: &T) -> String {
    sha256_hex(canonical_json(parts).as_bytes())
}
