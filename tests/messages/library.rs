//! Errors of recipes and of the library.

use kmembuild::library::LibraryError;
use kmembuild::recipe::{Diagnostic, RecipeError};

use super::{Message, system};

pub(super) fn refused() -> RecipeError {
    let text = "format: 1\nnmae: tool\n";
    let message = "unknown field `nmae`; the fields allowed here are format, name".to_owned();
    let suggestion = Some("name".to_owned());
    RecipeError::Invalid(Box::new(Diagnostic::new(
        "tool.yaml",
        text,
        (2, 1),
        message,
        suggestion,
    )))
}

pub(super) fn messages() -> Vec<Message> {
    let file = "tool.yml";
    let name = || "tool".to_owned();
    let recipe = samples!("recipe", RecipeError: Invalid (match refused() {
        RecipeError::Invalid(diagnostic) => diagnostic,
    }));
    let library = samples!("library", explained LibraryError:
        Unknown
            { name: "runk".to_owned(), nearest: Some("runc".to_owned()), known: "kubelet, runc".to_owned() }
            { name: "frob".to_owned(), nearest: None, known: "kubelet, runc".to_owned() },
        Refused (refused()),
        NameDiffers { file: file.to_owned(), name: name() },
        Ending { path: file.into() },
        TooLarge { path: file.into(), limit: 1 << 20 },
        Unreadable { path: file.into(), source: system() },
        WouldOverwrite { path: file.into() },
        Unwritable { path: file.into(), source: system() },
    );
    recipe.into_iter().chain(library).collect()
}
