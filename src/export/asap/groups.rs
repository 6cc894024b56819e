//! The groups of a file: each with a colour, inner ones behind those that they lie in.

use std::collections::BTreeMap;

use super::NO_GROUP;

/// Colours of labels that have none, by their place in the scheme: told apart also by those who do not see all colours
/// (Okabe and Ito 2008).
const PALETTE: [&str; 8] = [
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999",
];

/// A label of the scheme.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AsapGroup<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its colour `#rrggbb`, where it has one.
    pub colour: Option<&'a str>,
    /// The label that it lies in, where there is one.
    pub outer: Option<&'a str>,
}

/// A group as it is written.
pub(super) struct Placed<'a> {
    pub(super) name: &'a str,
    pub(super) colour: &'a str,
    /// Whether the colour is the label's own.
    pub(super) has_colour: bool,
    pub(super) outer: Option<&'a str>,
}

/// Orders groups by how deep they lie, then as given, and returns how many outer ones cannot be said.
pub(super) fn placed<'a>(groups: &[AsapGroup<'a>]) -> (Vec<Placed<'a>>, u64) {
    let outer_of: BTreeMap<&str, Option<&str>> =
        groups.iter().map(|group| (group.name, group.outer)).collect();
    let mut lost = 0;
    let mut placed: Vec<(usize, Placed<'a>)> = Vec::new();
    let palette = PALETTE.iter().cycle();
    for (group, free) in groups.iter().zip(palette) {
        if group.name.is_empty() || group.name == NO_GROUP {
            continue;
        }
        let depth = depth_of(group, &outer_of);
        lost += u64::from(group.outer.is_some() && depth.is_none());
        placed.push((
            depth.unwrap_or(0),
            Placed {
                name: group.name,
                colour: group.colour.unwrap_or(free),
                has_colour: group.colour.is_some(),
                outer: group.outer.filter(|_| depth.is_some()),
            },
        ));
    }
    placed.sort_by_key(|(depth, _)| *depth);
    (placed.into_iter().map(|(_, group)| group).collect(), lost)
}

/// How many groups lie around one; `None` when one of them is no group, or they lie in each other.
fn depth_of(group: &AsapGroup<'_>, outer_of: &BTreeMap<&str, Option<&str>>) -> Option<usize> {
    let (mut depth, mut outer) = (0, group.outer);
    while let Some(name) = outer {
        depth += 1;
        if name == NO_GROUP || depth > outer_of.len() {
            return None;
        }
        outer = *outer_of.get(name)?;
    }
    Some(depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_groups_stand_behind_outer_ones_and_circles_are_cut() {
        let group = |name, outer| AsapGroup {
            name,
            colour: None,
            outer,
        };
        let (found, lost) = placed(&[
            group("a", Some("b")),
            group("b", Some("c")),
            group("c", None),
            group("d", Some("d")),
            group("e", Some("ghost")),
            group("None", None),
        ]);
        let found: Vec<(&str, Option<&str>, &str)> = found
            .iter()
            .map(|group| (group.name, group.outer, group.colour))
            .collect();
        let expected = [
            ("c", None, PALETTE[2]),
            ("d", None, PALETTE[3]),
            ("e", None, PALETTE[4]),
            ("b", Some("c"), PALETTE[1]),
            ("a", Some("b"), PALETTE[0]),
        ];
        assert_eq!((found.as_slice(), lost), (&expected[..], 2));
    }
}
