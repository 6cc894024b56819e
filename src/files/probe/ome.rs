//! The image description of OME-TIFF: OME-XML (the schemas of 2003 to 2016; the names used here are in all).
//!
//! The plane, not the XML, says how large the image is. The XML gives its scale if one of its `Pixels` has
//! the size of the plane: an XML that disagrees was kept while the pixels were changed, and its scale is as
//! stale. Experimenters, dates, file names and annotations are not looked at. Nothing is expanded beyond the
//! five entities of XML, and nothing named in it is opened.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::scale::{self, Scale};
use super::source::Source;
use super::{Axis, Probe, ProbeWarning, check, text};

/// Objectives remembered; no microscope has so many.
const OBJECTIVES_MAX: usize = 64;

/// What a description is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sniff {
    /// XML whose root element is `OME`.
    Ome,
    /// XML with a document type definition before its root.
    Doctype,
    /// Anything else.
    Other,
}

/// Tells from the beginning of a description what it is.
pub(super) fn sniff(head: &[u8]) -> Sniff {
    let head = String::from_utf8_lossy(text::until_nul(head));
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if !head.starts_with('<') {
        return Sniff::Other;
    }
    let mut reader = Reader::from_str(head);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => {
                let is_ome = element.local_name().into_inner() == "OME";
                return if is_ome { Sniff::Ome } else { Sniff::Other };
            }
            Ok(Event::DocType(_)) => return Sniff::Doctype,
            Ok(Event::Text(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_)) => {}
            Ok(Event::End(_) | Event::CData(_) | Event::GeneralRef(_) | Event::Eof) | Err(_) => {
                return Sniff::Other;
            }
        }
    }
}

/// Takes scale, objective and microscope from OME-XML, for the plane whose size `facts` has.
pub(super) fn read<R>(source: &mut Source<R>, xml: &[u8], facts: &mut Probe) {
    let xml = String::from_utf8_lossy(text::until_nul(xml));
    let mut reader = Reader::from_str(xml.trim_start_matches('\u{feff}').trim_start());
    let mut ome = Ome::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => {
                ome.element(&element, facts);
                if ome.scale.is_some() {
                    break;
                }
            }
            Ok(Event::DocType(_)) => return source.warn(ProbeWarning::XmlDoctype),
            Ok(Event::Eof) => break,
            Ok(Event::End(_) | Event::Text(_) | Event::CData(_) | Event::Comment(_)) => {}
            Ok(Event::Decl(_) | Event::PI(_) | Event::GeneralRef(_)) => {}
            Err(_) => {
                source.warn(ProbeWarning::XmlMalformed);
                break;
            }
        }
    }
    ome.settle(source, facts);
}

/// What was found so far.
#[derive(Default)]
struct Ome {
    manufacturer: Option<String>,
    model: Option<String>,
    /// Ids and nominal magnifications.
    objectives: Vec<(String, f64)>,
    /// The objective that the image at hand names.
    objective: Option<String>,
    /// Whether there are `Pixels`, of any size.
    pixels: bool,
    /// Of the `Pixels` that have the size of the plane, by axis.
    scale: Option<[PixelSize; 2]>,
}

/// The size of a pixel as the XML gives it.
enum PixelSize {
    Absent,
    UnknownUnit,
    Um(Scale),
}

impl Ome {
    /// Looks at one element.
    fn element(&mut self, element: &BytesStart<'_>, plane: &Probe) {
        match element.local_name().into_inner() {
            "Microscope" if self.manufacturer.is_none() && self.model.is_none() => {
                self.manufacturer = attribute(element, "Manufacturer");
                self.model = attribute(element, "Model");
            }
            "Objective" if self.objectives.len() < OBJECTIVES_MAX => {
                let magnification =
                    attribute(element, "NominalMagnification").and_then(|text| text.parse().ok());
                if let (Some(id), Some(magnification)) = (attribute(element, "ID"), magnification) {
                    self.objectives.push((id, magnification));
                }
            }
            "Image" => self.objective = None,
            "ObjectiveSettings" => self.objective = attribute(element, "ID"),
            "Pixels" => {
                self.pixels = true;
                let size = |name| attribute(element, name).and_then(|text| text.trim().parse::<u64>().ok());
                let agrees = plane.width.is_some()
                    && plane.height.is_some()
                    && size("SizeX") == plane.width
                    && size("SizeY") == plane.height;
                if agrees {
                    let x = pixel_size(element, "PhysicalSizeX", "PhysicalSizeXUnit");
                    self.scale = Some([x, pixel_size(element, "PhysicalSizeY", "PhysicalSizeYUnit")]);
                }
            }
            _ => {}
        }
    }

    /// Hands over what was found; the XML goes before the tags.
    fn settle<R>(self, source: &mut Source<R>, facts: &mut Probe) {
        let mut device = |name: Option<String>| name.and_then(|name| check::device(source, name.as_bytes()));
        facts.vendor = device(self.manufacturer).or(facts.vendor.take());
        facts.scanner = device(self.model).or(facts.scanner.take());
        let magnification = match (&self.objective, self.objectives.as_slice()) {
            (Some(id), known) => known
                .iter()
                .find(|(known, _)| known == id)
                .map(|(_, value)| *value),
            (None, [(_, only)]) => Some(*only),
            (None, _) => None,
        };
        facts.objective = magnification.and_then(|value| check::objective(source, Some(value)));
        match self.scale {
            Some([x, y]) => {
                facts.um_per_px_x = take(source, Axis::X, x, facts.um_per_px_x);
                facts.um_per_px_y = take(source, Axis::Y, y, facts.um_per_px_y);
            }
            None if self.pixels => source.warn(ProbeWarning::XmlDisagrees),
            // The metadata is in another file of the set (`BinaryOnly`).
            None => {}
        }
    }
}

/// Takes a size of pixels, or that of the tags where the XML has none.
fn take<R>(source: &mut Source<R>, axis: Axis, size: PixelSize, of_tags: Option<f64>) -> Option<f64> {
    match size {
        PixelSize::Absent => of_tags,
        PixelSize::UnknownUnit => {
            source.warn(ProbeWarning::UnknownUnit);
            None
        }
        PixelSize::Um(scale) => check::scale(source, axis, scale),
    }
}

fn pixel_size(element: &BytesStart<'_>, size: &str, unit: &str) -> PixelSize {
    let Some(size) = attribute(element, size) else {
        return PixelSize::Absent;
    };
    let um = match attribute(element, unit).as_deref().map(str::trim) {
        // U+00B5 MICRO SIGN or U+03BC GREEK SMALL LETTER MU; µm is also the default of the schema.
        None | Some("\u{b5}m" | "\u{3bc}m" | "um") => 1.0,
        Some("m") => 1e6,
        Some("dm") => 1e5,
        Some("cm") => 1e4,
        Some("mm") => 1e3,
        Some("nm") => 1e-3,
        Some("\u{c5}" | "\u{212b}") => 1e-4,
        Some("pm") => 1e-6,
        Some("in") => 25_400.0,
        // Not lengths: the size is none.
        Some("pixel" | "reference frame") => return PixelSize::Absent,
        Some(_) => return PixelSize::UnknownUnit,
    };
    PixelSize::Um(scale::from_um(size.trim().parse().unwrap_or(f64::NAN) * um))
}

/// The value of an attribute, whatever its prefix; `None` when it is absent or damaged.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    // Without the check for repeated names, which takes quadratic time.
    let found = element
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|found| found.key.into_inner() == name)?;
    found
        .normalized_value(XmlVersion::Implicit1_0)
        .ok()
        .map(|value| value.into_owned())
}
