//! Finds, reads and exports recipes.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::embedded::{PATCHES, RECIPES};
use super::error::LibraryError;
use crate::checksum::sha256_hex;
use crate::recipe::{Recipe, nearest, parse_advisories, parse_recipe};
use crate::regular_file;

/// The available recipes; the user's own replace shipped ones of the same name.
pub struct Library {
    folders: Vec<PathBuf>,
    /// Names of the patches in the directories that were looked into.
    patches: Mutex<BTreeMap<PathBuf, Arc<[String]>>>,
}

/// The origin of a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built into the binary.
    Embedded,
    /// A directory of the user.
    Directory(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Embedded => f.write_str("built in"),
            Origin::Directory(folder) => write!(f, "{}", folder.display()),
        }
    }
}

/// The name and origin of a recipe that has not been read yet.
#[derive(Debug, Clone)]
pub struct ListedRecipe {
    /// Name of the recipe.
    pub name: String,
    /// Its origin.
    pub origin: Origin,
    /// Whether it replaces a shipped recipe of the same name.
    pub replaces_embedded: bool,
}

/// A recipe that was read and checked, with its patches.
#[derive(Debug, Clone)]
pub struct LoadedRecipe {
    /// The recipe.
    pub recipe: Recipe,
    /// Its text.
    pub text: String,
    /// Sha256 of its text.
    pub sha256: String,
    /// Its origin.
    pub origin: Origin,
    /// Texts of the patches in the recipe, by file.
    pub patches: BTreeMap<String, String>,
    /// Text of the known holes of what it builds, `advisories/NAME.yaml` beside the recipe.
    pub advisories: Option<String>,
}

impl Library {
    /// The library with the user's directories in order of precedence. A directory contains `NAME.yaml` files and a
    /// directory `patches`. A directory that does not exist counts as empty.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self {
            folders,
            patches: Mutex::default(),
        }
    }

    /// All recipes by name. If several have the same name, it is the one that is used.
    ///
    /// # Errors
    /// [`LibraryError::Unreadable`] for a directory that exists and cannot be listed.
    pub fn list(&self) -> Result<Vec<ListedRecipe>, LibraryError> {
        let mut found: BTreeMap<String, ListedRecipe> = BTreeMap::new();
        for file in RECIPES.files() {
            if let Some(name) = recipe_name(file.path()) {
                let listed = ListedRecipe {
                    name,
                    origin: Origin::Embedded,
                    replaces_embedded: false,
                };
                found.insert(listed.name.clone(), listed);
            }
        }
        for folder in self.folders.iter().rev() {
            for entry in entries(folder)? {
                if let Some(name) = recipe_name(&entry.path()) {
                    let listed = ListedRecipe {
                        replaces_embedded: RECIPES.get_file(format!("{name}.yaml")).is_some(),
                        origin: Origin::Directory(folder.clone()),
                        name,
                    };
                    found.insert(listed.name.clone(), listed);
                }
            }
        }
        Ok(found.into_values().collect())
    }

    /// Reads and checks the recipe `name`.
    ///
    /// # Errors
    /// [`LibraryError::Unknown`], [`LibraryError::Refused`], and those of reading.
    pub fn load(&self, name: &str) -> Result<LoadedRecipe, LibraryError> {
        // Not found in a list of all of them: who reads every recipe would list them as often.
        let is_name = !name.is_empty() && !name.contains('/');
        for folder in self.folders.iter().filter(|_| is_name) {
            let (file, other) = (format!("{name}.yaml"), format!("{name}.yml"));
            let (file, other) = (folder.join(file), folder.join(other));
            if is_there(&file).map_err(unreadable(folder))? {
                return self.read(&file);
            }
            // Silently using the built-in recipe would hide the wrong extension.
            if is_there(&other).map_err(unreadable(folder))? {
                return Err(LibraryError::Ending { path: other });
            }
        }
        if is_name && RECIPES.get_file(format!("{name}.yaml")).is_some() {
            return load_embedded(name);
        }
        let listed = self.list()?;
        let names: Vec<_> = listed.iter().map(|entry| entry.name.as_str()).collect();
        Err(LibraryError::Unknown {
            name: name.to_owned(),
            nearest: nearest(name, names.iter().copied()),
            known: names.join(", "),
        })
    }

    /// Reads and checks a recipe file in any place; its patches are in the directory `patches` next to it.
    ///
    /// # Errors
    /// The same as for [`Library::load`].
    pub fn load_file(&self, file: &Path) -> Result<LoadedRecipe, LibraryError> {
        self.read(file)
    }

    fn read(&self, path: &Path) -> Result<LoadedRecipe, LibraryError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let patches = folder.join("patches");
        let names = self.patches_in(&patches)?;
        read(path, &patches, &names)
    }

    /// Names of the patches in a directory, which is listed once however many recipes are beside it.
    fn patches_in(&self, folder: &Path) -> Result<Arc<[String]>, LibraryError> {
        let mut listed = self.patches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = listed.get(folder) {
            return Ok(Arc::clone(names));
        }
        let mut names = Vec::new();
        list_files(folder, "", &mut names)?;
        let names: Arc<[String]> = names.into();
        listed.insert(folder.to_owned(), Arc::clone(&names));
        Ok(names)
    }
}

