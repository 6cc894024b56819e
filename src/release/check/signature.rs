//! Who signed a release, and whether it is the one that was cited.

use super::super::manifest::{RELEASE_NAME, SIGNATURE_NAME};
use super::super::sign::{KEY_FACT, check_signature, keys_of};
use super::{Checker, Finding, RECORD_BYTES_MAX, Severity};
use crate::files::folder::{EntryKind, Folder};
use crate::model::Facts;

/// Bytes that a signature may have.
const SIGNATURE_BYTES_MAX: u64 = 1 << 16;

impl Checker<'_> {
    /// Checks the signature, where there is one, and holds it and the release's id to what is known beside the folder.
    pub(super) fn check_signature(&mut self) {
        if let (Some(cited), Some(id)) = (self.options.cited, self.check.id)
            && cited != id
        {
            let message = format!("it is not the release that was cited: its id is {id}");
            self.find("HT-R015", RELEASE_NAME, message);
        }
        if !is_there(&self.folder) {
            if self.options.signers.is_some() {
                self.find("HT-R014", SIGNATURE_NAME, "the release is not signed");
            }
            return;
        }
        let checked = self
            .read(RELEASE_NAME, RECORD_BYTES_MAX)
            .and_then(|record| Ok((record, self.read(SIGNATURE_NAME, SIGNATURE_BYTES_MAX)?)))
            .and_then(|(record, signature)| {
                check_signature(&signature, &record).map_err(|error| error.to_string())
            });
        match checked {
            Ok(key) => {
                if self.options.signers.is_some_and(|known| !known.contains(&key)) {
                    let message = format!(
                        "it is signed by {}, which is none of the keys given",
                        key.fingerprint()
                    );
                    self.find("HT-R014", SIGNATURE_NAME, message);
                }
                self.check.signer = Some(key.fingerprint());
                self.signer = Some(key);
            }
            Err(why) => self.find("HT-R014", SIGNATURE_NAME, why),
        }
    }

    /// Holds the signature to the keys that the dataset names in the version that is released.
    pub(super) fn check_signer(&mut self, facts: &Facts) {
        let known = match keys_of(facts) {
            Ok(known) => known,
            Err(error) => {
                return self.find("HT-R014", "history", format!("the fact {KEY_FACT}: {error}"));
            }
        };
        let message = match &self.signer {
            None if known.is_empty() || is_there(&self.folder) => return,
            None => "the dataset names keys for its releases, and this one is not signed".to_owned(),
            Some(key) if known.is_empty() => {
                self.check.findings.push(Finding {
                    code: "HT-R014",
                    severity: Severity::Information,
                    object: SIGNATURE_NAME.to_owned(),
                    message: format!(
                        "signed by {}; the dataset names no key of its own: compare it with one that came another way",
                        key.fingerprint()
                    ),
                });
                return;
            }
            Some(key) if known.contains(key) => return,
            Some(key) => format!(
                "it is signed by {}, and the dataset names other keys for its releases",
                key.fingerprint()
            ),
        };
        self.find("HT-R014", SIGNATURE_NAME, message);
    }
}

fn is_there(folder: &Folder) -> bool {
    folder.list().is_ok_and(|entries| {
        entries
            .iter()
            .any(|entry| entry.name == SIGNATURE_NAME && matches!(entry.kind, EntryKind::File { .. }))
    })
}
