//! The layers of a file, which are its classes, and their regions.

use std::collections::{BTreeMap, BTreeSet};

use super::holes::{self, Budget};
use super::region::{self, Region, Sign};
use super::{attributes, keep_pairs};
use crate::import::colour::bgr_fact;
use crate::import::document::{Document, SourceAnnotation, SourceFacts, SourceId, SourceValue};
use crate::import::report::LossReport;
use crate::import::xml::{Ids, Labels, Tag, XmlError, XmlReader, keep_attributes, keep_member, lose_text};
use crate::model::geometry::Shape;

/// What is read here, or says how the viewer shows a layer.
const KNOWN: [&str; 10] = [
    "Id",
    "Name",
    "LineColor",
    "Type",
    "ReadOnly",
    "NameReadOnly",
    "LineColorReadOnly",
    "Incremental",
    "Visible",
    "Selected",
];

/// The attributes of a layer that name its class where it has no name, in the order in which they are asked.
const CLASS_ATTRIBUTES: [&str; 4] = ["description", "class", "label", "name"];

/// Reads layers into a document.
#[derive(Default)]
pub(super) struct Layers {
    labels: Labels,
    budget: Budget,
    regions: u64,
    ids: Ids,
    /// The layers' ids.
    layer_ids: BTreeSet<String>,
}

/// What was read of a layer.
#[derive(Default)]
struct Layer {
    facts: SourceFacts,
    pairs: Vec<(String, String)>,
    headers: BTreeMap<String, String>,
    regions: Vec<Region>,
}

impl Layers {
    /// Reads the layer that `tag` opened.
    pub(super) fn read(
        &mut self,
        reader: &mut XmlReader<'_>,
        tag: &Tag<'_>,
        document: &mut Document,
    ) -> Result<(), XmlError> {
        let mut layer = Layer::default();
        keep_attributes(tag, &KNOWN, &mut layer.facts);
        while let Some(child) = reader.child()? {
            match child.name() {
                "Attributes" => layer
                    .pairs
                    .extend(attributes(reader, &child, |_| None, document)?),
                "Regions" => self.regions(reader, &child, &mut layer, document)?,
                _ => keep_member(reader, &child, &mut layer.facts, &mut document.report)?,
            }
        }
        lose_text(reader, tag, &mut document.report);
        let prefix = self.prefix(reader, tag, &mut document.report);
        let Some(label) = self.class(reader, tag, &mut layer, document) else {
            let count = u64::try_from(layer.regions.len()).unwrap_or(u64::MAX);
            document
                .report
                .losses
                .add_many("annotation_without_class", count, || {
                    format!(
                        "{}: the layer has neither name nor colour",
                        reader.here(tag.offset)
                    )
                });
            return Ok(());
        };
        let regions = join_holes(reader, layer.regions, &mut self.budget, &mut document.report);
        for region in regions {
            let id = prefix
                .as_ref()
                .zip(region.id.as_ref())
                .map(|(layer, region)| format!("{layer}/{region}"));
            let annotation = SourceAnnotation {
                image: 0,
                geometry: region.geometry,
                label: Some(label),
                id: id.clone().map(SourceId::Local),
                ratings: Vec::new(),
                attributes: region.facts,
            };
            self.ids.push(reader, region.offset, id, annotation, document)?;
        }
        Ok(())
    }

    /// Reads `<Regions>`; `<RegionAttributeHeaders>` in it names attributes by their ids.
    fn regions(
        &mut self,
        reader: &mut XmlReader<'_>,
        list: &Tag<'_>,
        layer: &mut Layer,
        document: &mut Document,
    ) -> Result<(), XmlError> {
        while let Some(child) = reader.child()? {
            match child.name() {
                "Region" => {
                    self.regions += 1;
                    let number = self.regions;
                    match region::read(reader, &child, number, &layer.headers, document)? {
                        Ok(region) => layer.regions.push(region),
                        Err(skip) => document.report.losses.add(skip.code, || {
                            format!("{}, region {number}: {}", reader.here(child.offset), skip.why)
                        }),
                    }
                }
                "RegionAttributeHeaders" => {
                    while let Some(header) = reader.child()? {
                        if let (Some(id), Some(name)) = (header.get("Id"), header.get("Name")) {
                            layer.headers.insert(id.into_owned(), name.into_owned());
                        }
                        reader.leave(reader.depth())?;
                    }
                }
                _ => keep_member(reader, &child, &mut layer.facts, &mut document.report)?,
            }
        }
        lose_text(reader, list, &mut document.report);
        Ok(())
    }

