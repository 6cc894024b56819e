//! The image description of Aperio scanners: `Aperio …|AppMag = 20|ScanScope ID = SS1302|MPP = 0.4990|…`.
//!
//! It also holds user, date, file name and the label of the slide; those keys are not looked at.

use super::source::Source;
use super::{Axis, Probe, check, scale, text};

/// Whether a description is one of Aperio's.
pub(super) fn matches(description: &[u8]) -> bool {
    description.starts_with(b"Aperio")
}

/// Takes scale, objective and scanner from a description.
pub(super) fn read<R>(source: &mut Source<R>, description: &[u8], facts: &mut Probe) {
    facts.vendor = Some("Aperio".to_owned());
    for field in text::until_nul(description).split(|byte| *byte == b'|') {
        let Some((key, value)) = str::from_utf8(field).ok().and_then(|field| field.split_once('=')) else {
            continue;
        };
        let value = value.trim();
        match key.trim() {
            "MPP" => {
                let judged = scale::from_um(value.parse().unwrap_or(f64::NAN));
                facts.um_per_px_x = check::scale(source, Axis::X, judged);
                facts.um_per_px_y = check::scale(source, Axis::Y, judged);
            }
            "AppMag" => facts.objective = check::objective(source, value.parse().ok()),
            "ScanScope ID" => facts.scanner = check::device(source, value.as_bytes()),
            _ => {}
        }
    }
}
