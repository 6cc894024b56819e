//! How bad a finding is, whoever found it: `verify` in files, `quality` in what they say.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something is wrong: the repository is damaged, or what is said cannot be relied on.
    Error,
    /// Something is there that should not be, or should be looked at; nothing is lost.
    Warning,
    /// Worth knowing, nothing to do.
    Information,
}

impl Severity {
    /// Returns the word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
