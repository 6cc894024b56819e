//! Named rules that derive the agreed label of an annotation from its ratings. Derived labels are never stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::record;
use crate::id::{Code, LabelId};

use super::kinds::AnnotatorKind;

/// What `majority` and `weighted` give when two labels have equally many votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// No label.
    Undecided,
    /// The recorded label.
    Recorded,
}

/// A rule and its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "RuleWire", into = "RuleWire")]
pub enum Rule {
    /// The recorded label.
    #[default]
    AsRecorded,
    /// The label with the most ratings; each annotator's first opinion counts.
    Majority {
        /// Whose ratings count.
        kinds: Vec<AnnotatorKind>,
        /// What a tie gives.
        tie: Tie,
    },
    /// The first opinion of a person, by round, then code, then order.
    FirstHuman,
    /// What two primary annotators agree on, else what the third says. Each one's first opinion counts.
    Adjudicated {
        /// The two who look at everything.
        primary: [Code; 2],
        /// Who settles a difference.
        third: Code,
    },
    /// The label with the most weight; each annotator's first opinion counts with the annotator's weight.
    Weighted {
        /// Whose opinions count, and how much; at least 1 each.
        weights: BTreeMap<Code, u32>,
        /// So much weight has to have an opinion, or the label is undecided; at least 1.
        quorum: u32,
        /// What a tie gives.
        tie: Tie,
    },
}

/// A rule that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{name}' with these parameters is no rule; known are as-recorded, majority (kinds, tie), first-human, adjudicated (primary, third), \
     weighted (weights, quorum, tie)"
)]
pub struct RuleError {
    name: String,
}

record! {
    /// The stored form of a rule: its name and the parameters that it needs, no others.
    #[derive(Default)]
    struct RuleWire {
        kinds: Option<Vec<AnnotatorKind>> = optional,
        name: String,
        primary: Option<[Code; 2]> = optional,
        quorum: Option<u32> = optional,
        third: Option<Code> = optional,
        tie: Option<String> = optional,
        weights: Option<BTreeMap<Code, u32>> = optional,
    }
}

impl From<Rule> for RuleWire {
    fn from(rule: Rule) -> Self {
        let mut wire = Self {
            name: rule.name().to_owned(),
            ..Self::default()
        };
        match rule {
            Rule::AsRecorded | Rule::FirstHuman => {}
            Rule::Majority { kinds, tie } => {
                (wire.kinds, wire.tie) = (Some(kinds), Some(tie.as_str().to_owned()));
            }
            Rule::Adjudicated { primary, third } => {
                (wire.primary, wire.third) = (Some(primary), Some(third));
            }
            Rule::Weighted { weights, quorum, tie } => {
                (wire.weights, wire.quorum) = (Some(weights), Some(quorum));
                wire.tie = Some(tie.as_str().to_owned());
            }
        }
        wire
    }
}

impl TryFrom<RuleWire> for Rule {
    type Error = RuleError;

    fn try_from(wire: RuleWire) -> Result<Self, RuleError> {
        let plain = wire.extra.is_empty();
        let tie = match wire.tie.as_deref() {
            Some(text) => match Tie::parse(text) {
                Some(tie) => Some(tie),
                None => return Err(RuleError { name: wire.name }),
            },
            None => None,
        };
        let weighted = match (wire.weights, wire.quorum) {
            (Some(weights), Some(quorum)) => Some((weights, quorum)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(RuleError { name: wire.name }),
        };
        match (
            wire.name.as_str(),
            wire.kinds,
            tie,
            wire.primary,
            wire.third,
            weighted,
        ) {
            ("as-recorded", None, None, None, None, None) if plain => Ok(Self::AsRecorded),
            ("first-human", None, None, None, None, None) if plain => Ok(Self::FirstHuman),
            ("majority", Some(kinds), Some(tie), None, None, None) if plain => {
                Ok(Self::Majority { kinds, tie })
            }
            ("adjudicated", None, None, Some(primary), Some(third), None) if plain => {
                Ok(Self::Adjudicated { primary, third })
            }
            ("weighted", None, Some(tie), None, None, Some((weights, quorum)))
                if plain
                    && quorum > 0
                    && !weights.is_empty()
                    && weights.values().all(|weight| *weight > 0) =>
            {
                Ok(Self::Weighted { weights, quorum, tie })
            }
            _ => Err(RuleError { name: wire.name }),
        }
    }
}

impl Tie {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::Recorded => "recorded",
        }
    }

    /// Reads the word for it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "undecided" => Some(Self::Undecided),
            "recorded" => Some(Self::Recorded),
            _ => None,
        }
    }
}