    /// The layer's id, where no layer before has the same: regions count from 1 in each.
    fn prefix(&mut self, reader: &XmlReader<'_>, tag: &Tag<'_>, report: &mut LossReport) -> Option<String> {
        let id = tag.get("Id").filter(|id| !id.is_empty())?.into_owned();
        if self.layer_ids.contains(&id) {
            report.warnings.add("layer_id_repeated", || {
                format!(
                    "{}: the layer's id {id} is there before; its regions have no ids",
                    reader.here(tag.offset)
                )
            });
            return None;
        }
        self.layer_ids.insert(id.clone());
        Some(id)
    }

    /// The layer's class: its name, else what an attribute says, else its colour. Layers of one name are one class.
    fn class(
        &mut self,
        reader: &XmlReader<'_>,
        tag: &Tag<'_>,
        layer: &mut Layer,
        document: &mut Document,
    ) -> Option<usize> {
        let colour = tag.get("LineColor").filter(|colour| !colour.is_empty());
        let colour = colour.map(|colour| bgr_fact(&colour));
        let mut name = tag
            .get("Name")
            .map(std::borrow::Cow::into_owned)
            .filter(|name| !name.is_empty());
        if name.is_none() {
            let named = |wanted: &&str| {
                layer
                    .pairs
                    .iter()
                    .position(|(key, _)| key.eq_ignore_ascii_case(wanted))
            };
            let found = CLASS_ATTRIBUTES.iter().find_map(named);
            name = found.map(|found| layer.pairs.remove(found).1);
        }
        let name = name.or_else(|| colour.as_ref().map(|(_, colour)| colour.clone()))?;
        let mut facts = std::mem::take(&mut layer.facts);
        keep_pairs(std::mem::take(&mut layer.pairs), &mut facts);
        if let Some((key, colour)) = colour {
            facts.insert(key.to_owned(), SourceValue::Text(colour));
        }
        let index = self.labels.index(&mut document.labels, &name);
        let known = document.labels.get_mut(index)?;
        let mut differs = false;
        for (key, value) in facts {
            differs |= known.facts.get(&key).is_some_and(|before| *before != value);
            known.facts.entry(key).or_insert(value);
        }
        if differs {
            document.report.warnings.add("layers_of_one_class_differ", || {
                format!(
                    "{}: a layer before is '{name}', too, and is described otherwise; what the first says counts",
                    reader.here(tag.offset)
                )
            });
        }
        Some(index)
    }

    /// Tells what concerns the whole file.
    pub(super) fn finish(self, file: &str, document: &mut Document) {
        if self.regions > 0 {
            document.report.losses.add("viewer_state", || {
                format!(
                    "{file}: what the viewer shows of regions (zoom, selection, numbers, …) and what follows from their \
                     places (area, length) is not kept"
                )
            });
        }
    }
}

/// Cuts negative regions out of those that contain them; what is left keeps its order.
fn join_holes(
    reader: &XmlReader<'_>,
    mut regions: Vec<Region>,
    budget: &mut Budget,
    report: &mut LossReport,
) -> Vec<Region> {
    let owners = holes::owners(&regions, budget);
    let holes: Vec<_> = regions
        .iter()
        .zip(&owners)
        .filter_map(|(region, owner)| Some(((*owner)?, holes::ring(region)?)))
        .collect();
    for (owner, hole) in holes {
        let Some(region) = regions.get_mut(owner) else {
            continue;
        };
        if let Shape::Box { .. } = region.geometry.shape {
            let rings = holes::ring(region).into_iter().collect();
            region.geometry.shape = Shape::Polygon { rings };
            let word = SourceValue::Text("rectangle".to_owned());
            region.facts.insert("imagescope_type".to_owned(), word);
        }
        if let Shape::Polygon { rings } = &mut region.geometry.shape {
            rings.push(hole);
        }
    }
    let mut kept = Vec::with_capacity(regions.len());
    for (mut region, owner) in regions.into_iter().zip(owners) {
        let here = || format!("{}, region {}", reader.here(region.offset), region.number);
        if owner.is_some() {
            if !region.facts.is_empty() {
                report.losses.add("hole_attributes", || {
                    format!("{}: what is said of a hole beside its place is not kept", here())
                });
            }
            continue;
        }
        if region.sign == Sign::Negative {
            report.warnings.add("hole_without_region", || {
                format!(
                    "{}: nothing that it could be a hole of contains it; it is kept with 'negative_roa'",
                    here()
                )
            });
            region
                .facts
                .insert("negative_roa".to_owned(), SourceValue::Flag(true));
        }
        kept.push(region);
    }
    kept
}