/// Whether there is something of this name, if only a link that leads nowhere.
fn is_there(path: &Path) -> std::io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl LoadedRecipe {
    /// Writes the recipe, its patches and its advisories into `folder`, so that they can be changed. Returns the files.
    ///
    /// # Errors
    /// [`LibraryError::WouldOverwrite`] before anything is written; [`LibraryError::Unwritable`].
    pub fn export(&self, folder: &Path) -> Result<Vec<PathBuf>, LibraryError> {
        let patches = self
            .patches
            .iter()
            .map(|(file, text)| (folder.join("patches").join(file), text));
        let name = self.recipe.name.as_str();
        let recipe = (folder.join(format!("{name}.yaml")), &self.text);
        let advisories = self.advisories.iter();
        let advisories = advisories.map(|text| (folder.join(advisories_file(name)), text));
        let files: Vec<_> = std::iter::once(recipe)
            .chain(patches)
            .chain(advisories)
            .collect();
        // Anything of this name whose contents differ, including a dangling link.
        let differs = |path: &Path, text: &str| {
            fs::symlink_metadata(path).is_ok()
                && !fs::read(path).is_ok_and(|old| old == text.as_bytes())
        };
        if let Some((path, _)) = files.iter().find(|(path, text)| differs(path, text)) {
            return Err(LibraryError::WouldOverwrite { path: path.clone() });
        }
        for (path, text) in &files {
            let unwritable = |source| LibraryError::Unwritable {
                path: path.clone(),
                source,
            };
            fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(unwritable)?;
            let mut file = fs::File::create(path).map_err(unwritable)?;
            file.write_all(text.as_bytes()).map_err(unwritable)?;
        }
        Ok(files.into_iter().map(|(path, _)| path).collect())
    }
}

fn recipe_name(path: &Path) -> Option<String> {
    let extension = path.extension()?;
    let name = path.file_stem()?.to_str()?;
    (extension == "yaml" || extension == "yml").then(|| name.to_owned())
}

fn load_embedded(name: &str) -> Result<LoadedRecipe, LibraryError> {
    let file = format!("{name}.yaml");
    let text = RECIPES
        .get_file(&file)
        .and_then(|file| file.contents_utf8())
        .unwrap_or_default();
    let patches = embedded_patches(&PATCHES);
    let names: Vec<String> = patches.keys().cloned().collect();
    let read = |name: &str| Ok(patches.get(name).cloned().unwrap_or_default());
    let advisories = RECIPES.get_file(advisories_file(name));
    let advisories = advisories.and_then(|file| file.contents_utf8());
    let file = format!("{file} (built in)");
    let loaded = finish(&file, text.to_owned(), Origin::Embedded, &names, &read)?;
    with_advisories(loaded, &file, advisories.map(str::to_owned))
}

