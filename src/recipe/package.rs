//! Checks of the section `package` as a whole.

use std::collections::BTreeSet;

use super::check::Checker;
use super::error::RecipeError;
use super::schema::{Output, Package, PackageFile, PackageFormat, Recipe};

impl Checker<'_> {
    pub(super) fn package(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        let Some(package) = &recipe.package else {
            return Ok(());
        };
        self.package_lines(package)?;
        let outputs: Vec<_> = recipe.outputs.iter().map(Output::file_name).collect();
        for file in &package.files {
            self.package_file(file, &outputs)?;
        }
        for format in PackageFormat::ALL {
            let mut seen = BTreeSet::new();
            for file in package.files.iter().filter(|file| file.is_in(format)) {
                let path = file.path.value.as_str();
                if !seen.insert(path) {
                    let message = format!("the {format} has two files `{path}`");
                    return Err(self.document.refuse(file.path.referenced, message));
                }
            }
            self.package_service(package, format)?;
        }
        if package.files.iter().all(|file| file.output.is_none()) {
            let message = "`package` needs at least one file with an `output`".to_owned();
            return Err(self.document.refuse(package.name.referenced, message));
        }
        Ok(())
    }

    /// Both package managers store each of these in one line.
    fn package_lines(&self, package: &Package) -> Result<(), RecipeError> {
        let lines = [
            Some(&package.summary),
            Some(&package.license),
            package.homepage.as_ref(),
            package.maintainer.as_ref(),
        ];
        for line in lines.into_iter().flatten() {
            if line.value.trim().is_empty() || line.value.contains(char::is_control) {
                let message = "expected one line of text here".to_owned();
                return Err(self.document.refuse(line.referenced, message));
            }
        }
        Ok(())
    }

    fn package_file(&self, file: &PackageFile, outputs: &[&str]) -> Result<(), RecipeError> {
        let path = file.path.value.as_str();
        let kinds = [
            file.output.is_some(),
            file.text.is_some(),
            file.link.is_some(),
        ];
        if kinds.into_iter().filter(|kind| *kind).count() != 1 {
            let message = format!("`{path}` needs exactly one of `output`, `text` and `link`");
            return Err(self.document.refuse(file.path.referenced, message));
        }
        if file.link.is_some() && (file.config || file.mode.is_some()) {
            let message =
                format!("`{path}` is a link, so `mode` and `config` do not apply; remove them");
            return Err(self.document.refuse(file.path.referenced, message));
        }
        let Some(output) = &file.output else {
            return Ok(());
        };
        let name = output.value.as_str();
        if outputs.contains(&name) {
            return Ok(());
        }
        let message = format!("there is no output `{name}`");
        let outputs = outputs.iter().copied();
        Err(self
            .document
            .refuse_name(output.referenced, message, name, outputs))
    }

    fn package_service(&self, package: &Package, format: PackageFormat) -> Result<(), RecipeError> {
        let Some(service) = &package.service else {
            return Ok(());
        };
        let ending = format!("/{}", service.value.as_str());
        let mut files = package.files.iter().filter(|file| file.is_in(format));
        if files.any(|file| file.path.value.as_str().ends_with(&ending)) {
            return Ok(());
        }
        let message = format!(
            "the {format} has no file for the unit `{}`",
            service.value.as_str()
        );
        Err(self.document.refuse(service.referenced, message))
    }
}
