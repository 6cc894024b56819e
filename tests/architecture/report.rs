//! What a rule reports: one [`Violation`] a finding, printed as `file:line rule what`. Decides nothing.

use std::fmt;

/// One rule of this test, by the name that its findings carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// The file is not made of Rust's tokens.
    Syntax,
    /// A module stands outside of the layer table, or is brought in past it.
    Table,
    /// A module uses a sibling or a module above itself.
    Layer,
    /// The binary reaches past the public API.
    PublicApi,
    /// The pure core does I/O, reads a clock, draws randomness or prints.
    PureCore,
    /// The library does what the binary alone may do: print, read the environment.
    BinaryOnly,
    /// The file system is touched outside of the modules that own it.
    FileSystem,
    /// An outside crate is used outside of the modules that may know it.
    Crate,
    /// A file is too long.
    FileLength,
    /// A function is too long.
    FunctionLength,
    /// A test cannot fail, or a check is written as a statement that checks nothing.
    Assertion,
    /// `unsafe` code.
    Unsafe,
    /// Unfinished code.
    Unfinished,
    /// A test is switched off without a reason.
    Ignored,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "syntax",
            Self::Table => "table",
            Self::Layer => "layer",
            Self::PublicApi => "public-api",
            Self::PureCore => "pure-core",
            Self::BinaryOnly => "binary-only",
            Self::FileSystem => "file-system",
            Self::Crate => "crate",
            Self::FileLength => "file-length",
            Self::FunctionLength => "function-length",
            Self::Assertion => "assertion",
            Self::Unsafe => "unsafe",
            Self::Unfinished => "unfinished",
            Self::Ignored => "ignored",
        })
    }
}

/// One finding in one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// The file, from the project's root, with `/`.
    pub(crate) path: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The rule that is broken.
    pub(crate) rule: Rule,
    /// What breaks it.
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {} {}", self.path, self.line, self.rule, self.what)
    }
}
