//! Lets a fact through, or turns it into `None` and a warning.

use super::scale::Scale;
use super::source::Source;
use super::{Axis, ProbeWarning, text};

/// Sides above this are taken for damage: 2^31 px, four times what any scanner writes.
const DIMENSION_MAX_PX: u64 = 1 << 31;

/// Checks one side of an image: `None` with a warning when it is missing, zero or absurd.
pub(super) fn dimension<R>(source: &mut Source<R>, axis: Axis, px: Option<u64>) -> Option<u64> {
    match px {
        None => source.warn(ProbeWarning::MissingDimension { axis }),
        Some(0) => source.warn(ProbeWarning::ZeroDimension { axis }),
        Some(px) if px > DIMENSION_MAX_PX => source.warn(ProbeWarning::AbsurdDimension { axis, px }),
        Some(px) => return Some(px),
    }
    None
}

/// Takes a scale when it is one, and warns when it cannot be.
pub(super) fn scale<R>(source: &mut Source<R>, axis: Axis, scale: Scale) -> Option<f64> {
    match scale {
        Scale::Known(um_per_px) => Some(um_per_px),
        Scale::Default => None,
        Scale::Nonsense => {
            source.warn(ProbeWarning::NonsenseResolution { axis });
            None
        }
    }
}

/// Takes a device name when it may leave, and warns when not.
pub(super) fn device<R>(source: &mut Source<R>, bytes: &[u8]) -> Option<String> {
    text::device_name(bytes).unwrap_or_else(|text::Refused| {
        source.warn(ProbeWarning::TextRefused);
        None
    })
}

/// Checks a magnification.
pub(super) fn objective<R>(source: &mut Source<R>, magnification: Option<f64>) -> Option<f64> {
    let plausible = magnification.filter(|magnification| *magnification > 0.0 && *magnification <= 1000.0);
    if plausible.is_none() {
        source.warn(ProbeWarning::NonsenseObjective);
    }
    plausible
}
