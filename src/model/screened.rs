//! Which labels a screening was for: a fact of the image, `screened_for.ANNOTATOR.ROUND`, with the ids of the labels between
//! spaces. Without it a screening was for all labels.
//!
//! The screening's own record has no place for it, and its format stays as it is: a reader that does not know the fact sees
//! a screening and a fact.

use std::collections::BTreeSet;

use crate::id::{Code, LabelId};

use super::facts::{FactValue, Facts};

/// All such facts begin with this.
pub const SCREENED_FOR: &str = "screened_for.";

/// Returns the name of the fact for what somebody screened in a round.
#[must_use]
pub fn screened_for_fact(annotator: &Code, round: u32) -> String {
    format!("{SCREENED_FOR}{annotator}.{round}")
}

/// Returns the value of the fact.
#[must_use]
pub fn screened_for_value(labels: &BTreeSet<LabelId>) -> FactValue {
    let ids: Vec<String> = labels.iter().map(ToString::to_string).collect();
    FactValue::from(ids.join(" ").as_str())
}

/// Returns the labels for which somebody screened an image in a round; `None` is all. What is no id of a label is passed
/// over: nobody searched for it.
#[must_use]
pub fn screened_for(image: &Facts, annotator: Option<&Code>, round: u32) -> Option<BTreeSet<LabelId>> {
    let value = image.get(&screened_for_fact(annotator?, round))?;
    let ids = value.as_text().unwrap_or_default().split(' ');
    Some(ids.filter_map(|id| LabelId::parse(id).ok()).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(names in proptest::collection::btree_set("[a-z]{1,6}", 0..5), round in 1_u32..9) {
            let labels: BTreeSet<LabelId> = names.iter().map(|name| LabelId::of_name(name, 0)).collect();
            let code = Code::parse("human-1.x").unwrap();
            let facts = Facts::from([(screened_for_fact(&code, round), screened_for_value(&labels))]);
            prop_assert_eq!(screened_for(&facts, Some(&code), round), Some(labels));
            prop_assert_eq!(screened_for(&facts, Some(&code), round + 1), None);
            prop_assert_eq!(screened_for(&facts, None, round), None);
        }
    }

    #[test]
    fn what_is_no_label_was_not_searched_for() {
        let code = Code::parse("human-1").unwrap();
        let facts = Facts::from([(screened_for_fact(&code, 1), FactValue::from("mitosis "))]);
        assert_eq!(screened_for(&facts, Some(&code), 1), Some(BTreeSet::new()));
    }
}
