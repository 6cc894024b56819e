//! The image of a task: its name out of a URL, a path on the server or one in its own storage.

use super::super::document::{PrivateTextKind, SourceImage};
use super::super::personal::{is_absolute_path, private};

/// Endings of names that pictures have.
const ENDINGS: [&str; 18] = [
    "bif", "bmp", "czi", "dcm", "gif", "jp2", "jpeg", "jpg", "mrxs", "ndpi", "png", "scn", "svs", "tif",
    "tiff", "vms", "webp", "vsi",
];

/// What the name of an image was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// The name as it stands.
    AsGiven,
    /// The eight hex digits that Label Studio puts before the name of an upload were taken off.
    PrefixOff,
}

/// Whether a text can be where an image is.
pub(super) fn is_image(text: &str) -> bool {
    let path = path_of(text);
    let ending = path
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Makes the image of a text; `None` where it names none, such as a picture that is written out in the text.
pub(super) fn image(text: &str) -> Option<(SourceImage, Naming)> {
    if text.starts_with("data:") {
        return None;
    }
    let path = decoded(path_of(text));
    let (folder, name) = match path.rsplit_once(['/', '\\']) {
        Some((folder, name)) => (Some(folder.to_owned()), name.to_owned()),
        None => (None, path),
    };
    let is_upload = folder
        .as_deref()
        .is_some_and(|folder| format!("/{folder}/").contains("/data/upload/"));
    let (name, naming) = match name.split_once('-') {
        Some((prefix, rest)) if is_upload && is_prefix(prefix) && !rest.is_empty() => {
            (rest.to_owned(), Naming::PrefixOff)
        }
        _ => (name, Naming::AsGiven),
    };
    if name.is_empty() {
        return None;
    }
    let mut image = SourceImage {
        name,
        folder: folder.filter(|_| !is_upload),
        ..SourceImage::default()
    };
    if text.contains("://") || is_absolute_path(text) {
        let path = private(PrivateTextKind::Path, text);
        image.facts.insert("path".to_owned(), path);
    }
    Some((image, naming))
}

fn is_prefix(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The path in a URL, without host, query and fragment; for files that the server serves itself, the path it is
/// asked for.
fn path_of(text: &str) -> &str {
    if let Some((_, query)) = text.split_once("/data/local-files/?") {
        return query
            .split('&')
            .find_map(|part| part.strip_prefix("d="))
            .unwrap_or(query);
    }
    let after = match text.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => text,
    };
    let is_url = after.len() != text.len() || text.starts_with("/data/");
    if is_url {
        after.split(['?', '#']).next().unwrap_or(after)
    } else {
        after
    }
}

/// Undoes `%20` and the like; a text that is no UTF-8 then stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.split_at_checked(2).filter(|_| *first == b'%');
        let code = pair.and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok()?;
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
            Some((byte, after))
        });
        let (byte, after) = code.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_images() {
        for (text, name, folder, naming) in [
            (
                "https://host/base/data/upload/1/0a1b2c3d-x.tif",
                "x.tif",
                None,
                Naming::PrefixOff,
            ),
            (
                "s3://bucket/upload/0a1b2c3d-x.tif",
                "0a1b2c3d-x.tif",
                Some("upload"),
                Naming::AsGiven,
            ),
            (
                "/data/upload/1/0a1b2c3d-a%20b.png",
                "a b.png",
                None,
                Naming::PrefixOff,
            ),
            ("/data/upload/0a1b2c3d-x.tif", "x.tif", None, Naming::PrefixOff),
            (
                "/data/upload/1/0a1b2c3-x.tif",
                "0a1b2c3-x.tif",
                None,
                Naming::AsGiven,
            ),
            (
                "/data/local-files/?d=slides/b/1.svs",
                "1.svs",
                Some("slides/b"),
                Naming::AsGiven,
            ),
            ("s3://bucket/c/2.svs", "2.svs", Some("c"), Naming::AsGiven),
            (
                "https://host/i/3.png?token=x/y",
                "3.png",
                Some("i"),
                Naming::AsGiven,
            ),
            ("deadbeef-4.png", "deadbeef-4.png", None, Naming::AsGiven),
            ("what?.png", "what?.png", None, Naming::AsGiven),
            ("100%.png", "100%.png", None, Naming::AsGiven),
        ] {
            let (image, how) = image(text).unwrap();
            assert_eq!(
                (image.name.as_str(), image.folder.as_deref(), how),
                (name, folder, naming),
                "{text}"
            );
        }
        assert_eq!(image("data:image/png;base64,AAAA"), None);
        assert_eq!(image("https://host"), None);
        assert!(is_image("https://host/i/3.PNG?token=x") && !is_image("https://host/3") && !is_image("png"));
    }
}
