//! The declaration of a bag (BagIt 1.0, RFC 8493): `bagit.txt` and `bag-info.txt`. Pure.

use super::escape::plain;
use super::manifest::Found;
use super::record::ReleaseRecord;
use crate::model::{FactValue, Facts};

/// The name of the declaration.
pub(super) const BAGIT_NAME: &str = "bagit.txt";
/// The name of what is said about the bag.
pub(super) const BAG_INFO_NAME: &str = "bag-info.txt";
/// The declaration, byte for byte.
pub(super) const BAGIT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// Writes `bag-info.txt`; `payload` are the files below `data/`.
pub(super) fn bag_info(release: &ReleaseRecord, facts: &Facts, payload: &Found) -> String {
    let text = |name: &str| facts.get(name).and_then(FactValue::as_text).map(plain);
    let size_bytes: u64 = payload.values().map(|file| file.size_bytes).sum();
    let lines = [
        ("Bag-Software-Agent", Some("holotype".to_owned())),
        ("Bagging-Date", Some(release.date.clone())),
        ("Contact-Name", text("contact")),
        (
            "External-Description",
            text("description").or_else(|| text("title")),
        ),
        (
            "External-Identifier",
            Some(format!("{}@{}", plain(&release.name), release.version)),
        ),
        ("Holotype-Commit", Some(release.commit.to_string())),
        ("Holotype-Snapshot", Some(release.snapshot.to_string())),
        ("Payload-Oxum", Some(format!("{size_bytes}.{}", payload.len()))),
        ("Source-Organization", text("publisher")),
    ];
    lines
        .into_iter()
        .filter_map(|(label, value)| Some((label, value?)))
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(label, value)| format!("{label}: {}\n", value.trim()))
        .collect()
}
