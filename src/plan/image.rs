//! Plans the toolchain image.

use std::collections::BTreeMap;

use super::choose::{Choice, choose_patches, expand_map};
use super::digest::canonical_json;
use super::error::{PlanError, RequestedImage};
use super::mirrors::{Places, candidates};
use super::types::{BaseImage, Plan, PlannedDebian, PlannedImage, PlannedSource, Via};
use crate::checksum::sha256_hex;
use crate::facts::{ContainerFacts, SourceFacts};
use crate::recipe::{
    DebianImage, ImageName, ImageWay, LeanImage, PatchTarget, RegistryImage, UpstreamImage,
};

impl Choice<'_> {
    pub(super) fn image(
        &self,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedImage, PlanError> {
        if let Some(container) = &self.facts.container {
            return self.container(container);
        }
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
                (Some(name), _) => {
                    Some(PlannedImage::Registry(self.base_image(name.as_str(), &[])))
                }
                (None, Some(image)) => {
                    let name = self.upstream_image_name(values)?;
                    Some(PlannedImage::Registry(self.base_image(&name, &image.also)))
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
            ImageWay::Debian => images
                .debian
                .as_ref()
                .map(|image| self.debian(image))
                .transpose()?,
        };
        planned.ok_or_else(|| {
            let known: Vec<_> = images.described().map(|way| way.to_string()).collect();
            PlanError::ImageWay {
                recipe: self.recipe.name.to_string(),
                way: way.to_string(),
                known: known.join(", "),
            }
        })
    }

    /// The container that the tool runs in is the image, whatever the recipe has; what is asked for expressly is refused.
    fn container(&self, container: &ContainerFacts) -> Result<PlannedImage, PlanError> {
        let asked = match (self.request.image, &self.request.image_name) {
            (Some(way), _) => Some(RequestedImage::Way(way)),
            (None, Some(name)) => Some(RequestedImage::Name(name.to_string())),
            (None, None) => {
                let archive = self.facts.image_archive.as_ref();
                archive.map(|archive| RequestedImage::Archive(archive.image_id.clone()))
            }
        };
        match asked {
            Some(asked) => Err(PlanError::InContainer { asked }),
            None => Ok(PlannedImage::Container {
                identity: container.identity.clone(),
            }),
        }
    }

    pub(super) fn base_image(&self, name: &str, also: &[ImageName]) -> BaseImage {
        let places = Places {
            first: &self.request.mirrors,
            moved_registries: &self.recipe.images.moved_registries,
            also,
            last: &self.recipe.images.mirrors,
        };
        BaseImage {
            name: name.to_owned(),
            candidates: candidates(name, &places),
        }
    }

    /// Upstream's name for the image that it builds in.
    pub(super) fn upstream_image_name(
        &self,
        values: &BTreeMap<String, String>,
    ) -> Result<String, PlanError> {
        let Some(RegistryImage {
            name, arguments, ..
        }) = &self.recipe.images.registry
        else {
            return Err(self.unknown_name("the recipe does not define it".to_owned()));
        };
        let written = self.required(name, values, "the registry image's name")?;
        let arguments = expand_map(arguments, values);
        let name = put_in(&written, &arguments);
        match name.parse::<ImageName>() {
            Ok(_) => Ok(name),
            Err(reason) => {
                Err(self.unknown_name(format!("{written:?} expands to {name:?}, and {reason}")))
            }
        }
    }

    fn unknown_name(&self, reason: String) -> PlanError {
        PlanError::ImageName {
            version: self.label.clone(),
            reason,
        }
    }

    fn upstream_bases(&self) -> Result<Vec<BaseImage>, PlanError> {
        let names = match &self.facts.source {
            SourceFacts::Git(git) => git.files.base_images.as_slice(),
            SourceFacts::Directory => &[],
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
        Ok(names
            .iter()
            .map(|name| self.base_image(name, &[]))
            .collect())
    }

    fn upstream(
        &self,
        image: &UpstreamImage,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedImage, PlanError> {
        let SourceFacts::Git(git) = &self.facts.source else {
            unreachable!("a recipe whose source is a directory cannot describe upstream's image");
        };
        let bases = self.upstream_bases()?;
        let patches = choose_patches(
            self.recipe,
            self.facts,
            &self.version,
            self.class,
            PatchTarget::ImageContext,
        );
        let arguments = expand_map(&image.arguments, values);
        let dockerfile = image.dockerfile.to_string();
        Ok(identified(
            PlannedImage::Dockerfile {
                way: ImageWay::Upstream,
                bases,
                dockerfile,
                text: None,
                patches,
                arguments,
                identity: String::new(),
            },
            &git.tree,
        ))
    }

    fn lean(
        &self,
        image: &LeanImage,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedImage, PlanError> {
        let bases = match &image.base {
            Some(base) => vec![self.base_image(base.as_str(), &[])],
            // The image is the result of the last of upstream's stages.
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
        Ok(identified(
            PlannedImage::Dockerfile {
                way: ImageWay::Lean,
                bases,
                dockerfile: "Dockerfile".to_owned(),
                text: Some(image.dockerfile.clone()),
                patches: Vec::new(),
                arguments,
                identity: String::new(),
            },
            "",
        ))
    }

    fn debian(&self, image: &DebianImage) -> Result<PlannedImage, PlanError> {
        if let Some(versions) = &image.versions
            && !versions.contains(&self.version)
        {
            return Err(PlanError::DebianImage {
                suite: image.suite.to_string(),
                recipe: self.recipe.name.to_string(),
                version: self.label.clone(),
                versions: versions.to_string(),
            });
        }
        let mut architectures = vec![self.facts.engine_architecture.clone()];
        let mut packages = image.packages.clone();
        let mut preferences = None;
        if self.request.via == Via::RunSh {
            packages.extend(image.run_sh_packages.iter().cloned());
        }
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
        let links = image.links.iter();
        let links = links.map(|(link, target)| (link.to_string(), target.to_string()));
        let variables = image.environment.iter();
        let variables = variables.map(|(name, value)| (name.to_string(), value.clone()));
        Ok(identified(
            PlannedImage::Debian(PlannedDebian {
                suite: image.suite.to_string(),
                architectures,
                packages: packages.iter().map(ToString::to_string).collect(),
                preferences,
                links: links.collect(),
                environment: variables.collect(),
                identity: String::new(),
            }),
            "",
        ))
    }
}

/// The image with its identity.
fn identified(mut image: PlannedImage, tree: &str) -> PlannedImage {
    let computed = identity(&image, tree).unwrap_or_default();
    match &mut image {
        PlannedImage::Dockerfile { identity, .. }
        | PlannedImage::Debian(PlannedDebian { identity, .. }) => *identity = computed,
        PlannedImage::Registry(_)
        | PlannedImage::Archive { .. }
        | PlannedImage::Container { .. } => {}
    }
    image
}

/// Sha256 of everything that an image of this tool's is made from; `tree` is the source's, where that is the context of
/// the image build. `None` for an image that is not made.
fn identity(image: &PlannedImage, tree: &str) -> Option<String> {
    let text = match image {
        PlannedImage::Registry(_)
        | PlannedImage::Archive { .. }
        | PlannedImage::Container { .. } => return None,
        PlannedImage::Dockerfile {
            way: _,
            bases,
            dockerfile,
            text: None,
            patches,
            arguments,
            identity: _,
        } => {
            let names: Vec<_> = bases.iter().map(|base| &base.name).collect();
            canonical_json(&(tree, &names, dockerfile, patches, arguments))
        }
        // The recipe's own Dockerfile is alone in its context; its base is among its arguments.
        PlannedImage::Dockerfile {
            text: Some(text),
            arguments,
            ..
        } => canonical_json(&(text, arguments)),
        PlannedImage::Debian(PlannedDebian {
            suite,
            architectures,
            packages,
            preferences,
            links,
            environment,
            identity: _,
        }) => {
            let content = (suite, architectures, packages, preferences);
            canonical_json(&(&content, links, environment))
        }
    };
    Some(sha256_hex(text.as_bytes()))
}

impl Plan {
    /// Sha256 of everything that the image is made from, computed; `None` for an image that is not made.
    pub fn image_identity(&self) -> Option<String> {
        match &self.source {
            PlannedSource::Git { tree, .. } => identity(&self.image, tree),
            PlannedSource::Directory { .. } => identity(&self.image, ""),
        }
    }
}

/// `text` with `$NAME`, `${NAME}` and the bare word `NAME` replaced by the argument `NAME`.
///
/// Kubernetes writes the tag of its image as a bare word that its script replaces, or as build arguments.
fn put_in(text: &str, arguments: &BTreeMap<String, String>) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut result = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let begin = if first == '$' {
            rest.len() - rest[1..].trim_start_matches('{').len()
        } else {
            0
        };
        let word = &rest[begin..];
        let word = &word[..word.find(|c| !is_part(c)).unwrap_or(word.len())];
        let mut end = begin + word.len();
        if rest[..begin].ends_with('{') && rest[end..].starts_with('}') {
            end += 1;
        }
        // Characters that are not part of a word are copied.
        let end = end.max(first.len_utf8());
        result.push_str(arguments.get(word).map_or(&rest[..end], String::as_str));
        rest = &rest[end..];
    }
    result
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::put_in;

    #[test]
    fn the_three_forms_of_a_from_line_are_read() {
        let arguments = BTreeMap::from(
            [
                ("KUBE_BUILD_IMAGE_CROSS_TAG", "v1.12.10-1"),
                ("KUBE_BASE_IMAGE_REGISTRY", "k8s.gcr.io/build-image"),
                ("KUBE_CROSS_IMAGE", "k8s.gcr.io/build-image/kube-cross"),
                ("KUBE_CROSS_VERSION", "v1.23.0-go1.17.3-bullseye.0"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        for (written, name) in [
            (
                "k8s.gcr.io/kube-cross:KUBE_BUILD_IMAGE_CROSS_TAG",
                "k8s.gcr.io/kube-cross:v1.12.10-1",
            ),
            (
                "${KUBE_BASE_IMAGE_REGISTRY}/kube-cross:${KUBE_BUILD_IMAGE_CROSS_TAG}",
                "k8s.gcr.io/build-image/kube-cross:v1.12.10-1",
            ),
            (
                "$KUBE_CROSS_IMAGE:$KUBE_CROSS_VERSION",
                "k8s.gcr.io/build-image/kube-cross:v1.23.0-go1.17.3-bullseye.0",
            ),
            ("golang:1.17", "golang:1.17"),
            ("a/${UNKNOWN}:1", "a/${UNKNOWN}:1"),
            ("a/MY_KUBE_CROSS_IMAGE_2:1$", "a/MY_KUBE_CROSS_IMAGE_2:1$"),
            ("é$", "é$"),
        ] {
            assert_eq!(put_in(written, &arguments), name, "{written}");
        }
    }
}
