//! Makes a file name of a key: real tables say 1 for 001.tiff.

/// Why a pattern gives no name for a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// There is not exactly one placeholder.
    #[error(
        "the pattern '{pattern}' has {count} placeholders; it needs one, such as '{{}}.tiff' or '{{:03}}.tiff'"
    )]
    Placeholders {
        /// The pattern.
        pattern: String,
        /// How many it has.
        count: usize,
    },
    /// A brace belongs to no placeholder.
    #[error("the pattern '{pattern}' has a brace without a partner; a brace as such is written twice")]
    Brace {
        /// The pattern.
        pattern: String,
    },
    /// A placeholder is none of the two known.
    #[error("'{{{placeholder}}}' is not a placeholder; known are '{{}}' and '{{:03}}' (any width up to 64)")]
    Placeholder {
        /// What stands between the braces.
        placeholder: String,
    },
    /// A key that is to be padded is no whole number.
    #[error("the key '{key}' is not a whole number, which '{{:0{width}}}' needs")]
    NotANumber {
        /// The key.
        key: String,
        /// The width.
        width: usize,
    },
    /// A key is empty.
    #[error("the key is empty")]
    EmptyKey,
}

/// The widest padding.
const WIDTH_LIMIT: usize = 64;

/// Inserts `key` into `pattern`: at `{}` as it is, at `{:03}` as a whole number of at least three digits
/// (`{:03}.tiff` turns 1 into `001.tiff`). `{{` and `}}` stand for braces.
///
/// # Errors
/// [`PatternError`] when the pattern does not have exactly one placeholder, or when the key does not fit it.
pub fn apply_pattern(pattern: &str, key: &str) -> Result<String, PatternError> {
    if key.trim().is_empty() {
        return Err(PatternError::EmptyKey);
    }
    let unpaired = || PatternError::Brace {
        pattern: pattern.to_owned(),
    };
    let (mut name, mut count, mut rest) = (String::new(), 0, pattern);
    while let Some((before, brace_and_after)) = rest.find(['{', '}']).and_then(|at| rest.split_at_checked(at))
    {
        name.push_str(before);
        rest = if let Some(after) = brace_and_after.strip_prefix("{{") {
            name.push('{');
            after
        } else if let Some(after) = brace_and_after.strip_prefix("}}") {
            name.push('}');
            after
        } else {
            let inner = brace_and_after.strip_prefix('{').ok_or_else(unpaired)?;
            let (placeholder, after) = inner.split_once('}').ok_or_else(unpaired)?;
            name.push_str(&fill(placeholder, key)?);
            count += 1;
            after
        };
    }
    name.push_str(rest);
    if count == 1 {
        return Ok(name);
    }
    Err(PatternError::Placeholders {
        pattern: pattern.to_owned(),
        count,
    })
}

fn fill(placeholder: &str, key: &str) -> Result<String, PatternError> {
    if placeholder.is_empty() {
        return Ok(key.to_owned());
    }
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let width = placeholder.strip_prefix(":0").filter(|width| is_digits(width));
    let Some(width) = width
        .and_then(|width| width.parse().ok())
        .filter(|width| *width <= WIDTH_LIMIT)
    else {
        return Err(PatternError::Placeholder {
            placeholder: placeholder.to_owned(),
        });
    };
    let number = key.trim();
    if !is_digits(number) {
        let key = key.to_owned();
        return Err(PatternError::NotANumber { key, width });
    }
    Ok(format!("{:0>width$}", number.trim_start_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirk_25_a_table_says_1_for_001_tiff() {
        let apply = |pattern, key| apply_pattern(pattern, key).unwrap();
        assert_eq!(apply("{:03}.tiff", "1"), "001.tiff");
        assert_eq!(apply("{:03}.tiff", "0001"), "001.tiff");
        assert_eq!(apply("{:03}.tiff", "1234"), "1234.tiff");
        assert_eq!(apply("{:03}", "0"), "000");
        assert_eq!(apply("slides/{}.svs", "a b"), "slides/a b.svs");
        assert_eq!(apply("{{{}}}", "x"), "{x}");
        assert_eq!(apply("ä{}ö", "{}"), "ä{}ö");
    }

    #[test]
    fn patterns_and_keys_that_do_not_fit_are_named() {
        let refuse = |pattern, key| apply_pattern(pattern, key).unwrap_err();
        assert!(matches!(
            refuse("x.tiff", "1"),
            PatternError::Placeholders { count: 0, .. }
        ));
        assert!(matches!(
            refuse("{}{}", "1"),
            PatternError::Placeholders { count: 2, .. }
        ));
        assert!(matches!(refuse("{", "1"), PatternError::Brace { .. }));
        assert!(matches!(refuse("{}}", "1"), PatternError::Brace { .. }));
        assert!(matches!(refuse("{:3}", "1"), PatternError::Placeholder { .. }));
        assert!(matches!(refuse("{:0}", "1"), PatternError::Placeholder { .. }));
        assert!(matches!(refuse("{:099}", "1"), PatternError::Placeholder { .. }));
        assert!(matches!(refuse("{:03}", "1.0"), PatternError::NotANumber { .. }));
        assert!(matches!(refuse("{:03}", "-1"), PatternError::NotANumber { .. }));
        assert_eq!(refuse("{}", " "), PatternError::EmptyKey);
        assert_eq!(
            refuse("x", "1").to_string(),
            "the pattern 'x' has 0 placeholders; it needs one, such as '{}.tiff' or '{:03}.tiff'"
        );
    }
}
