//! What a file is named after: by the custom of several formats, the image that it is about.

/// Returns a file's own name, without folders and without its extension where that is one of these (in any case).
pub(super) fn stem<'n>(file: &'n str, extensions: &[&str]) -> &'n str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && extensions
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(extension)) =>
        {
            stem
        }
        Some(_) | None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_extensions_of_the_format_are_taken_off() {
        assert_eq!(stem("a/b/001.csv", &["csv"]), "001");
        assert_eq!(stem("a\\001.CSV", &["csv"]), "001");
        assert_eq!(stem("001.ndpi.csv", &["csv"]), "001.ndpi");
        assert_eq!(stem("001.ndpi", &["csv"]), "001.ndpi");
        assert_eq!(stem(".csv", &["csv"]), ".csv");
    }
}
