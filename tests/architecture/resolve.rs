//! Makes written paths absolute: relative ones from `crate`, imported names from where they came.

use crate::facts::{Facts, Reference};

/// How many imports of imports are followed.
const HOPS_MAX: usize = 4;

/// A path from `crate`, or from the name of an outside crate.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// Its segments; the last is `*` for a glob.
    pub(crate) segments: Vec<String>,
    /// Where it was written.
    pub(crate) line: usize,
    /// Whether only test builds compile it.
    pub(crate) in_test: bool,
}

impl Resolved {
    /// Says whether the path is in this crate.
    pub(crate) fn is_own(&self) -> bool {
        self.segments.first().is_some_and(|first| first == "crate")
    }

    /// Returns the path as text.
    pub(crate) fn text(&self) -> String {
        self.segments.join("::")
    }

    /// Says whether the path is `wanted`, goes through it, or is a glob that brings it in.
    pub(crate) fn reaches(&self, wanted: &[&str]) -> bool {
        if self.segments.len() >= wanted.len() && self.segments.iter().zip(wanted).all(|(a, b)| a == b) {
            return true;
        }
        let Some((last, before)) = self.segments.split_last() else {
            return false;
        };
        last == "*" && before.len() < wanted.len() && before.iter().zip(wanted).all(|(a, b)| a == b)
    }

    /// Says whether the path of an outside crate holds these segments next to each other.
    pub(crate) fn holds(&self, wanted: &[&str]) -> bool {
        !self.is_own()
            && self
                .segments
                .windows(wanted.len())
                .any(|window| window.iter().zip(wanted).all(|(a, b)| a == b))
    }
}

/// Returns every path of a file, absolute. A name that is imported twice gives a path for each.
pub(crate) fn resolve(facts: &Facts) -> Vec<Resolved> {
    let mut all = Vec::new();
    for reference in &facts.references {
        for segments in absolute(facts, reference, HOPS_MAX) {
            all.push(Resolved {
                segments,
                line: reference.line,
                in_test: reference.in_test,
            });
        }
    }
    all
}

fn absolute(facts: &Facts, reference: &Reference, hops: usize) -> Vec<Vec<String>> {
    let Some((first, rest)) = reference.segments.split_first() else {
        return Vec::new();
    };
    if reference.is_global || first == "crate" {
        return vec![reference.segments.clone()];
    }
    if first == "self" || first == "super" {
        return vec![from_scope(&reference.scope, &reference.segments)];
    }
    let imported = facts.imports.get(&(reference.scope.clone(), first.clone()));
    let Some(imported) = imported.filter(|_| hops > 0) else {
        return vec![reference.segments.clone()];
    };
    let mut all = Vec::new();
    for import in imported {
        if import.segments.first() == Some(first) {
            all.push(joined(&import.segments, rest));
            continue;
        }
        for target in absolute(facts, import, hops - 1) {
            all.push(joined(&target, rest));
        }
    }
    all
}

/// Walks `self` and `super` from a module.
fn from_scope(scope: &[String], segments: &[String]) -> Vec<String> {
    let mut path = scope.to_vec();
    for segment in segments {
        match segment.as_str() {
            "self" => {}
            // `crate` itself stays: to go above it is for the compiler to refuse.
            "super" => path.truncate(path.len().saturating_sub(1).max(1)),
            name => path.push(name.to_owned()),
        }
    }
    path
}

fn joined(start: &[String], rest: &[String]) -> Vec<String> {
    start.iter().chain(rest).cloned().collect()
}