/// One rating as a rule sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatingView<'a> {
    /// Who rates.
    pub annotator: &'a Code,
    /// Person, model or procedure.
    pub kind: AnnotatorKind,
    /// The pass over the material.
    pub round: u32,
    /// The label; `None` is *no opinion*.
    pub label: Option<LabelId>,
}

impl Rule {
    /// Returns the rule's name on the command line.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AsRecorded => "as-recorded",
            Self::Majority { .. } => "majority",
            Self::FirstHuman => "first-human",
            Self::Adjudicated { .. } => "adjudicated",
            Self::Weighted { .. } => "weighted",
        }
    }

    /// Derives the label; `None` is *undecided*. `ratings` are sorted by round, annotator and order, as their
    /// keys are.
    #[must_use]
    pub fn evaluate(&self, recorded: Option<LabelId>, ratings: &[RatingView<'_>]) -> Option<LabelId> {
        match self {
            Self::AsRecorded => recorded,
            Self::Majority { kinds, tie } => majority(kinds, *tie, recorded, ratings),
            Self::FirstHuman => ratings
                .iter()
                .filter(|rating| rating.kind == AnnotatorKind::Human)
                .find_map(|rating| rating.label),
            Self::Adjudicated {
                primary: [a, b],
                third,
            } => {
                let (first, second) = (first_opinion(a, ratings), first_opinion(b, ratings));
                if first.is_some() && first == second {
                    first
                } else {
                    first_opinion(third, ratings)
                }
            }
            Self::Weighted { weights, quorum, tie } => {
                let mut votes: BTreeMap<LabelId, u64> = BTreeMap::new();
                for (code, weight) in weights {
                    if let Some(label) = first_opinion(code, ratings) {
                        *votes.entry(label).or_default() += u64::from(*weight);
                    }
                }
                if votes.values().sum::<u64>() < u64::from(*quorum) {
                    return None;
                }
                most_voted(&votes, *tie, recorded)
            }
        }
    }
}

