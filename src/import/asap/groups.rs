//! The groups of a file, which are its classes: colour, outer group, attributes.

use std::collections::BTreeMap;

use crate::import::colour::colour_fact;
use crate::import::document::{Document, SourceFacts, SourceValue};
use crate::import::report::LossReport;
use crate::import::xml::{
    Labels, Place, Tag, XmlError, XmlProblem, XmlReader, keep_attributes, keep_member, lose_text,
};

/// The group of what is in no group.
pub(super) const NO_GROUP: &str = "None";

/// One group.
struct Group {
    facts: SourceFacts,
    /// As written, also where it is not the label's.
    colour: Option<SourceValue>,
    place: Place,
}

/// The groups by name, and their names in file order.
#[derive(Default)]
pub(super) struct Groups {
    by_name: BTreeMap<String, Group>,
    order: Vec<String>,
}

impl Groups {
    /// Reads `<AnnotationGroups>`.
    pub(super) fn read(
        &mut self,
        reader: &mut XmlReader<'_>,
        list: &Tag<'_>,
        report: &mut LossReport,
    ) -> Result<(), XmlError> {
        while let Some(child) = reader.child()? {
            if child.name() == "Group" {
                self.group(reader, &child, report)?;
                continue;
            }
            report.losses.add("member_not_kept", || {
                format!("{}: <{}> is no group", reader.here(child.offset), child.name())
            });
            reader.leave(reader.depth())?;
        }
        lose_text(reader, list, report);
        Ok(())
    }

    fn group(
        &mut self,
        reader: &mut XmlReader<'_>,
        tag: &Tag<'_>,
        report: &mut LossReport,
    ) -> Result<(), XmlError> {
        let mut facts = SourceFacts::new();
        // Our own export gives a colour to each group, and says where it is not the label's.
        let has_none = tag.get("HolotypeColour").is_some_and(|colour| colour == "none");
        let colour = tag.get("Color").filter(|colour| !colour.is_empty());
        let colour = colour
            .map(|colour| colour_fact(&colour))
            .map(|(key, text)| (key, SourceValue::Text(text)));
        if let Some((key, colour)) = colour.clone().filter(|_| !has_none) {
            facts.insert(key.to_owned(), colour);
        }
        let outer = tag.get("PartOfGroup");
        if let Some(outer) = outer.filter(|outer| !outer.is_empty() && outer != NO_GROUP) {
            facts.insert("supercategory".to_owned(), SourceValue::Text(outer.into_owned()));
        }
        keep_attributes(
            tag,
            &["Name", "PartOfGroup", "Color", "HolotypeColour"],
            &mut facts,
        );
        while let Some(child) = reader.child()? {
            match child.name() {
                "Attributes" => attributes(reader, &child, &mut facts, report)?,
                _ => keep_member(reader, &child, &mut facts, report)?,
            }
        }
        lose_text(reader, tag, report);
        let name = tag.get("Name").unwrap_or_default().into_owned();
        if name.is_empty() || name == NO_GROUP {
            report.losses.add("group_without_name", || {
                format!("{}: a group has no name of its own", reader.here(tag.offset))
            });
            return Ok(());
        }
        let place = reader.place(tag.offset);
        if let Some(first) = self.by_name.get(&name) {
            if first.facts != facts {
                let first = first.place;
                let what = "the group";
                return Err(reader.refuse(tag.offset, XmlProblem::Contradiction { what, name, first }));
            }
            report.warnings.add("group_repeated", || {
                format!(
                    "{}, {place}: the group '{name}' is there twice, the same both times",
                    reader.file()
                )
            });
            return Ok(());
        }
        self.order.push(name.clone());
        let colour = colour.map(|(_, colour)| colour);
        self.by_name.insert(name, Group { facts, colour, place });
        Ok(())
    }

    /// Gives each class what its group says, and makes classes of groups that nothing is in. Returns how many classes
    /// have no group, and the first.
    pub(super) fn describe(&self, labels: &mut Labels, document: &mut Document) -> (u64, Option<String>) {
        for name in &self.order {
            labels.index(&mut document.labels, name);
        }
        let (mut count, mut first) = (0, None);
        for label in &mut document.labels {
            match self.by_name.get(&label.name) {
                Some(group) => label.facts.clone_from(&group.facts),
                None => {
                    count += 1;
                    first.get_or_insert_with(|| label.name.clone());
                }
            }
        }
        (count, first)
    }

    /// Whether a group has this colour.
    pub(super) fn has_colour(&self, name: &str, colour: &SourceValue) -> bool {
        let group = self.by_name.get(name);
        group.is_some_and(|group| group.colour.as_ref() == Some(colour))
    }
}

/// Reads `<Attributes>`: members with the attributes `Name` and `Value`, or any others.
pub(super) fn attributes(
    reader: &mut XmlReader<'_>,
    list: &Tag<'_>,
    facts: &mut SourceFacts,
    report: &mut LossReport,
) -> Result<(), XmlError> {
    keep_attributes(list, &[], facts);
    while let Some(child) = reader.child()? {
        match (child.get("Name"), child.get("Value")) {
            (Some(name), Some(value)) if !name.is_empty() => {
                crate::import::xml::insert(facts, &name, crate::import::xml::leaf_value(&name, &value));
                keep_attributes(&child, &["Name", "Value"], facts);
                reader.leave(reader.depth())?;
            }
            (_, _) => keep_member(reader, &child, facts, report)?,
        }
    }
    lose_text(reader, list, report);
    Ok(())
}
