//! The places of a source file that mutants change.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::mutant::{Genre, Mutant, Place};

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The beginning of the body of a function.
    Body,
    /// The body of a function that gives some iterator, whose type no other iterator has.
    Iterator,
    /// The end of the pattern of an arm without a guard.
    Pattern,
    Guard,
    Expression,
}

/// A place and what may stand there.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) kind: Kind,
    /// The text that a switch takes the place of, empty for a body and a pattern.
    pub(crate) range: Range<usize>,
    /// The text that an error in the switch may be told of.
    pub(crate) scope: Range<usize>,
    /// Mutants by their number, and what stands there instead.
    pub(crate) instead: Vec<(usize, String)>,
}

/// What was found in a file.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) sites: Vec<Site>,
    /// Mutants that cannot be switched, since the compiler runs them.
    pub(crate) fixed: Vec<usize>,
    /// Mutants that do not compile: an arm is taken out where no other takes everything, or `let` stands beside `||`.
    pub(crate) unviable: Vec<usize>,
}

/// Finds where mutants of one file stand.
///
/// # Errors
/// When the file cannot be parsed, or a mutant has no place in it.
pub(crate) fn find(source: &str, mutants: &BTreeMap<usize, &Mutant>) -> Result<Found, String> {
    let file = syn::parse_file(source).map_err(|error| error.to_string())?;
    let mut finder = Finder {
        source,
        mutants,
        is_const: false,
        found: Found::default(),
    };
    finder.visit_file(&file);
    let mut found = finder.found;
    for (number, mutant) in mutants {
        let switched = found.sites.iter().flat_map(|site| &site.instead);
        let kept = found.fixed.iter().chain(&found.unviable);
        let times = switched.filter(|(other, _)| other == number).count()
            + kept.filter(|other| *other == number).count();
        if times != 1 {
            return Err(format!("{} stands {times} times in its file", mutant.name));
        }
    }
    // What holds another comes before it.
    found
        .sites
        .sort_by_key(|site| (site.range.start, site.kind, std::cmp::Reverse(site.range.end)));
    Ok(found)
}

struct Finder<'a> {
    source: &'a str,
    mutants: &'a BTreeMap<usize, &'a Mutant>,
    is_const: bool,
    found: Found,
}

fn place(at: proc_macro2::LineColumn) -> Place {
    (at.line as u64, at.column as u64 + 1)
}

/// Whether a chain of `&&` or `||` holds a `let`, which stands in no parentheses.
fn has_let(expression: &syn::Expr) -> bool {
    if let syn::Expr::Binary(binary) = expression {
        has_let(&binary.left) || has_let(&binary.right)
    } else {
        matches!(expression, syn::Expr::Let(_))
    }
}

/// Whether a function gives `impl Iterator`.
fn is_some_iterator(output: &syn::ReturnType) -> bool {
    let syn::ReturnType::Type(_, output) = output else {
        return false;
    };
    let syn::Type::ImplTrait(output) = output.as_ref() else {
        return false;
    };
    output.bounds.iter().any(|bound| {
        let syn::TypeParamBound::Trait(bound) = bound else {
            return false;
        };
        bound
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Iterator")
    })
}

