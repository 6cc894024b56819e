//! Which image a file is about, by its own name: QuPath writes no reference to the image.

/// What people and scripts append to an image's name.
const APPENDED: [&str; 4] = [" - annotations", " - detections", " - objects", "_annotations"];

/// Returns the image's name: the file's, without its ending and what is usually appended. `001.tiff.geojson`,
/// `001.tiff - annotations.geojson` and `001.tiff.json` are about `001.tiff`, and `001.geojson` about `001`, which
/// matches an image of that name with any ending.
pub(super) fn image_name(file: &str) -> String {
    let name = file.replace('\\', "/");
    let name = ["geojson", "json"]
        .iter()
        .find_map(|ending| without_ending(&name, ending))
        .unwrap_or(&name);
    let name = APPENDED
        .iter()
        .find_map(|appended| name.strip_suffix(appended))
        .filter(|rest| !rest.is_empty() && !rest.ends_with('/'))
        .unwrap_or(name);
    name.to_owned()
}

fn without_ending<'n>(name: &'n str, ending: &str) -> Option<&'n str> {
    let (stem, found) = name.rsplit_once('.')?;
    (found.eq_ignore_ascii_case(ending) && !stem.is_empty() && !stem.ends_with('/')).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirk_22_the_image_is_named_by_the_file() {
        for (file, image) in [
            ("001.tiff.geojson", "001.tiff"),
            ("001.geojson", "001"),
            ("001.tif - annotations.geojson", "001.tif"),
            ("study/a b.ndpi.GeoJSON", "study/a b.ndpi"),
            ("slide.json", "slide"),
            (".geojson", ".geojson"),
            ("x/.json", "x/.json"),
            (" - annotations.geojson", " - annotations"),
            ("notes", "notes"),
        ] {
            assert_eq!(image_name(file), image);
        }
    }
}
