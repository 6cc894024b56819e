//! Keeps what a reader does not understand as facts, privately where it can name a person.

use super::XmlError;
use super::number::number;
use super::reader::{Tag, XmlReader};
use super::tree::Element;
use crate::import::document::{PrivateTextKind, SourceFacts, SourceValue};
use crate::import::personal;
use crate::import::report::LossReport;

/// Whether an attribute says something of the document's form only.
fn is_namespace(name: &str) -> bool {
    name.starts_with("xmlns") || name.starts_with("xsi:")
}

/// Keeps the attributes of a tag beyond `known` that say something, under their names.
pub(crate) fn keep_attributes(tag: &Tag<'_>, known: &[&str], facts: &mut SourceFacts) {
    for (name, value) in tag.attributes() {
        if !is_namespace(name) && !known.contains(&name) && !value.is_empty() {
            insert(facts, name, leaf_value(name, &value));
        }
    }
}

/// Reads the member that `tag` opened, to its end, and keeps it under its name.
pub(crate) fn keep_member(
    reader: &mut XmlReader<'_>,
    tag: &Tag<'_>,
    facts: &mut SourceFacts,
    report: &mut LossReport,
) -> Result<(), XmlError> {
    match reader.member(tag)? {
        Some(member) => {
            let here = format!("{}, {}", reader.file(), member.place);
            if member.attributes.iter().any(|(name, _)| !is_namespace(name)) {
                add_nested(&member, facts, &here, report);
            } else {
                add_member(&member, facts, &here, report);
            }
        }
        None => report.losses.add("member_too_large", || {
            format!(
                "{}: <{}> is too large to be kept",
                reader.here(tag.offset),
                tag.name()
            )
        }),
    }
    Ok(())
}

/// Counts text that stands between the members of a list that has just ended.
pub(crate) fn lose_text(reader: &mut XmlReader<'_>, list: &Tag<'_>, report: &mut LossReport) {
    if !reader.take_text().text.is_empty() {
        report.losses.add("text_between_members", || {
            format!(
                "{}: the text between the members of <{}> is not kept",
                reader.here(list.offset),
                list.name()
            )
        });
    }
}

/// Keeps the members beyond `known`, and the element's own attributes, under their names.
pub(crate) fn add_others(
    element: &Element,
    known: &[&str],
    facts: &mut SourceFacts,
    here: &str,
    report: &mut LossReport,
) {
    for (name, value) in element.attributes.iter().filter(|(name, _)| !is_namespace(name)) {
        insert(facts, name, leaf_value(name, value));
    }
    for child in element
        .children
        .iter()
        .filter(|child| !known.contains(&child.name.as_str()))
    {
        add_member(child, facts, here, report);
    }
}

/// Keeps a member under its name.
fn add_member(member: &Element, facts: &mut SourceFacts, here: &str, report: &mut LossReport) {
    if !member.children.is_empty() {
        add_nested(member, facts, here, report);
    } else if !member.text.is_empty() {
        insert(facts, &member.name, leaf_value(&member.name, &member.text));
    }
}

/// Keeps a member with members of its own as one text: its structure is lost.
pub(crate) fn add_nested(element: &Element, facts: &mut SourceFacts, here: &str, report: &mut LossReport) {
    report.losses.add("structure_of_member", || {
        format!(
            "{here}: <{}> has members of its own; it is kept as a text only",
            element.name
        )
    });
    let (mut parts, mut is_private) = (Vec::new(), false);
    flatten(element, "", &mut parts, &mut is_private);
    if parts.is_empty() {
        return;
    }
    let text = parts.join("; ");
    let value = if is_private {
        personal::private(PrivateTextKind::FreeText, &text)
    } else {
        SourceValue::Text(text)
    };
    insert(facts, &element.name, value);
}

/// Collects `a.b=text` of each leaf and `a@b=value` of each attribute. A `<name>` in here is that of a part; the depth
/// is limited by the parser.
fn flatten(element: &Element, prefix: &str, parts: &mut Vec<String>, is_private: &mut bool) {
    let is_personal = |name: &str, text: &str| {
        matches!(personal::text_value(name, text), SourceValue::Private(_))
            && (name != "name" || element.name != "part")
    };
    let attributes = element.attributes.iter();
    for (name, value) in attributes.filter(|(name, value)| !is_namespace(name) && !value.is_empty()) {
        *is_private |= is_personal(name, value);
        parts.push(format!("{prefix}@{name}={value}"));
    }
    if prefix.is_empty() && !element.text.is_empty() {
        *is_private |= is_personal(&element.name, &element.text);
        parts.push(element.text.clone());
    }
    for child in &element.children {
        let path = format!("{prefix}{}", child.name);
        if !child.text.is_empty() {
            *is_private |= is_personal(&child.name, &child.text);
            parts.push(format!("{path}={}", child.text));
        }
        flatten(child, &format!("{path}."), parts, is_private);
    }
}

/// Reads a text as a number where the number says all of it; keeps it privately where it can name a person.
pub(crate) fn leaf_value(name: &str, text: &str) -> SourceValue {
    match personal::text_value(name, text) {
        SourceValue::Text(text) => match number(&text) {
            // Only where the number says all that the text says: not for 007.
            Ok(Some(value)) if value.to_string() == text => SourceValue::Number(value),
            Ok(_) | Err(_) => SourceValue::Text(text),
        },
        value @ (SourceValue::Number(_) | SourceValue::Flag(_) | SourceValue::Private(_)) => value,
    }
}

/// Adds a fact; a second one of the same name is `name_2`.
pub(crate) fn insert(facts: &mut SourceFacts, name: &str, value: SourceValue) {
    let key = |number: u64| {
        if number == 1 {
            name.to_owned()
        } else {
            format!("{name}_{number}")
        }
    };
    // Not one by one: a file can repeat a member a million times.
    let (mut taken, mut free) = (0, 1);
    while facts.contains_key(&key(free)) {
        (taken, free) = (free, free * 2);
    }
    while free - taken > 1 {
        let middle = u64::midpoint(taken, free);
        if facts.contains_key(&key(middle)) {
            taken = middle;
        } else {
            free = middle;
        }
    }
    facts.insert(key(free), value);
}
