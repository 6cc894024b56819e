//! Puts mutants into the source of a file, each behind a switch.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::mutant::Mutant;
use crate::site::{Kind, Site, find};

/// A part of a planted source that mutants answer for.
#[derive(Debug)]
pub(crate) struct Blame {
    pub(crate) range: Range<usize>,
    pub(crate) mutants: Vec<usize>,
    /// Whether it is what stands there when the one mutant is switched on.
    pub(crate) is_mutant: bool,
}

/// A source with switches in it.
#[derive(Debug, Default)]
pub(crate) struct Planted {
    pub(crate) source: String,
    pub(crate) blames: Vec<Blame>,
    /// Mutants that cannot be switched.
    pub(crate) fixed: Vec<usize>,
    /// Mutants that do not compile.
    pub(crate) unviable: Vec<usize>,
}

impl Planted {
    /// The mutants that the smallest part around a place in the source is of.
    pub(crate) fn blame(&self, at: usize) -> Option<&Blame> {
        let around = self
            .blames
            .iter()
            .filter(|blame| blame.range.start <= at && at < blame.range.end);
        around.min_by_key(|blame| blame.range.len())
    }
}

/// Plants mutants of one file, but for those that are left out.
///
/// # Errors
/// When the file cannot be parsed, or a mutant has no place in it.
pub(crate) fn plant(
    source: &str,
    mutants: &BTreeMap<usize, &Mutant>,
    left_out: &BTreeSet<usize>,
) -> Result<Planted, String> {
    let mut found = find(source, mutants)?;
    for site in &mut found.sites {
        site.instead.retain(|(number, _)| !left_out.contains(number));
    }
    found.sites.retain(|site| !site.instead.is_empty());
    let mut planter = Planter {
        text: source,
        planted: Planted {
            fixed: found.fixed,
            unviable: found.unviable,
            ..Planted::default()
        },
        scopes: Vec::new(),
    };
    planter.render(0..source.len(), &found.sites);
    Ok(planter.planted)
}

struct Planter<'a> {
    text: &'a str,
    planted: Planted,
    /// Scopes that are longer than their site: where they end in the text, where they began in the planted source.
    scopes: Vec<(usize, usize, Vec<usize>)>,
}

fn is(number: usize) -> String {
    format!("crate::mutants::is({number})")
}

impl Planter<'_> {
    /// Writes a part of the text, with the sites in it.
    fn render(&mut self, part: Range<usize>, sites: &[Site]) {
        let mut at = part.start;
        let mut rest = sites;
        while let Some((site, after)) = rest.split_first() {
            self.copy(at..site.range.start);
            let inner = after
                .iter()
                .take_while(|inner| inner.range.start < site.range.end)
                .count();
            let (inside, behind) = after.split_at(inner);
            self.site(site, inside);
            at = site.range.end;
            rest = behind;
        }
        self.copy(at..part.end);
    }

    /// Copies text that holds no site.
    fn copy(&mut self, part: Range<usize>) {
        self.planted.source.push_str(&self.text[part.clone()]);
        let length = self.planted.source.len();
        self.scopes.retain(|(end, start, mutants)| {
            let is_over = *end <= part.end;
            if is_over {
                self.planted.blames.push(Blame {
                    range: *start..length + 1,
                    mutants: mutants.clone(),
                    is_mutant: false,
                });
            }
            !is_over
        });
    }

    fn write(&mut self, text: &str) {
        self.planted.source.push_str(text);
    }

    /// Writes what stands there when a mutant is on, between two pieces.
    fn instead(&mut self, before: &str, (number, text): &(usize, String), after: &str) {
        let start = self.planted.source.len();
        self.write(&format!("{before}{text}{after}"));
        self.planted.blames.push(Blame {
            range: start..self.planted.source.len(),
            mutants: vec![*number],
            is_mutant: true,
        });
    }

    fn site(&mut self, site: &Site, inside: &[Site]) {
        let start = self.planted.source.len();
        let mutants: Vec<usize> = site.instead.iter().map(|(number, _)| *number).collect();
        match site.kind {
            Kind::Body => {
                for instead in &site.instead {
                    self.instead(&format!("if {} {{ return ", is(instead.0)), instead, "; }\n");
                }
            }
            Kind::Iterator => {
                for instead in &site.instead {
                    let before = format!("if {} {{ return crate::mutants::instead(", is(instead.0));
                    self.instead(&before, instead, "); }\n");
                }
                self.write("crate::mutants::usual({ ");
                self.render(site.range.clone(), inside);
                self.write(" })");
            }
            Kind::Pattern => {
                let tests: Vec<String> = mutants.iter().map(|number| format!("!{}", is(*number))).collect();
                self.write(&format!(" if {}", tests.join(" && ")));
            }
            Kind::Guard | Kind::Expression => {
                self.write("(");
                for instead in &site.instead {
                    self.instead(&format!("if {} {{ ", is(instead.0)), instead, " } else ");
                }
                self.write("{ ");
                self.render(site.range.clone(), inside);
                self.write(" })");
            }
        }
        if site.scope.end > site.range.end {
            self.scopes.push((site.scope.end, start, mutants));
        } else {
            self.planted.blames.push(Blame {
                range: start..self.planted.source.len(),
                mutants,
                is_mutant: false,
            });
        }
    }
}