impl Finder<'_> {
    /// The mutants of a kind from one place to another.
    fn mutants(&self, genre: Genre, from: Span, to: Span) -> Vec<(usize, &Mutant)> {
        let (start, end) = (place(from.start()), place(to.end()));
        let mutants = self.mutants.iter();
        mutants
            .filter(|(_, mutant)| mutant.genre == genre && mutant.start == start && mutant.end == end)
            .map(|(number, mutant)| (*number, *mutant))
            .collect()
    }

    fn add(&mut self, kind: Kind, range: Range<usize>, scope: Range<usize>, instead: Vec<(usize, String)>) {
        if self.is_const {
            self.found
                .fixed
                .extend(instead.into_iter().map(|(number, _)| number));
        } else if !instead.is_empty() {
            self.found.sites.push(Site {
                kind,
                range,
                scope,
                instead,
            });
        }
    }

    fn add_expression(&mut self, range: Range<usize>, instead: Vec<(usize, String)>) {
        self.add(Kind::Expression, range.clone(), range, instead);
    }

    /// The text of an expression where a part of it is something else.
    fn with(&self, whole: &Range<usize>, part: &Range<usize>, instead: &str) -> String {
        let (before, after) = (
            &self.source[whole.start..part.start],
            &self.source[part.end..whole.end],
        );
        format!("{before}{instead}{after}")
    }

    fn guard(&mut self, arm: &syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            let instead = self
                .mutants(Genre::MatchArmGuard, guard.span(), guard.span())
                .into_iter()
                .map(|(number, mutant)| (number, mutant.replacement.clone()))
                .collect();
            let range = guard.span().byte_range();
            self.add(Kind::Guard, range.clone(), range, instead);
        }
    }

    /// Visits what the compiler runs, or what is run only later, and then goes on as before.
    fn within(&mut self, is_const: bool, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.is_const, is_const);
        visit(self);
        self.is_const = outer;
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        if let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) {
            let mutants = self.mutants(Genre::FnValue, first.span(), last.span());
            let instead = mutants
                .into_iter()
                .map(|(number, mutant)| (number, mutant.replacement.clone()))
                .collect();
            let (start, end) = (first.span().byte_range().start, last.span().byte_range().end);
            if is_some_iterator(&signature.output) {
                self.add(Kind::Iterator, start..end, start..end, instead);
            } else {
                self.add(Kind::Body, start..start, start..end, instead);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.within(function.sig.constness.is_some(), |finder| {
            finder.function(&function.sig, &function.block);
            syn::visit::visit_item_fn(finder, function);
        });
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.within(function.sig.constness.is_some(), |finder| {
            finder.function(&function.sig, &function.block);
            syn::visit::visit_impl_item_fn(finder, function);
        });
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.within(true, |finder| syn::visit::visit_item_const(finder, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.within(true, |finder| syn::visit::visit_impl_item_const(finder, item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.within(true, |finder| syn::visit::visit_item_static(finder, item));
    }

    fn visit_type_array(&mut self, array: &'ast syn::TypeArray) {
        self.within(true, |finder| syn::visit::visit_type_array(finder, array));
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let (whole, operator) = (binary.span().byte_range(), binary.op.span().byte_range());
        let instead: Vec<(usize, String)> = self
            .mutants(Genre::BinaryOperator, binary.op.span(), binary.op.span())
            .into_iter()
            .map(|(number, mutant)| (number, self.with(&whole, &operator, &mutant.replacement)))
            .collect();
        if has_let(&binary.left) || has_let(&binary.right) {
            let unviable = instead.into_iter().map(|(number, _)| number);
            self.found.unviable.extend(unviable);
        } else {
            self.add_expression(whole, instead);
        }
        syn::visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let (whole, operator) = (unary.span().byte_range(), unary.op.span().byte_range());
        let instead = self
            .mutants(Genre::UnaryOperator, unary.op.span(), unary.op.span())
            .into_iter()
            .map(|(number, _)| (number, self.with(&whole, &operator, "")))
            .collect();
        self.add_expression(whole, instead);
        syn::visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_struct(&mut self, value: &'ast syn::ExprStruct) {
        let whole = value.span().byte_range();
        let mut instead = Vec::new();
        for field in value.fields.pairs() {
            let from = field.value().span();
            let to = field.punct().map_or(from, |comma| comma.span());
            let part = from.byte_range().start..to.byte_range().end;
            for (number, _) in self.mutants(Genre::StructField, from, to) {
                instead.push((number, self.with(&whole, &part, "")));
            }
        }
        self.add_expression(whole, instead);
        syn::visit::visit_expr_struct(self, value);
    }

    fn visit_expr_match(&mut self, expression: &'ast syn::ExprMatch) {
        let is_rest = |arm: &syn::Arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none();
        let has_rest = expression.arms.iter().any(is_rest);
        for arm in &expression.arms {
            self.guard(arm);
            let deleted = self.mutants(Genre::MatchArm, arm.span(), arm.span());
            let deleted: Vec<usize> = deleted.into_iter().map(|(number, _)| number).collect();
            if has_rest {
                let end = arm.pat.span().byte_range().end;
                let instead = deleted
                    .into_iter()
                    .map(|number| (number, String::new()))
                    .collect();
                self.add(Kind::Pattern, end..end, arm.span().byte_range(), instead);
            } else {
                self.found.unviable.extend(deleted);
            }
        }
        syn::visit::visit_expr_match(self, expression);
    }
}
