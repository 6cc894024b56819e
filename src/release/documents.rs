//! The short documents of a release: README and LICENSE.

use super::escape::{markdown, plain};
use super::record::ReleaseRecord;
use crate::export::rule_text;
use crate::model::{FactValue, Facts};

/// Writes `README.md`.
pub(super) fn readme(release: &ReleaseRecord, facts: &Facts) -> String {
    let text = |name: &str| facts.get(name).and_then(FactValue::as_text);
    let title = text("title").unwrap_or(&release.name);
    let mut out = format!(
        "# {}, version {}\n\n",
        markdown(title),
        markdown(&release.version)
    );
    if let Some(description) = text("description") {
        out.push_str(&format!("{}\n\n", markdown(description)));
    }
    let exported = &release.exported;
    out.push_str(&format!(
        "{} images, {} annotations, {} labels. Labels are agreed by the rule `{}`.\n",
        exported.images,
        exported.annotations,
        exported.labels,
        rule_text(&release.rule)
    ));
    if let Some(filter) = &release.filter {
        out.push_str(&format!(
            "`annotations/coco.json` holds only rows for which this holds: {}\n",
            markdown(filter)
        ));
    }
    let images = if release.with_images {
        "`images/` holds the images"
    } else {
        "the images are not in this folder; `images.csv` has the BLAKE3 of each"
    };
    out.push_str(&format!(
        "\n| | |\n|---|---|\n\
         | `annotations/coco.json` | annotations as COCO, boxes as x, y, width, height |\n\
         | `annotations/labels.json` | the labels |\n\
         | `images.csv` | every image: name, digest, size, what is known of it; {images} |\n\
         | `datasheet.md` | what the dataset is, how it came about, what is not known |\n\
         | `CITATION.cff` | how to cite it |\n\
         | `history/` | every recorded event, so that the version can be replayed |\n\
         | `release.json` | what is released; its BLAKE3 is the release's id |\n\n"
    ));
    out.push_str(&format!(
        "Commit `{}`, snapshot `{}`.\n\n## Check it\n\n```sh\n\
         sha256sum -c manifest-sha256.txt\nb3sum -c manifest-blake3.txt\nb3sum release.json\n\
         holotype verify --release .\n```\n\n\
         `release.json` holds the digests of both manifests, and they list every other file. Compare the BLAKE3 of\n\
         `release.json` with the one in a citation.\n",
        release.commit, release.snapshot
    ));
    out
}

/// Writes `LICENSE`: the licence's text where the dataset states it, else its name and address; `None` when it
/// states neither.
pub(super) fn licence(facts: &Facts) -> Option<String> {
    let text = |name: &str| facts.get(name).and_then(FactValue::as_text);
    if let Some(full) = text("licence_text") {
        let mut full = full.to_owned();
        if !full.ends_with('\n') {
            full.push('\n');
        }
        return Some(full);
    }
    let lines: Vec<String> = [text("licence"), text("licence_url")]
        .into_iter()
        .flatten()
        .map(plain)
        .collect();
    (!lines.is_empty()).then(|| format!("{}\n", lines.join("\n")))
}