/// Where the known holes of what a recipe builds are, beside the recipe.
fn advisories_file(name: &str) -> String {
    format!("advisories/{name}.yaml")
}

fn with_advisories(
    mut loaded: LoadedRecipe,
    file: &str,
    text: Option<String>,
) -> Result<LoadedRecipe, LibraryError> {
    if let Some(text) = &text {
        let advisories = parse_advisories(file, text).map_err(LibraryError::Refused)?;
        loaded.recipe.advisories = Some(advisories);
    }
    loaded.advisories = text;
    Ok(loaded)
}

fn embedded_patches(folder: &include_dir::Dir<'_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for file in folder.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            found.insert(path.to_owned(), text.to_owned());
        }
    }
    for inner in folder.dirs() {
        found.extend(embedded_patches(inner));
    }
    found
}

fn read(path: &Path, patches: &Path, names: &[String]) -> Result<LoadedRecipe, LibraryError> {
    let text = read_text(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let origin = Origin::Directory(folder.to_path_buf());
    let file = path.display().to_string();
    let read_patch = |name: &str| read_text(&patches.join(name));
    let loaded = finish(&file, text, origin, names, &read_patch)?;
    if path
        .file_stem()
        .is_some_and(|stem| stem != loaded.recipe.name.as_str())
    {
        let name = loaded.recipe.name.to_string();
        return Err(LibraryError::NameDiffers {
            file: path.display().to_string(),
            name,
        });
    }
    let advisories = folder.join(advisories_file(loaded.recipe.name.as_str()));
    let text = match read_text(&advisories) {
        Ok(text) => Some(text),
        Err(LibraryError::Unreadable { source, .. })
            if source.kind() == std::io::ErrorKind::NotFound =>
        {
            None
        }
        Err(error) => return Err(error),
    };
    with_advisories(loaded, &advisories.display().to_string(), text)
}

/// Maximum size of a recipe or a patch, in bytes; real ones have a few thousand.
const LARGEST_FILE: u64 = 16 << 20;

/// A whole file, unless it is so large that it must be a mistake, or is endless.
fn read_text(path: &Path) -> Result<String, LibraryError> {
    let mut text = String::new();
    let read = regular_file::open(path)
        .and_then(|file| file.take(LARGEST_FILE + 1).read_to_string(&mut text));
    if read.map_err(unreadable(path))? as u64 > LARGEST_FILE {
        let (path, limit) = (path.to_path_buf(), LARGEST_FILE);
        return Err(LibraryError::TooLarge { path, limit });
    }
    Ok(text)
}

/// What is in a directory; nothing in one that does not exist.
fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, LibraryError> {
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .collect::<Result<_, _>>()
            .map_err(unreadable(folder)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unreadable(folder)(error)),
    }
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> LibraryError {
    |source| LibraryError::Unreadable {
        path: path.to_path_buf(),
        source,
    }
}

/// Names of the files below `folder`, with `/` between their parts. Links to directories are not followed, because
/// they may lead back.
fn list_files(folder: &Path, prefix: &str, found: &mut Vec<String>) -> Result<(), LibraryError> {
    for entry in entries(folder)? {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(unreadable(folder))?;
        if kind.is_dir() {
            list_files(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.push(name);
        }
    }
    Ok(())
}

/// Checks a recipe and reads the patches in it. Other files in the directory are ignored.
fn finish(
    file: &str,
    text: String,
    origin: Origin,
    patches: &[String],
    read_patch: &dyn Fn(&str) -> Result<String, LibraryError>,
) -> Result<LoadedRecipe, LibraryError> {
    let recipe = parse_recipe(file, &text, patches).map_err(LibraryError::Refused)?;
    let used = recipe.patches.iter().map(|patch| patch.file.value.as_str());
    let patches = used
        .map(|name| Ok((name.to_owned(), read_patch(name)?)))
        .collect::<Result<_, _>>()?;
    Ok(LoadedRecipe {
        sha256: sha256_hex(text.as_bytes()),
        recipe,
        text,
        origin,
        patches,
        advisories: None,
    })
}
