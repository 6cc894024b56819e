//! DICOM (PS3.10): elements that say who the patient is and who worked, wherever in the data set they stand. Items are
//! walked through as if they were flat, so that what stands in a sequence is found as well; pixels end the walk.

use std::io::{Read, Seek};

use crate::privacy::HeaderPart;

use super::super::ifd::{Endian, uint};
use super::super::source::Source;
use super::{Parts, readable};

/// Where the data set's first element is, behind 128 bytes and `DICM`.
const FIRST: u64 = 132;
/// Elements of one file that are looked at.
const ELEMENTS_MAX: usize = 100_000;
/// As much of a value as is read.
const VALUE_BYTES: u64 = 1 << 10;
/// A length that is not known beforehand.
const UNDEFINED: u64 = 0xffff_ffff;
const TRANSFER_SYNTAX: (u64, u64) = (0x0002, 0x0010);
const PIXELS: u64 = 0x7fe0;
const DELIMITERS: u64 = 0xfffe;

/// What an element says.
enum Says {
    Person,
    Number,
    Date,
}

const ELEMENTS: [(u64, u64, &str, Says); 21] = [
    (0x0008, 0x0020, "StudyDate", Says::Date),
    (0x0008, 0x0021, "SeriesDate", Says::Date),
    (0x0008, 0x0022, "AcquisitionDate", Says::Date),
    (0x0008, 0x0023, "ContentDate", Says::Date),
    (0x0008, 0x002a, "AcquisitionDateTime", Says::Date),
    (0x0008, 0x0050, "AccessionNumber", Says::Number),
    (0x0008, 0x0080, "InstitutionName", Says::Person),
    (0x0008, 0x0081, "InstitutionAddress", Says::Person),
    (0x0008, 0x0090, "ReferringPhysicianName", Says::Person),
    (0x0008, 0x1010, "StationName", Says::Person),
    (0x0008, 0x1048, "PhysiciansOfRecord", Says::Person),
    (0x0008, 0x1050, "PerformingPhysicianName", Says::Person),
    (0x0008, 0x1060, "NameOfPhysiciansReadingStudy", Says::Person),
    (0x0008, 0x1070, "OperatorsName", Says::Person),
    (0x0020, 0x0010, "StudyID", Says::Number),
    (0x0032, 0x1032, "RequestingPhysician", Says::Person),
    (0x0040, 0x0512, "ContainerIdentifier", Says::Number),
    (0x0040, 0x0551, "SpecimenIdentifier", Says::Number),
    (0x0040, 0xa075, "VerifyingObserverName", Says::Person),
    (0x0040, 0xa123, "PersonName", Says::Person),
    (0x0070, 0x0084, "ContentCreatorName", Says::Person),
];

/// Of the patient's group, what tells nothing of who it is: sex, age, size, weight, species, breed, whether identity was
/// removed and how, and lengths of groups.
const PATIENT_PLAIN: [u64; 10] = [
    0x0000, 0x0040, 0x1010, 0x1020, 0x1030, 0x2201, 0x2202, 0x2203, 0x2292, 0x2293,
];

/// How a data set is encoded.
#[derive(Clone, Copy)]
struct Encoding {
    endian: Endian,
    explicit: bool,
}

/// The head of an element.
struct Element {
    group: u64,
    number: u64,
    sequence: bool,
    value_at: u64,
    length: u64,
}

/// Reads a file that may be DICOM.
pub(super) fn read<R: Read + Seek>(source: &mut Source<R>, parts: &mut Parts) {
    if source.try_read(FIRST - 4, 4).ok().as_deref() != Some(b"DICM") {
        return;
    }
    let meta = Encoding {
        endian: Endian::Little,
        explicit: true,
    };
    let mut encoding = meta;
    let mut offset = FIRST;
    for _ in 0..ELEMENTS_MAX {
        let Some(element) = head(source, offset, meta, encoding) else {
            return;
        };
        if element.group == PIXELS {
            return;
        }
        let is_flat = element.sequence || element.group == DELIMITERS || element.length == UNDEFINED;
        if is_flat {
            offset = element.value_at;
            continue;
        }
        if (element.group, element.number) == TRANSFER_SYNTAX {
            let syntax = value(source, &element);
            encoding = match syntax.as_str() {
                "1.2.840.10008.1.2" => Encoding {
                    endian: Endian::Little,
                    explicit: false,
                },
                "1.2.840.10008.1.2.2" => Encoding {
                    endian: Endian::Big,
                    explicit: true,
                },
                // Deflated data sets are not opened.
                "1.2.840.10008.1.2.1.99" => return,
                _ => meta,
            };
        } else if let Some(part) = said(source, &element)
            && !parts.add(part)
        {
            return;
        }
        offset = element.value_at.saturating_add(element.length);
    }
}

/// Reads the head of the element at `offset`.
fn head<R: Read + Seek>(
    source: &mut Source<R>,
    offset: u64,
    meta: Encoding,
    data: Encoding,
) -> Option<Element> {
    let bytes = source.try_read(offset, 8).ok()?;
    let (group, rest) = bytes.split_at_checked(2)?;
    let (number, rest) = rest.split_at_checked(2)?;
    // The first group is always Explicit VR Little Endian.
    let encoding = if uint(group, Endian::Little) == 0x0002 {
        meta
    } else {
        data
    };
    let endian = encoding.endian;
    let (group, number) = (uint(group, endian), uint(number, endian));
    let element = |sequence, value_at, length| {
        Some(Element {
            group,
            number,
            sequence,
            value_at,
            length,
        })
    };
    if !encoding.explicit || group == DELIMITERS {
        return element(false, offset + 8, uint(rest, endian));
    }
    let (vr, short) = rest.split_at_checked(2)?;
    match vr {
        b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT"
        | b"UV" => {
            let length = source.try_read(offset + 8, 4).ok()?;
            element(vr == b"SQ", offset + 12, uint(&length, endian))
        }
        vr if vr.iter().all(u8::is_ascii_uppercase) => element(false, offset + 8, uint(short, endian)),
        _ => None,
    }
}

fn value<R: Read + Seek>(source: &mut Source<R>, element: &Element) -> String {
    let bytes = source.try_read(element.value_at, element.length.min(VALUE_BYTES));
    readable(&bytes.unwrap_or_default())
}

/// What an element says, where it says something of people.
fn said<R: Read + Seek>(source: &mut Source<R>, element: &Element) -> Option<HeaderPart> {
    let is_patient = element.group == 0x0010 && !PATIENT_PLAIN.contains(&element.number);
    let known = ELEMENTS
        .iter()
        .find(|(group, number, ..)| (*group, *number) == (element.group, element.number));
    if !is_patient && known.is_none() {
        return None;
    }
    let text = value(source, element);
    if text.is_empty() {
        return None;
    }
    let at = format!("({:04x},{:04x})", element.group, element.number);
    if is_patient {
        let name = patient(element.number);
        return Some(HeaderPart::Patient { name, at, text });
    }
    let (_, _, name, says) = known?;
    let name = (*name).to_owned();
    Some(match says {
        Says::Person => HeaderPart::Person { name, at, text },
        Says::Number => HeaderPart::Number { name, at, text },
        Says::Date => HeaderPart::Date { name, at, text },
    })
}

fn patient(number: u64) -> String {
    match number {
        0x0010 => "PatientName".to_owned(),
        0x0020 => "PatientID".to_owned(),
        0x0030 => "PatientBirthDate".to_owned(),
        other => format!("patient element {other:04x}"),
    }
}