/// The first label that an annotator gave.
fn first_opinion(code: &Code, ratings: &[RatingView<'_>]) -> Option<LabelId> {
    ratings
        .iter()
        .filter(|rating| rating.annotator == code)
        .find_map(|rating| rating.label)
}

fn majority(
    kinds: &[AnnotatorKind],
    tie: Tie,
    recorded: Option<LabelId>,
    ratings: &[RatingView<'_>],
) -> Option<LabelId> {
    let mut opinions: BTreeMap<&Code, LabelId> = BTreeMap::new();
    for rating in ratings.iter().filter(|rating| kinds.contains(&rating.kind)) {
        if let Some(label) = rating.label {
            opinions.entry(rating.annotator).or_insert(label);
        }
    }
    let mut votes: BTreeMap<LabelId, u64> = BTreeMap::new();
    for label in opinions.values() {
        *votes.entry(*label).or_default() += 1;
    }
    most_voted(&votes, tie, recorded)
}

/// The label with the most votes, or what a tie gives.
fn most_voted(votes: &BTreeMap<LabelId, u64>, tie: Tie, recorded: Option<LabelId>) -> Option<LabelId> {
    let most = votes.values().copied().max()?;
    let mut winners = votes
        .iter()
        .filter(|(_, count)| **count == most)
        .map(|(label, _)| *label);
    match (winners.next(), winners.next(), tie) {
        (Some(winner), None, _) => Some(winner),
        (Some(_), Some(_), Tie::Recorded) => recorded,
        (Some(_), Some(_), Tie::Undecided) | (None, _, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        Code::parse(text).unwrap()
    }

    fn evaluate(
        rule: &Rule,
        recorded: Option<LabelId>,
        ratings: &[(&Code, AnnotatorKind, Option<LabelId>)],
    ) -> Option<LabelId> {
        let views: Vec<_> = ratings
            .iter()
            .map(|(annotator, kind, label)| RatingView {
                annotator,
                kind: *kind,
                round: 1,
                label: *label,
            })
            .collect();
        rule.evaluate(recorded, &views)
    }

    #[test]
    fn rules_derive_labels() {
        let (a, b) = (LabelId::of_name("a", 0), LabelId::of_name("b", 0));
        let (h1, h2, h3, m1) = (code("human-1"), code("human-2"), code("human-3"), code("model-1"));
        let (human, model) = (AnnotatorKind::Human, AnnotatorKind::Model);
        let majority = Rule::Majority {
            kinds: vec![human],
            tie: Tie::Undecided,
        };
        let split = [
            (&h1, human, Some(a)),
            (&h2, human, Some(b)),
            (&m1, model, Some(b)),
        ];
        assert_eq!(evaluate(&Rule::AsRecorded, Some(b), &split), Some(b));
        assert_eq!(
            evaluate(&majority, Some(b), &split),
            None,
            "a model has no vote here"
        );
        let recorded = Rule::Majority {
            kinds: vec![human],
            tie: Tie::Recorded,
        };
        assert_eq!(evaluate(&recorded, Some(b), &split), Some(b));
        let all = Rule::Majority {
            kinds: vec![human, model],
            tie: Tie::Undecided,
        };
        assert_eq!(evaluate(&all, None, &split), Some(b));
        assert_eq!(evaluate(&Rule::FirstHuman, None, &split), Some(a));
        let adjudicated = Rule::Adjudicated {
            primary: [h1.clone(), h2.clone()],
            third: h3.clone(),
        };
        assert_eq!(evaluate(&adjudicated, None, &split), None);
        let mut settled = split.to_vec();
        settled.push((&h3, human, Some(b)));
        assert_eq!(evaluate(&adjudicated, None, &settled), Some(b));
        assert_eq!(
            evaluate(
                &adjudicated,
                None,
                &[(&h1, human, Some(a)), (&h2, human, Some(a))]
            ),
            Some(a)
        );
    }

    #[test]
    fn the_first_opinion_of_one_who_rated_twice_counts() {
        let (a, b) = (LabelId::of_name("a", 0), LabelId::of_name("b", 0));
        let (h1, h2) = (code("human-1"), code("human-2"));
        let human = AnnotatorKind::Human;
        let majority = Rule::Majority {
            kinds: vec![human],
            tie: Tie::Undecided,
        };
        let ratings = [
            (&h1, human, None),
            (&h1, human, Some(a)),
            (&h1, human, Some(b)),
            (&h2, human, Some(a)),
        ];
        assert_eq!(evaluate(&majority, None, &ratings), Some(a));
        assert_eq!(evaluate(&Rule::FirstHuman, None, &ratings), Some(a));
    }

    #[test]
    fn weights_decide_with_a_quorum_and_a_tie() {
        let (a, b) = (LabelId::of_name("a", 0), LabelId::of_name("b", 0));
        let (h1, h2, h3, m1) = (code("human-1"), code("human-2"), code("human-3"), code("model-1"));
        let (human, model) = (AnnotatorKind::Human, AnnotatorKind::Model);
        let rule = |quorum, tie| Rule::Weighted {
            weights: BTreeMap::from([(h1.clone(), 3), (h2.clone(), 1), (m1.clone(), 2)]),
            quorum,
            tie,
        };
        let ratings = [
            (&h1, human, Some(a)),
            (&h2, human, Some(b)),
            (&h3, human, Some(b)),
            (&m1, model, Some(b)),
        ];
        let undecided = rule(1, Tie::Undecided);
        assert_eq!(
            evaluate(&undecided, Some(b), &ratings),
            None,
            "3 against 1 + 2; human-3 has no vote"
        );
        assert_eq!(evaluate(&rule(1, Tie::Recorded), Some(b), &ratings), Some(b));
        assert_eq!(evaluate(&undecided, None, &ratings[..2]), Some(a));
        assert_eq!(
            evaluate(&rule(4, Tie::Undecided), None, &ratings[..2]),
            Some(a),
            "the quorum is met"
        );
        assert_eq!(
            evaluate(&rule(5, Tie::Recorded), Some(b), &ratings[..2]),
            None,
            "below the quorum"
        );
        assert_eq!(evaluate(&undecided, Some(b), &[]), None);
        let text = serde_json::to_string(&undecided).unwrap();
        assert_eq!(
            text,
            r#"{"name":"weighted","quorum":1,"tie":"undecided","weights":{"human-1":3,"human-2":1,"model-1":2}}"#
        );
        assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), undecided);
        for bad in [
            r#"{"name":"weighted","quorum":0,"tie":"undecided","weights":{"human-1":1}}"#,
            r#"{"name":"weighted","quorum":1,"tie":"undecided","weights":{"human-1":0}}"#,
            r#"{"name":"weighted","quorum":1,"tie":"undecided","weights":{}}"#,
            r#"{"name":"weighted","quorum":1,"tie":"any","weights":{"human-1":1}}"#,
            r#"{"name":"weighted","tie":"undecided","weights":{"human-1":1}}"#,
        ] {
            assert!(serde_json::from_str::<Rule>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rules_are_stored_with_their_parameters() {
        let rule = Rule::Majority {
            kinds: vec![AnnotatorKind::Human],
            tie: Tie::Undecided,
        };
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(text, r#"{"kinds":["human"],"name":"majority","tie":"undecided"}"#);
        assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), rule);
        for bad in [
            r#"{"kinds":["human"],"name":"majority"}"#,
            r#"{"name":"as-recorded","tie":"undecided"}"#,
            r#"{"more":1,"name":"as-recorded"}"#,
            r#"["as-recorded"]"#,
        ] {
            assert!(serde_json::from_str::<Rule>(bad).is_err(), "{bad}");
        }
    }
}
