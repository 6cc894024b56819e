//! What the rules look at: the paths, imports, modules, macros, methods and functions of one source file.
//!
//! Facts are plain data. `scan` collects them, `resolve` makes paths absolute, the rules judge.

use std::collections::{BTreeMap, BTreeSet};

/// A path as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// The module in which it was written, from `crate`.
    pub(crate) scope: Vec<String>,
    /// Its segments; the last is `*` for a glob.
    pub(crate) segments: Vec<String>,
    /// Where it was written.
    pub(crate) line: usize,
    /// Whether only test builds compile it.
    pub(crate) in_test: bool,
    /// Whether it names something outside of this crate for sure (`::name`).
    pub(crate) is_global: bool,
}

/// A call by name: a macro, or a method.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The name without path, `!` or `.`.
    pub(crate) name: String,
    /// Where it was written.
    pub(crate) line: usize,
    /// Whether only test builds compile it.
    pub(crate) in_test: bool,
    /// Whether the call is a statement whose value is dropped.
    pub(crate) is_statement: bool,
}

/// A `mod` item.
#[derive(Clone, Debug)]
pub(crate) struct Module {
    /// The module that declares it, from `crate`.
    pub(crate) scope: Vec<String>,
    /// Its name.
    pub(crate) name: String,
    /// Where it was declared.
    pub(crate) line: usize,
    /// Whether only test builds compile it.
    pub(crate) in_test: bool,
}

/// What a function is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A function or method.
    Plain,
    /// A `#[test]`.
    Test,
    /// A `macro_rules!` definition, which tests can call like a function.
    Macro,
}

/// A function, wherever it stands: also in an `impl`, in another function, in a macro's tokens.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) kind: Kind,
    /// The line of its `fn`.
    pub(crate) first_line: usize,
    /// The line of its closing brace.
    pub(crate) last_line: usize,
    /// Whether its own body, or `#[should_panic]`, can make a test fail.
    pub(crate) can_fail: bool,
    /// Every name in its body.
    pub(crate) mentions: BTreeSet<String>,
}

/// Everything that the rules want to know about one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Paths of two or more segments, and everything imported.
    pub(crate) references: Vec<Reference>,
    /// What a name stands for in a module: `(scope, name)` to the written paths.
    pub(crate) imports: BTreeMap<(Vec<String>, String), Vec<Reference>>,
    /// `mod` items.
    pub(crate) modules: Vec<Module>,
    /// Macro calls.
    pub(crate) macros: Vec<Call>,
    /// Method calls.
    pub(crate) methods: Vec<Call>,
    /// Functions.
    pub(crate) functions: Vec<Function>,
    /// Lines with the word `unsafe` as code.
    pub(crate) unsafes: Vec<usize>,
    /// Lines with `#[ignore]` and no reason.
    pub(crate) bare_ignores: Vec<usize>,
    /// Lines with `#[path = …]`.
    pub(crate) path_attributes: Vec<usize>,
    /// Lines with `#[doc(hidden)]`.
    pub(crate) hidden: Vec<usize>,
}
