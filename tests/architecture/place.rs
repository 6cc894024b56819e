//! Where a source file stands: in which module of the library, in the binary, or beside both.

use crate::table::BINARY;

/// What a source file belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `src/lib.rs`, which names the modules and holds nothing.
    Root,
    /// A file of a top-level module of the library; the name is not checked against the table.
    Module(String),
    /// The binary.
    Binary,
    /// Tests, examples and benches.
    Outside,
}

impl Place {
    /// Returns the place of a file by its path from the project's root.
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with(BINARY) {
            return Self::Binary;
        }
        match path.strip_prefix("src/") {
            None => Self::Outside,
            Some("lib.rs") => Self::Root,
            Some(inner) => {
                let first = inner.split('/').next().unwrap_or(inner);
                Self::Module(first.strip_suffix(".rs").unwrap_or(first).to_owned())
            }
        }
    }

    /// Returns the name by which the tables know this place, or none where the tables do not apply.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Root => Some("lib"),
            Self::Module(name) => Some(name),
            Self::Binary => Some("bin"),
            Self::Outside => None,
        }
    }

    /// Says whether this is code of the library.
    pub(crate) fn is_library(&self) -> bool {
        matches!(self, Self::Root | Self::Module(_))
    }
}

/// Returns the path of the module that a file holds: `src/tree/node.rs` is `crate::tree::node`.
pub(crate) fn module_path(path: &str) -> Vec<String> {
    let inner = path
        .strip_prefix(BINARY)
        .or_else(|| path.strip_prefix("src/"))
        .unwrap_or(path);
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    let mut module = vec!["crate".to_owned()];
    module.extend(inner.split('/').map(str::to_owned));
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    module
}
