//! Figures of agreement as SVG 1.1: a table of two annotators' labels, kappas with their intervals, and how often each one
//! gave which label over time. The same figures give the same bytes: sizes come from counts and lengths of names alone,
//! numbers have two decimals at most, and no time or font is asked for.

mod confusion;
mod kappas;
mod rates;
mod svg;

pub use confusion::confusion;
pub use kappas::{KappaRow, kappas};
pub use rates::{RatePanel, rates};

/// Colours that people with colour blindness can tell apart (M. Okabe, K. Ito, 2002), for labels in their order.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];

/// The colour of the n-th label; beyond the last they begin anew.
fn colour(n: usize) -> &'static str {
    COLOURS.get(n % COLOURS.len()).copied().unwrap_or("#000000")
}

#[cfg(test)]
mod tests;
