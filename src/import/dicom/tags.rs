//! The elements that are read, by name and kind. What is not listed here is never copied out of a file: that is how
//! a patient's name, dates and numbers stay behind.

use dicom_core::{Tag, VR};

/// How the value of an element is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, in the file's character set.
    Text,
    /// Numbers, left as bytes.
    Numbers(&'static [VR]),
    /// A sequence of items.
    Sequence,
}

const SHORTS: Kind = Kind::Numbers(&[VR::US]);
const FLOATS: Kind = Kind::Numbers(&[VR::OF, VR::FL, VR::UN]);
const DOUBLES: Kind = Kind::Numbers(&[VR::OD, VR::FD, VR::UN]);
const LONGS: Kind = Kind::Numbers(&[VR::OL, VR::UL, VR::UN]);

macro_rules! elements {
    ($($name:ident = $group:literal, $element:literal, $kind:expr;)*) => {
        $(pub(super) const $name: Tag = Tag($group, $element);)*

        /// Returns how an element is taken; `None` where it is left behind.
        pub(super) fn kind(tag: Tag) -> Option<Kind> {
            [$(($name, $kind),)*]
                .into_iter()
                .find(|(known, _)| *known == tag)
                .map(|(_, kind)| kind)
        }
    };
}

elements! {
    MEDIA_CLASS = 0x0002, 0x0002, Kind::Text;
    TRANSFER_SYNTAX = 0x0002, 0x0010, Kind::Text;
    CHARACTER_SET = 0x0008, 0x0005, Kind::Text;
    SOP_CLASS = 0x0008, 0x0016, Kind::Text;
    CONTENT_DATE = 0x0008, 0x0023, Kind::Text;
    CONTENT_TIME = 0x0008, 0x0033, Kind::Text;
    CODE_VALUE = 0x0008, 0x0100, Kind::Text;
    CODE_SCHEME = 0x0008, 0x0102, Kind::Text;
    CODE_MEANING = 0x0008, 0x0104, Kind::Text;
    LONG_CODE_VALUE = 0x0008, 0x0119, Kind::Text;
    URN_CODE_VALUE = 0x0008, 0x0120, Kind::Text;
    TIME_ZONE = 0x0008, 0x0201, Kind::Text;
    OPERATORS = 0x0008, 0x1070, Kind::Text;
    REFERENCED_IMAGES = 0x0008, 0x1140, Kind::Sequence;
    REFERENCED_INSTANCE = 0x0008, 0x1155, Kind::Text;
    UNITS = 0x0040, 0x08ea, Kind::Sequence;
    CONCEPT = 0x0040, 0xa043, Kind::Sequence;
    GROUP_NUMBER = 0x0040, 0xa180, SHORTS;
    PIXEL_ORIGIN = 0x0048, 0x0301, Kind::Text;
    DISPLAY_CIELAB = 0x0062, 0x000d, SHORTS;
    FLOAT_COORDINATES = 0x0066, 0x0016, FLOATS;
    DOUBLE_COORDINATES = 0x0066, 0x0022, DOUBLES;
    ALGORITHM_VERSION = 0x0066, 0x0031, Kind::Text;
    ALGORITHM_NAME = 0x0066, 0x0036, Kind::Text;
    POINT_INDICES = 0x0066, 0x0040, LONGS;
    MEASUREMENTS = 0x0066, 0x0121, Kind::Sequence;
    MEASURED_VALUES = 0x0066, 0x0125, FLOATS;
    MEASUREMENT_VALUES = 0x0066, 0x0132, Kind::Sequence;
    COORDINATE_TYPE = 0x006a, 0x0001, Kind::Text;
    GROUPS = 0x006a, 0x0002, Kind::Sequence;
    GROUP_UID = 0x006a, 0x0003, Kind::Text;
    GROUP_LABEL = 0x006a, 0x0005, Kind::Text;
    GROUP_DESCRIPTION = 0x006a, 0x0006, Kind::Text;
    GENERATION_TYPE = 0x006a, 0x0007, Kind::Text;
    ALGORITHMS = 0x006a, 0x0008, Kind::Sequence;
    CATEGORY = 0x006a, 0x0009, Kind::Sequence;
    TYPE = 0x006a, 0x000a, Kind::Sequence;
    TYPE_MODIFIER = 0x006a, 0x000b, Kind::Sequence;
    ANNOTATION_COUNT = 0x006a, 0x000c, LONGS;
    ALL_OPTICAL_PATHS = 0x006a, 0x000d, Kind::Text;
    OPTICAL_PATHS = 0x006a, 0x000e, Kind::Text;
    ALL_Z_PLANES = 0x006a, 0x000f, Kind::Text;
    COMMON_Z = 0x006a, 0x0010, DOUBLES;
    ANNOTATION_INDICES = 0x006a, 0x0011, LONGS;
    CREATOR = 0x0070, 0x0084, Kind::Text;
    GRAPHIC_TYPE = 0x0070, 0x0023, Kind::Text;
}

/// Whether a value of this kind can be text.
pub(super) fn is_text(vr: VR) -> bool {
    const TEXTS: [VR; 16] = [
        VR::AE,
        VR::AS,
        VR::CS,
        VR::DA,
        VR::DS,
        VR::DT,
        VR::IS,
        VR::LO,
        VR::LT,
        VR::PN,
        VR::SH,
        VR::ST,
        VR::TM,
        VR::UC,
        VR::UI,
        VR::UT,
    ];
    TEXTS.contains(&vr)
}
